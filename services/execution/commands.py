"""Obeys operators' commands: what they stop, end and close, and the answer to each (RISK-7). Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from services.execution.alerts import alert
from services.execution.inputs import Statement
from services.execution.news import NewsReader
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.plan import Plan
from services.execution.plans.rebuilt import taken_over
from services.execution.positions import LegPosition
from services.execution.requests import Effects, QueryAccount
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, Flattening, Halt, remember
from shared.approval.commands import SEVERITY, CommandJudge
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.control import Control

_ZERO: Final = Decimal(0)


class Commands:
    """Takes commands for one account. ``judge`` says which are obeyed."""

    def __init__(
        self,
        state: ExecutionState,
        registry: OrderRegistry,
        news: NewsReader,
        settings: ExecutionSettings,
        judge: CommandJudge,
    ) -> None:
        self._state = state
        self._registry = registry
        self._news = news
        self._settings = settings
        self._judge = judge
        self._commands: dict[str, Callable[[Control, int, Effects], str]] = {
            "halt": self._halt,
            "cancel": self._cancel,
            "flatten": self._flatten,
            "close": self._close,
            "rearm": self._rearm,
        }

    def obey(self, control: Control, now: int, effects: Effects) -> None:
        """Obey a command once and answer it by an alert with its id; refuse what the judge refuses.

        A service's halt, which has no signature, may come back from the bus after a re-arm; it acts once, too.
        """
        state = self._state
        if control.command not in self._commands:  # another's affair: the lane's, signals'
            return
        fault = self._judge.judge(control, state.commands, now)
        if fault is not None:
            text = self._judge.note(fault, control, state.commands, now)
            if text:
                effects.tell([alert(SEVERITY[fault], f"command_refused.{fault}.{control.id}", text, now)])
            return
        if not control.signature and not remember(state.controls, control.id, self._settings.controls_remembered):
            return
        did = self._commands[control.command](control, now, effects)
        text = shorten(f"{control.command} by {control.by}: {control.reason}; {did}", TEXT_LENGTH)
        effects.tell([alert("info", f"control.{control.id}", text, now)])

    def go_on(self, stated: Statement, now: int, effects: Effects) -> None:
        """Flatten goes on until a statement that was asked for after it shows a flat account."""
        state, under_way = self._state, self._state.flattening
        if under_way is None or stated.asked_at <= under_way.since:
            return
        self._end_all(under_way.id, None, now)
        if not state.plans and not any(leg.quantity for leg in stated.legs):
            state.flattening = None
            effects.tell([alert("info", f"control.{under_way.id}.flat", "flatten: every position is closed", now)])

    def flatten(self, identity: str, why: str, now: int, *, by_risk: bool = False) -> str:
        """Halt entries, and close everything until a statement shows a flat account; returns what that is, in words."""
        state, under_way = self._state, self._state.flattening
        if state.halted is None:
            state.halted = Halt(code=0, why=why, since=now)
        closing = self._end_all(identity, None, now)
        by_risk = by_risk or (under_way is not None and under_way.by_risk)
        state.flattening = Flattening(id=identity, since=now, by_risk=by_risk)
        return f"entries are halted until `ict rearm`; closed at the market: {closing or 'nothing is held'}"

    # -- the commands -------------------------------------------------------------------------------------------------

    def _halt(self, control: Control, now: int, effects: Effects) -> str:
        state = self._state
        if state.halted is not None:
            return f"entries were halted already ({state.halted.why})"
        state.halted = Halt(code=0, why=f"{control.by}: {control.reason}", since=now)
        return "entries are halted until `ict rearm`; what is held stays protected"

    def _cancel(self, control: Control, now: int, effects: Effects) -> str:
        ended = [plan.symbol for plan in self._state.plans.values() if self._enters(plan)]
        for plan in self._state.plans.values():
            plan.unwanted = True
        return f"entries that are cancelled: {', '.join(sorted(ended)) or 'none rests or waits'}"

    def _flatten(self, control: Control, now: int, effects: Effects) -> str:
        effects.ask(QueryAccount())  # what is known may be some seconds old
        return self.flatten(control.id, f"{control.by}: {control.reason}", now)

    def _close(self, control: Control, now: int, effects: Effects) -> str:
        closing = self._end_all(control.id, control.symbol, now)
        effects.ask(QueryAccount())
        return f"closed at the market: {closing or f'nothing is held in {control.symbol}'}"

    def _rearm(self, control: Control, now: int, effects: Effects) -> str:
        state = self._state
        if state.flattening is not None and state.flattening.by_risk:
            return "entries stay halted: risk has everything closed (FLATTEN), and that has not ended"
        thawed = ", ".join(sorted(state.frozen)) or "none"
        if state.halted is not None:  # its echo may still be on its way
            remember(state.controls, state.halted.announced_as, self._settings.controls_remembered)
        state.halted = state.flattening = None
        state.frozen.clear()
        return f"symbols thawed: {thawed}"

    # -- inside -------------------------------------------------------------------------------------------------------

    def _end_all(self, command: str, symbol: str | None, now: int) -> str:
        """Want every trade and everything foreign closed, in one symbol or in all; returns what that is, in words.

        What others hold is taken over by a trade of ours, which closes it as its own: reduce-only, again after a refusal.
        """
        state = self._state
        for position in list(state.positions.values()):
            if position.foreign_in_leg and symbol in (None, position.symbol):
                self._take_over(position, command, now)
        closing = []
        for plan in state.plans.values():
            if symbol not in (None, plan.symbol):
                continue
            plan.unwanted = True
            plan.exit_wanted = plan.exit_wanted or "command"
            remaining = plan.remaining(state.orders)
            if remaining:
                closing.append(f"{plan.symbol} {plan.sign * remaining:+f}")
        return ", ".join(sorted(closing))

    def _take_over(self, position: LegPosition, command: str, now: int) -> None:
        state, plan = self._state, self._state.plans.get(position.key)
        if plan is not None and plan.sign * position.foreign < 0:
            if plan.remaining(state.orders) > 0:
                return  # the leg holds our side; the next statement evens this out
            self._news.put_aside(plan, now)
            plan = None
        if plan is None:
            state.plans[position.key] = taken_over(position, command, self._registry, now)
        else:
            plan.taken -= abs(position.foreign)
        position.foreign = _ZERO

    def _enters(self, plan: Plan) -> bool:
        return any(not order.over for order in plan.of(self._state.orders, "entry"))
