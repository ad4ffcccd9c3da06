"""The risk core: decisions in, signed verdicts out; account statements in, risk reports out (RISK-1, RISK-2, RISK-3).

Exactly one VerdictBundle per close and one RiskReport per statement. Between two statements an entry is judged at the
newest mark prices too (RISK-5); only a statement moves the kill switch. The kill switch lives in the state, so a restart
finds it where it was. Whether a signal is stale, and which UTC day it is, the clock says, and no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from services.risk import alerts, funding, gate, kill_switch, orders, sizing, watching
from services.risk.application import application
from services.risk.approved import approved
from services.risk.barrier import PartitionBarrier, PartitionRuling
from services.risk.growth import GrowthRecord
from services.risk.overview import overview
from services.risk.settings import RiskSettings
from services.risk.state import RiskState
from shared.approval.commands import SEVERITY, CommandJudge
from shared.approval.signing import Signer
from shared.config.account import AccountSettings
from shared.core import Overview
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.control import Alert, ClockTick, Command, Control, MarkPrices
from shared.domain.decisions import Decision, DecisionBundle, Signal
from shared.domain.instruments import Instrument
from shared.domain.intents import Verdict, VerdictBundle
from shared.domain.listing import InstrumentList, closed
from shared.domain.message import Message

#: Said where CAUTION made an entry smaller.
HALVED: Final = "smaller by caution"
#: Said where a high funding rate, paid or received, did: one side of that market is crowded.
CROWDED: Final = "smaller by funding"
#: What a command means for the kill switch; the others are execution's affair.
_EVENTS: Final[dict[Command, kill_switch.Event]] = {"halt": "halt", "flatten": "halt", "rearm": "rearm"}


class RiskCore:
    """The account's one gate. Raises ValueError for fewer than one partition.

    sim: mode sim, in which what the exchange did not tell is no reason to refuse. armed: a core without a restored state
    begins NORMAL; else it is HALTED, because it cannot know what was lost, or held. real: a real exchange states the next
    funding payments and its symbols, and what is not known of them is refused.
    """

    def __init__(
        self,
        partitions: int,
        instruments: Mapping[str, Instrument],
        settings: RiskSettings,
        account: AccountSettings,
        signer: Signer,
        commands: CommandJudge,
        *,
        sim: bool,
        armed: bool,
        real: bool = False,
    ) -> None:
        if partitions < 1:
            raise ValueError(f"risk needs at least one partition, not {partitions}")
        self._instruments = dict(instruments)
        self._settings = settings
        self._account = account
        self._signer = signer
        self._commands = commands
        self._barrier = PartitionBarrier(
            partitions, deadline_ms=settings.deadline_ms, max_pending_closes=settings.max_pending_closes
        )
        self._sim = sim
        self._real = real
        self._state = RiskState(barrier=self._barrier.state)
        if not armed:
            self._state.kill_switch, self._state.reason, self._state.changes = "HALTED", alerts.NO_STATE, 1

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """What follows, and an alert behind it when the kill switch has moved."""
        outputs: list[Message] = self._advance(now)
        if isinstance(message, DecisionBundle):
            self._barrier.arrive(message, now)
            outputs += self._decide(self._barrier.due(now))
        elif isinstance(message, AccountStatement):
            outputs += self._report(message)
        elif isinstance(message, MarkPrices):
            self._state.mark(message.prices, self._settings)
        elif isinstance(message, InstrumentList):
            self._state.learn(message)
        elif isinstance(message, ClockTick):
            outputs += self._decide(self._barrier.due(now))
        elif isinstance(message, Control):
            outputs += self._obey(message)
        if not self._sim and (order := orders.due(self._state, self._signer)) is not None:  # in lock-step the bundle has it
            outputs.insert(0, order)
        if self._state.told != self._state.changes:
            self._state.told = self._state.changes
            state = self._state
            outputs.append(alerts.kill_switch(state.kill_switch, state.reason, state.changes, state.now))
        return outputs

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._state)

    def restore(self, data: bytes) -> None:
        self._state = msgspec.msgpack.decode(data, type=RiskState)
        self._barrier.state = self._state.barrier
        if self._state.equity.growth.version != GrowthRecord().version:
            self._state.equity.growth = GrowthRecord()  # figures only: no reason to refuse what limits rest on

    def overview(self) -> Overview:
        """Return what a person may see of the account's risk."""
        return {"risk": overview(self._state.at_marks, self._settings)}

    def turning_points(self) -> tuple[Decimal, ...] | None:
        """Return the equities, USDT, at which the switch could move; None = every statement matters (``risk.watching``)."""
        return watching.turning_points(self._state, self._settings)

    def untouched_by_midnight(self) -> bool:
        """Return whether a new UTC day changes nothing but times (``risk.watching``)."""
        return watching.untouched_by_midnight(self._state)

    def orders_nothing(self) -> bool:
        """Return whether a close without a signal leads to nothing (``risk.watching``)."""
        return watching.orders_nothing(self._state)

    # -- verdicts -----------------------------------------------------------------------------------------------------

    def _decide(self, rulings: Sequence[PartitionRuling]) -> list[Message]:
        messages: list[Message] = []
        for ruling in rulings:
            wishes = [
                (decision, decision.signal)
                for bundle in ruling.bundles
                for decision in bundle.decisions
                if decision.signal is not None
            ]
            wishes.sort(key=lambda wish: wish[0].symbol)
            verdicts = tuple([self._verdict(decision, signal, ruling.close_time) for decision, signal in wishes])
            order = orders.order(self._state, self._signer)
            messages.append(VerdictBundle(close_time=ruling.close_time, verdicts=verdicts, order=order))
            messages += [alerts.fat_finger(each, self._state.now) for each in verdicts if "fat_finger" in each.refusals]
            if ruling.absent:
                messages.append(alerts.incomplete(ruling.absent, ruling.close_time))
        return messages

    def _verdict(self, decision: Decision, signal: Signal, close_time: int) -> Verdict:
        state, settings = self._state, self._settings
        instrument = state.instruments.get(signal.symbol) or self._instruments.get(signal.symbol)
        closure = closed(state.closures, signal.symbol, state.now)
        size, notes = self._size(signal, instrument), () if closure is None else (closure.text,)
        checks = gate.worse(
            *(
                gate.judge(
                    application(signal, size, instrument, each, settings, self._account, sim=self._sim, real=self._real),
                    settings,
                )
                for each in ((state,) if state.marked is None else (state, state.at_marks))
            )
        )
        refusals = gate.refusals(checks)
        if size is not None:
            notes = (*self._smaller(signal), *size.notes, *notes)
        intent = approved(signal, size, close_time, state.now, settings) if size is not None and not refusals else None
        if intent is not None:
            state.approve(intent, settings, usual=sizing.CAPPED_BY_FIRST_TRADES not in notes)
        return Verdict(
            decision_id=decision.id,
            symbol=signal.symbol,
            intent=intent,
            signature=self._signer.sign(intent) if intent is not None else "",
            refusals=refusals,
            notes=notes,
            checks=checks,
        )

    def _size(self, signal: Signal, instrument: Instrument | None) -> sizing.Size | None:
        """The entry as sized; None without filters or account."""
        state, settings = self._state, self._settings
        if instrument is None or state.account is None:
            return None
        part = settings.caution_size if self._smaller(signal) else Decimal(1)
        held = state.notional(signal.symbol)
        cap = state.entry_cap.notional if state.entry_cap is not None else None
        equity = min(each.equity for each in (state.account, state.marked) if each is not None)
        return sizing.size(signal, instrument, equity, held, settings, self._account.leverage, part, cap)

    def _smaller(self, signal: Signal) -> tuple[str, ...]:
        """Why less than the whole is risked; empty = it is not. Two reasons make it no smaller than one."""
        state = self._state
        paid = funding.rate_paid(signal.side, state.next_fundings.get(signal.symbol), state.now)
        crowded = paid is not None and abs(paid) >= self._settings.max_funding
        caution = (HALVED,) if state.kill_switch == "CAUTION" else ()
        return (*caution, CROWDED) if crowded else caution

    # -- the account and the kill switch ------------------------------------------------------------------------------

    def _report(self, stated: AccountStatement) -> list[Message]:
        state = self._state
        if stated.time <= state.stated_until:
            return []
        state.take(stated, self._settings)
        told = self._judge()
        return [
            RiskReport(
                time=stated.time,
                kill_switch=state.kill_switch,
                reason=state.reason,
                equity=stated.account.equity,
                day_start_equity=state.equity.day_start,
                day_result=stated.account.equity - state.equity.day_start,
                trades_today=state.trades_today,
                open_positions=len(state.in_position),
            ),
            *told,
        ]

    def _advance(self, now: int) -> list[Message]:
        if not self._state.advance_to(now):
            return []
        self._pull("new_day", "a new UTC day began")
        return self._judge()

    def _judge(self) -> list[Message]:
        """Let the account's figures move the switch. An equity that cannot be believed halts; of its loss only the part that
        is explained is judged, by the drawdown.
        """
        state, equity = self._state, self._state.equity
        figures = state.figures(self._settings)
        if figures is None:
            return []
        found: tuple[kill_switch.Event, ...] = ("equity_jump",)
        if equity.suspect:
            fallen = equity.explained_drawdown.reaches(self._settings.max_drawdown)
            found = ("equity_jump", "drawdown") if fallen else found
        else:
            found = kill_switch.events(figures, self._settings, acknowledged=state.deep_loss_acknowledged)
        told: list[Message] = []
        for event in found:
            if event != "drawdown":
                if kill_switch.advance(state.kill_switch, event) != state.kill_switch:  # else nobody reads why
                    self._pull(event, alerts.why(event, figures, equity))
            elif not state.flattened:
                told.append(self._flatten(alerts.why(event, figures, equity)))
        if state.kill_switch == "FLATTEN" and state.flat:
            self._pull("flat", f"{state.reason}; nothing is held any more")
        return told

    def _flatten(self, reason: str) -> Alert:
        """Go to FLATTEN, and say so to people. ``orders`` has the order that execution obeys."""
        self._state.flattened = True
        self._pull("drawdown", reason)
        return alerts.flatten(reason, self._state.changes, self._state.now)

    def _obey(self, control: Control) -> list[Message]:
        state = self._state
        if control.command == "reset":
            return []
        fault = self._commands.judge(control, state.commands, state.now)
        if fault is not None:
            text = self._commands.note(fault, control, state.commands, state.now)
            key = f"command_refused.{fault}.{control.id}"
            return [Alert(severity=SEVERITY[fault], source="risk", key=key, text=text, time=state.now)] if text else []
        if not control.signature and not self._is_new(control.id):
            return []
        event = _EVENTS.get(control.command)
        if event is None:  # execution's affair
            return []
        changes = state.changes
        self._pull(event, f"{control.command} by {control.by}: {control.reason}")
        changed = state.changes != changes
        judged: list[Message] = []
        if changed and control.command == "rearm":
            state.acknowledge(self._settings)
            judged = self._judge()
        did = "is obeyed" if changed else "changed nothing"
        text = f"{control.command} by {control.by} {did}: the kill switch is {state.kill_switch} ({state.reason})"
        return [Alert(severity="info", source="risk", key=f"control.{control.id}", text=text, time=state.now), *judged]

    def _is_new(self, identity: str) -> bool:
        """Remember a service's halt; False if it was known."""
        controls = self._state.controls
        if identity in controls:
            return False
        controls.append(identity)
        del controls[: -self._settings.controls_remembered]
        return True

    def _pull(self, event: kill_switch.Event, reason: str) -> None:
        """Move the kill switch along its table; the reason stays with the state that it led to."""
        state = self._state
        after = kill_switch.advance(state.kill_switch, event)
        if after != state.kill_switch:
            state.kill_switch = after
            state.ordered = None
            state.reason = reason
            state.changes += 1
