"""Protection is a wanted state: which exits a trade should have now, against those that it has (EXEC-3, invariant 4). Pure.

The leg's one stop closes the whole position, so a partly filled entry is covered, and what fills later too. Rungs of the
ladder are conditional, by quantity. To move the stop, a bridge by quantity stands while it is replaced: the exchange
takes only one order that closes the position on a side. A position for which no stop is accepted in time is closed at
the market.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.plans import ladder
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from services.execution.requests import Request
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from shared.domain.instruments import Instrument

_ZERO: Final = Decimal(0)


class Protection:
    """Compares wanted exits with live ones. ``due`` counts what it returns as sent."""

    def __init__(self, state: ExecutionState, settings: ExecutionSettings, sender: Sender) -> None:
        self._state = state
        self._settings = settings
        self._sender = sender

    def accepted(self, plan: Plan, now: int) -> bool:
        """True while the exchange holds the trade's stop for the whole position, or a bridge for what is held."""
        orders = self._state.orders
        if any(self._stands(order, now) and order.client_id not in plan.kept for order in plan.of(orders, "stop")):
            return True
        bridges = plan.of(orders, "bridge")
        remaining = plan.remaining(orders) if bridges else _ZERO
        return any(self._stands(order, now) and order.left >= remaining for order in bridges)

    def due(self, plan: Plan, position: LegPosition, instrument: Instrument | None, now: int) -> list[Request]:
        """Return the requests that the trade's exits need now, in the order in which they should leave."""
        if plan.state in ("protecting", "open"):
            return [
                *self._stop(plan, position, instrument, now),
                *self._cut(plan, instrument, now),
                *self._rungs(plan, instrument, now),
            ]
        if plan.state == "closing":
            return self._close(plan, position, instrument, now)
        return []

    def stays(self, plan: Plan, order: LiveOrder, position: LegPosition) -> bool:
        """True of an order that is left standing when the trade ends.

        It is the accepted stop, while others hold something beside the trade; and a stop of theirs that was kept.
        """
        untouched = order.resting and not order.triggered_at and not order.done
        theirs = order.client_id in plan.kept or plan.sign * position.foreign > 0
        return untouched and order.purpose == "stop" and theirs

    # -- the stop -----------------------------------------------------------------------------------------------------

    def _stop(self, plan: Plan, position: LegPosition, instrument: Instrument | None, now: int) -> list[Request]:
        orders, sender = self._state.orders, self._sender
        wanted = plan.stop if self._out_of_reach(plan.moved_to, position, plan) else plan.wanted_stop
        price = wanted if instrument is None else instrument.stop(wanted, plan.intent.side)
        stops, bridges = plan.of(orders, "stop"), plan.of(orders, "bridge")
        standing = next((order for order in reversed(stops) if self._stands(order, now)), None)
        if standing is None:
            wait = sender.busy(stops, now) or self._a_person_replaces_it(stops, now)
            return [] if wait or now < plan.retry_at.get("stop", 0) else [sender.stop(plan, price, now)]
        if standing.triggered_at:
            return []  # it is being carried out
        if standing.trigger in (price, wanted):
            return sender.end(bridges, now)
        remaining = plan.remaining(orders)
        quantity = remaining if instrument is None else instrument.covering(remaining)
        alone = standing.client_id in plan.kept or self._out_of_reach(standing.trigger, position, plan)
        most = quantity if plan.sign * position.foreign > 0 else None  # more would sell what others hold
        bridge = next((order for order in bridges if self._stands(order, now) and order.trigger == price), None)
        if bridge is not None and bridge.left >= remaining and (most is None or bridge.left <= most):
            return [] if alone else sender.end([standing], now)
        if sender.busy(bridges, now) or now < plan.retry_at.get("bridge", 0):
            return []
        return [*sender.end(bridges, now), sender.bridge(plan, price, quantity, now)]

    def _stands(self, order: LiveOrder, now: int) -> bool:
        """The exchange has it. One that triggered and does not fill protects nothing any more."""
        late = order.triggered_at and now - order.triggered_at >= self._settings.overtake_ms
        return order.resting and not late

    @staticmethod
    def _out_of_reach(trigger: Decimal | None, position: LegPosition, plan: Plan) -> bool:
        """A person moved the stop beyond the liquidation: it is left alone, and ours stands beside it."""
        known = trigger is not None and trigger == plan.moved_to and position.liquidation > 0
        return trigger is not None and known and plan.sign * (trigger - position.liquidation) <= 0

    def _a_person_replaces_it(self, stops: list[LiveOrder], now: int) -> bool:
        """The last stop was cancelled by somebody else a moment ago: perhaps another one of theirs is on its way."""
        last = stops[-1] if stops else None
        return (
            last is not None
            and last.status == "CANCELED"
            and not last.cancels
            and now - last.ended_at < self._settings.replacement_wait_ms
        )

    # -- quantities ---------------------------------------------------------------------------------------------------

    def _cut(self, plan: Plan, instrument: Instrument | None, now: int) -> list[Request]:
        """Take off what the trade should not hold: what it risks beyond its budget, a rung that the price has passed."""
        if not plan.cut:
            return []
        orders = self._state.orders
        closes = plan.of(orders, "close")
        need = min(plan.cut - sum((order.done for order in closes), _ZERO), plan.remaining(orders))
        if need <= 0 or now < plan.retry_at.get("close", 0) or self._sender.busy(closes, now):
            return []
        return [self._sender.close(plan, need, instrument, now)]

    def _rungs(self, plan: Plan, instrument: Instrument | None, now: int) -> list[Request]:
        orders, requests = self._state.orders, list[Request]()
        if instrument is None or not plan.of(orders, "stop", "bridge") or self._still_entering(plan, now):
            return []  # the stop leaves first
        wanted = {rung.number: rung for rung in ladder.wanted(plan, orders, instrument)}
        busy = set[int]()
        for order in plan.of(orders, "target"):
            if order.over:
                continue
            rung = wanted.get(order.rung)
            if rung is None or order.rung in busy or (order.request.trigger, order.left) != (rung.price, rung.quantity):
                requests += self._sender.end([order], now)
            busy.add(order.rung)
        if now >= plan.retry_at.get("target", 0):
            requests += [
                self._sender.target(plan, number, rung.price, rung.quantity, now)
                for number, rung in wanted.items()
                if number not in busy
            ]
        return requests

    def _still_entering(self, plan: Plan, now: int) -> bool:
        """A market entry is filling: its rungs are placed once, when it is over."""
        return plan.intent.kind == "market" and any(
            not order.over and now - order.signed_at < self._settings.overtake_ms
            for order in plan.of(self._state.orders, "entry")
        )

    # -- closing ------------------------------------------------------------------------------------------------------

    def _close(self, plan: Plan, position: LegPosition, instrument: Instrument | None, now: int) -> list[Request]:
        """End the entry, close what is held, then take the exits away, the stop last: nothing is naked for longer."""
        orders, sender = self._state.orders, self._sender
        requests = sender.end(plan.of(orders, "entry"), now)
        remaining = plan.remaining(orders)
        closes = plan.of(orders, "close")
        if remaining > 0:
            if now >= plan.retry_at.get("close", 0) and not sender.busy(closes, now):
                requests.append(sender.close(plan, remaining, instrument, now))
            again = plan.refusals.get("close") or len(plan.of(orders, "close")) > 1
            if again and not self.accepted(plan, now):
                requests += self._stop(plan, position, instrument, now)  # it is not closed at once: a stop, too
            return requests
        others = plan.of(orders, "target", "bridge", "close")
        requests += sender.end(others, now)
        if all(order.over for order in others):
            beside = plan.sign * position.foreign > 0
            # One of which it is not known whether it stands is asked about first: perhaps it covers them.
            ending = [each for each in plan.of(orders, "stop") if each.client_id not in plan.kept]
            ending = [each for each in ending if not (beside and (self._stands(each, now) or each.in_doubt))]
            requests += sender.end(ending, now)
        return requests
