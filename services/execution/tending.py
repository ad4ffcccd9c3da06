"""Moves a trade along its table as far as its orders, its position and the clock say, and asks for what it then needs.

Pure.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from services.execution.alerts import alert
from services.execution.entry_ends import end_entry, why_ended
from services.execution.freezing import unprotectable
from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans import ladder
from services.execution.plans.plan import Plan, PlanEvent
from services.execution.positions import LegPosition
from services.execution.protection import Protection
from services.execution.requests import Effects, QueryExecutions
from services.execution.sending import Sender
from services.execution.settings import LONGEST_PAUSE_MS, ExecutionSettings
from services.execution.state import ExecutionState, leg_key
from services.execution.telling import order_event
from shared.domain.instruments import Instrument

_ZERO: Final = Decimal(0)
_EXACT: Final = Context(prec=40)
#: Orders of one purpose that a living trade remembers at least.
_EXITS_REMEMBERED: Final = 32
#: Fills are asked for from a little before their order was sent on: our reading of the exchange's clock may be fast.
_OVERLAP_MS: Final = 5_000
#: So many stops in a row, each gone within ``naked_ms`` of standing, are no person who changes his mind: whoever takes them
#: away leaves the position naked.
_TAKEN_AWAY: Final = 3


class Tender:
    """Tends the trades of one account. ``validity_ms``: how long the exchange takes a signed request."""

    def __init__(
        self, state: ExecutionState, registry: OrderRegistry, settings: ExecutionSettings, sender: Sender, validity_ms: int
    ) -> None:
        self._state = state
        self._registry = registry
        self._settings = settings
        self._sender = sender
        self._protection = Protection(state, settings, sender)
        self._validity_ms = validity_ms

    def tend(self, plan: Plan, instrument: Instrument | None, now: int, effects: Effects) -> None:
        """Bring one trade to where it should be at ``now``."""
        end_entry(plan, self._state, self._sender, now, effects)
        while (event := self._event(plan, now, effects)) is not None:
            plan.move(event)
            self._moved(plan, event, now, effects)
        if not plan.live:
            self._over(plan)
            return
        self._judge_risk(plan, instrument, now, effects)
        self._break_even(plan, instrument)
        position = self._state.leg(plan.symbol, plan.intent.leg)
        for request in self._protection.due(plan, position, instrument, now):
            effects.ask(request)
        self.query_doubts(plan.of(self._state.orders), now, effects)
        self._query_missing_fills(plan, position, now, effects)
        self._forget_dead_exits(plan, now)

    # -- the table ----------------------------------------------------------------------------------------------------

    def _event(self, plan: Plan, now: int, effects: Effects) -> PlanEvent | None:
        """What has happened to the trade that its state does not show yet; None when it shows everything."""
        orders = self._state.orders
        entries = plan.of(orders, "entry")
        if plan.state in ("entering", "failed", "closed"):
            if plan.remaining(orders) > 0 or (plan.state == "entering" and plan.entered(orders) > 0):
                return "entry_filled"
            return "entry_failed" if plan.state == "entering" and all(order.over for order in entries) else None
        remaining = plan.remaining(orders)
        if plan.state in ("protecting", "open"):
            if remaining == 0:
                return "flat"
            accepted = self._protection.accepted(plan, now)
            self._look_at_the_clock(plan, accepted, now, effects)
            if plan.exit_wanted:
                return "close_wanted"
            if plan.state == "protecting":
                return "stop_accepted" if accepted else None
            return None if accepted else "stop_lost"
        return "settled" if remaining == 0 and self._settled(plan, now) else None

    def _look_at_the_clock(self, plan: Plan, accepted: bool, now: int, effects: Effects) -> None:
        if plan.exit_wanted:
            return
        if plan.intent.close_by and now >= plan.intent.close_by:
            plan.exit_wanted = "time"
        elif plan.state == "protecting" and not accepted and now - plan.naked_since >= self._settings.naked_ms:
            why = f"no stop was accepted there within {self._settings.naked_ms} ms"
            unprotectable(self._state, plan, why, now, effects)

    def _settled(self, plan: Plan, now: int) -> bool:
        """No order of the trade lives but a stop that it leaves, and its fills have all arrived or are given up."""
        position = self._state.leg(plan.symbol, plan.intent.leg)
        orders = [each for each in plan.of(self._state.orders) if not self._protection.stays(plan, each, position)]
        if not all(order.over for order in orders):
            return False
        missing = plan.missing_fills(self._state.orders)
        if not missing:
            return True
        plan.closed_at = plan.closed_at or now
        if now - max(order.ended_at for order in orders) >= self._settings.write_off_ms:
            plan.unaccounted = True
        return plan.unaccounted

    def _moved(self, plan: Plan, event: PlanEvent, now: int, effects: Effects) -> None:
        symbol, key = plan.symbol, f"{event}.{plan.id}.{now}"
        if event == "entry_filled" and not plan.counted:
            plan.counted = True
            self._state.trades_opened += 1
        if event in ("entry_filled", "stop_lost"):
            plan.naked_since = self._gone(plan, now) if event == "stop_lost" else now
            plan.exit_reason = ""
        elif event == "stop_accepted":
            plan.naked_since, plan.accepted_at = 0, now
            plan.refusals.pop("stop", None)
            self._state.passed.pop(plan.symbol, None)
        if event == "entry_failed":
            entry = plan.of(self._state.orders, "entry")[-1]
            text = f"{symbol}: the entry was {entry.status}{why_ended(entry)}; nothing was traded"
            effects.tell([alert("warning", key, text, now)])
        elif event == "stop_lost":
            text = f"{symbol}: the stop is gone while the position is held; it is placed anew"
            effects.tell([alert("warning", key, text, now)])
        elif event == "close_wanted" and plan.exit_wanted == "flatten":
            remaining = plan.remaining(self._state.orders)
            text = f"{symbol}: no stop stands at {plan.stop}; {remaining} is closed at the market"
            effects.tell([alert("critical", key, text, now)])

    def _gone(self, plan: Plan, now: int) -> int:
        """Since when the trade counts as naked now that its stop is gone: stops that stand for moments protect nothing."""
        in_a_row = now - plan.accepted_at < self._settings.naked_ms
        if not in_a_row or not plan.taken_away:
            plan.taken_away, plan.first_gone_at = 0, now
        plan.taken_away += 1
        return plan.first_gone_at if plan.taken_away >= _TAKEN_AWAY else now

    def _over(self, plan: Plan) -> None:
        """Put a trade that is over aside; a fill of its entry may still come."""
        state, settings = self._state, self._settings
        beyond = plan.net(state.orders)
        if beyond < 0:  # its exits closed something of others beside it
            state.leg(plan.symbol, plan.intent.leg).foreign += plan.sign * beyond
            plan.taken += beyond
        state.plans.pop(leg_key(plan.symbol, plan.intent.leg), None)
        state.past.pop(plan.id, None)
        state.past[plan.id] = plan
        if plan.state == "closed":
            state.closed.append(plan.report(state.orders))
        while state.past and (len(state.past) > settings.trades_remembered or len(state.orders) > settings.ids_remembered):
            oldest = state.past.pop(next(iter(state.past)))
            for order in oldest.of(state.orders):
                if order.over:
                    self._registry.forget(order)

    def _forget_dead_exits(self, plan: Plan, now: int) -> None:
        """Forget old exits of a trade that goes on for long: those that never traded."""
        for mine in plan.orders.values():
            while len(mine) > _EXITS_REMEMBERED:
                order = self._state.orders.get(mine[0])
                if order is not None:
                    if not order.over or order.done or now - order.ended_at < self._settings.write_off_ms:
                        break
                    self._registry.forget(order)
                del mine[0]

    # -- what it needs ------------------------------------------------------------------------------------------------

    def _judge_risk(self, plan: Plan, instrument: Instrument | None, now: int, effects: Effects) -> None:
        """Once the entry is over: reduce to the budget what filled worse than was reckoned."""
        orders, budget = self._state.orders, plan.intent.risk_budget
        if plan.judged or plan.state not in ("protecting", "open") or budget <= 0 or not plan.entry_executed:
            return
        if not all(order.over and order.executed >= order.filled for order in plan.of(orders, "entry")):
            return
        plan.judged = True
        entry = plan.entry_price
        stop = plan.wanted_stop
        distance = plan.sign * (entry - stop)
        one = max(_ZERO, distance) + self._settings.taker_fee * (entry + stop)
        remaining = plan.remaining(orders)
        if one <= 0 or one * remaining <= budget * (1 + self._settings.risk_tolerance):
            return
        excess = remaining - _EXACT.divide(budget, one)
        plan.cut = excess if instrument is None else min(remaining, instrument.covering(excess))
        if instrument is not None and 0 < remaining - plan.cut < instrument.min_quantity:
            plan.cut = remaining
        text = (
            f"{plan.symbol}: filled at {entry:f}, the trade would lose {one * remaining:.2f} USDT at its stop; "
            f"its budget is {budget:.2f}: {plan.cut} is taken off"
        )
        effects.tell([alert("warning", f"over_budget.{plan.id}", text, now)])

    def _break_even(self, plan: Plan, instrument: Instrument | None) -> None:
        """Move the stop to the entry price when enough rungs have filled; it only ever comes nearer."""
        after = plan.intent.break_even_after
        if (
            not after
            or plan.state != "open"
            or not plan.entry_executed
            or ladder.filled_rungs(plan, self._state.orders, instrument) < after
        ):
            return
        price = plan.entry_price if instrument is None else instrument.stop(plan.entry_price, plan.intent.side)
        plan.move_stop(price)

    # -- doubts -------------------------------------------------------------------------------------------------------

    def query_doubts(self, orders: list[LiveOrder], now: int, effects: Effects) -> None:
        """Ask again and again what became of an order of which it is not known (invariant 7)."""
        settings = self._settings
        for order in orders:
            lost = order.status == "SENT" and now - order.signed_at > self._validity_ms + settings.doubt_margin_ms
            ends_at_once = order.purpose == "close" or order.request.time_in_force == "IOC"
            stuck = order.resting and ends_at_once and now - order.signed_at > settings.overtake_ms
            gone = order.triggered_at and order.resting and now - order.triggered_at > settings.overtake_ms
            if order.over or not (order.status == "IN_DOUBT" or lost or stuck or gone or order.check or order.querying):
                continue
            if self._given_up(order, now, effects):
                continue
            pause = settings.query_ms * 2 ** min(order.queries, 4)
            if order.purpose in ("stop", "bridge"):
                pause = min(pause, LONGEST_PAUSE_MS)  # what is held may be bare
            if order.querying:
                pause = max(pause, settings.overtake_ms)
            if not order.query_at or now - order.query_at >= pause:
                effects.ask(self._sender.query(order, now))

    def _given_up(self, order: LiveOrder, now: int, effects: Effects) -> bool:
        """End an order of which no query says anything, when listings do not show it and no execution is of it.

        It never arrived, or is gone without news of it. Without an answer about executions nothing is concluded.
        """
        settings, request = self._settings, order.request
        # Another stop is harmless where one stands (-4130), and without it what is held may be bare.
        margin = settings.doubt_margin_ms if order.purpose == "stop" else settings.write_off_ms
        known_until = order.known_until(self._validity_ms) + margin
        if len(order.unlisted) < settings.write_off_statements or order.unlisted[0] <= known_until:
            return False
        position = self._state.leg(request.symbol, request.position_side)
        if position.answered_at < order.unlisted[0]:  # it may have traded since
            if now - position.asked_at >= settings.query_every_ms:
                position.asked_at = now
                effects.ask(QueryExecutions(request.symbol, max(0, order.signed_at - _OVERLAP_MS)))
            return False
        if order.executed < order.filled or not order.end("LOST", now, 0, "no listing and no execution shows it"):
            return False
        effects.tell([order_event(None, order, "ours", None)])
        return True

    def _query_missing_fills(self, plan: Plan, position: LegPosition, now: int, effects: Effects) -> None:
        """Ask for fills that an order's own status counts, and that have not come."""
        settings = self._settings
        missing = [order for order in plan.missing_fills(self._state.orders) if now - order.updated_at >= settings.hold_ms]
        if missing and now - position.asked_at >= settings.query_every_ms:
            position.asked_at = now
            effects.ask(QueryExecutions(plan.symbol, max(0, min(order.signed_at for order in missing) - _OVERLAP_MS)))
