"""The risk core: decisions in, signed verdicts out; account statements in, risk reports out (RISK-1, RISK-2, RISK-3).

Exactly one VerdictBundle per close and one RiskReport per statement. The kill switch lives in the state, so a restart
finds it where it was. Whether a signal is stale, and which UTC day it is, the clock says, and no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from services.risk import gate, kill_switch, sizing
from services.risk.barrier import PartitionBarrier, PartitionRuling
from services.risk.settings import RiskSettings
from services.risk.state import RiskState
from shared.approval.commands import SEVERITY, CommandJudge
from shared.approval.signing import Signer
from shared.config.account import AccountSettings
from shared.domain.account import AccountStatement, KillSwitch, RiskReport
from shared.domain.control import Alert, ClockTick, Command, Control, Severity
from shared.domain.decisions import Decision, DecisionBundle, LimitEntry, Signal
from shared.domain.ids import derive
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, Refusal, Verdict, VerdictBundle
from shared.domain.listing import InstrumentList, closed
from shared.domain.message import Message

_SEVERITY: dict[KillSwitch, Severity] = {"NORMAL": "info", "DAY_HALT": "warning", "HALTED": "critical"}
#: What a command means for the kill switch; the others are execution's affair.
_EVENTS: Final[dict[Command, kill_switch.Event]] = {"halt": "halt", "flatten": "halt", "rearm": "rearm"}


class RiskCore:
    """The account's one gate. Raises ValueError for fewer than one partition."""

    def __init__(
        self,
        partitions: int,
        instruments: Mapping[str, Instrument],
        settings: RiskSettings,
        account: AccountSettings,
        signer: Signer,
        commands: CommandJudge,
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
        self._state = RiskState(barrier=self._barrier.state)

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """What follows, and an alert behind it when the kill switch has moved."""
        changes = self._state.changes
        outputs: list[Message] = []
        self._advance(now)
        if isinstance(message, DecisionBundle):
            self._barrier.arrive(message, now)
            outputs = self._decide(self._barrier.due(now))
        elif isinstance(message, AccountStatement):
            outputs = self._report(message)
        elif isinstance(message, InstrumentList):
            self._state.learn(message)
        elif isinstance(message, ClockTick):
            outputs = self._decide(self._barrier.due(now))
        elif isinstance(message, Control):
            outputs = self._obey(message)
        if self._state.changes != changes:
            outputs.append(self._kill_switch_alert())
        return outputs

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._state)

    def restore(self, data: bytes) -> None:
        self._state = msgspec.msgpack.decode(data, type=RiskState)
        self._barrier.state = self._state.barrier

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
            messages.append(VerdictBundle(close_time=ruling.close_time, verdicts=verdicts))
            if ruling.absent:
                messages.append(self._incomplete(ruling))
        return messages

    def _verdict(self, decision: Decision, signal: Signal, close_time: int) -> Verdict:
        state, settings = self._state, self._settings
        instrument = state.instruments.get(signal.symbol) or self._instruments.get(signal.symbol)
        closure = closed(state.closures, signal.symbol, state.now)
        application = gate.Application(
            symbol=signal.symbol,
            valid_until=signal.valid_until,
            now=state.now,
            kill_switch=state.kill_switch,
            day_limit_reached=self._loss_event() is not None,
            trades_today=state.trades_today,
            occupied=state.occupied,
            account_known=state.account is not None,
            instrument_known=instrument is not None,
            closed=closure is not None,
        )
        notes = (closure.text,) if closure is not None else ()
        refusals: tuple[Refusal, ...] = gate.refusals(application, settings)
        if instrument is None or state.account is None:
            return Verdict(decision_id=decision.id, symbol=signal.symbol, refusals=refusals, notes=notes)
        held = state.notional(signal.symbol)
        size = sizing.size(signal, instrument, state.account.equity, held, settings, self._account.leverage)
        if size.quantity == 0:
            refusals = (*refusals, "below_minimum")
        if refusals:
            notes = (*size.notes, *notes)
            return Verdict(decision_id=decision.id, symbol=signal.symbol, refusals=refusals, notes=notes)
        intent = self._intent(signal, size, close_time)
        state.approve(intent)
        return Verdict(
            decision_id=decision.id,
            symbol=signal.symbol,
            intent=intent,
            signature=self._signer.sign(intent),
            notes=size.notes,
        )

    def _intent(self, signal: Signal, size: sizing.Size, close_time: int) -> OrderIntent:
        now, limit = self._state.now, signal.entry if isinstance(signal.entry, LimitEntry) else None
        valid_until = min(signal.valid_until, now + self._settings.entry_validity_ms)
        return OrderIntent(
            id=derive("intent", signal.id),
            signal_id=signal.id,
            symbol=signal.symbol,
            side=signal.side,
            strategy=signal.strategy,
            kind="market" if limit is None else "limit",
            quantity=size.quantity,
            price=size.price,
            bound=size.bound,
            stop=size.stop,
            exits=size.exits,
            close_time=close_time,
            decided_at=now,
            valid_until=valid_until if limit is None else min(valid_until, limit.rests_until),
            rests_until=0 if limit is None else limit.rests_until,
            break_even_after=signal.break_even_after,
            close_by=signal.close_by,
            risk_amount=size.risk_amount,
            risk_budget=size.risk_budget,
        )

    def _incomplete(self, ruling: PartitionRuling) -> Alert:
        absent = ", ".join(str(partition) for partition in ruling.absent)
        return Alert(
            severity="warning",
            source="risk",
            key="decisions_incomplete",
            text=f"No decisions of partition {absent} for the close {ruling.close_time}; what they wished is not traded.",
            time=ruling.close_time,
        )

    # -- the account and the kill switch ------------------------------------------------------------------------------

    def _report(self, stated: AccountStatement) -> list[Message]:
        state = self._state
        if stated.time <= state.stated_until:
            return []
        state.take(stated)
        self._judge_loss()
        assert state.day_start_equity is not None
        return [
            RiskReport(
                time=stated.time,
                kill_switch=state.kill_switch,
                reason=state.reason,
                equity=stated.account.equity,
                day_start_equity=state.day_start_equity,
                day_result=stated.account.equity - state.day_start_equity,
                trades_today=state.trades_today,
                open_positions=len(state.in_position),
            )
        ]

    def _advance(self, now: int) -> None:
        if self._state.advance_to(now):
            self._pull("new_day", "a new UTC day began")

    def _loss_event(self) -> kill_switch.Event | None:
        state = self._state
        if state.account is None or state.day_start_equity is None:
            return None
        return kill_switch.loss_event(state.day_start_equity, state.account.equity, self._settings)

    def _judge_loss(self) -> None:
        event = self._loss_event()
        if event == "deep_loss" and self._state.deep_loss_acknowledged:
            event = "daily_loss"
        if event is not None:
            account, day_start = self._state.account, self._state.day_start_equity
            assert account is not None
            self._pull(event, f"equity {account.equity} USDT against {day_start} USDT at the start of the UTC day")

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
        if changed and control.command == "rearm":
            state.deep_loss_acknowledged = self._loss_event() == "deep_loss"
            self._judge_loss()
        did = "is obeyed" if changed else "changed nothing"
        text = f"{control.command} by {control.by} {did}: the kill switch is {state.kill_switch} ({state.reason})"
        return [Alert(severity="info", source="risk", key=f"control.{control.id}", text=text, time=state.now)]

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
            state.reason = reason
            state.changes += 1

    def _kill_switch_alert(self) -> Alert:
        state = self._state
        return Alert(
            severity=_SEVERITY[state.kill_switch],
            source="risk",
            key=f"kill_switch.{state.changes}",
            text=f"The kill switch is {state.kill_switch}: {state.reason}",
            time=state.now,
        )
