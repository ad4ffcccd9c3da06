"""Protection is a wanted state: which exits a trade should have now, against those that it has (EXEC-3, invariant 4). Pure.

The leg's one stop closes the whole position, so a partly filled entry is covered, and what fills later too. Rungs of the
ladder are conditional, by quantity. To move the stop, a bridge by quantity stands while it is replaced: the exchange
takes only one order that closes the position on a side. A position for which no stop is accepted in time is closed at
the market.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from services.execution.oms.order import LiveOrder
from services.execution.plans import ladder
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from services.execution.requests import Request
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from shared.domain.instruments import Instrument
from shared.exchange.error_codes import ErrorCode

_ZERO: Final = Decimal(0)
_TOO_MUCH: Final = int(ErrorCode.QTY_GREATER_THAN_MAX_QTY)


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
        bridges = [order.left for order in plan.of(orders, "bridge") if self._stands(order, now)]
        return bool(bridges) and sum(bridges, _ZERO) >= plan.remaining(orders)

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
        beside = plan.sign * position.foreign > 0  # more than ours would sell what others hold
        whole = remaining if instrument is None else instrument.covering(remaining)
        alone = standing.client_id in plan.kept or self._out_of_reach(standing.trigger, position, plan)
        there = [each for each in bridges if self._stands(each, now) and each.trigger == price and not each.cancelling]
        covered = sum((order.left for order in there), _ZERO)
        if beside and covered > whole:
            there, covered = [], _ZERO
        if there and covered >= remaining:
            return [] if alone else sender.end([standing], now)
        # Two bridges would sell twice. The stop stands meanwhile, unless it is not the trade's, or beyond the liquidation.
        unknown = any(order.in_doubt for order in bridges) and not alone
        if unknown or sender.busy(bridges, now) or now < plan.retry_at.get("bridge", 0):
            return []
        others = [order for order in bridges if order not in there]
        parts = self._parts(plan, remaining - covered, instrument)
        return [*sender.end(others, now), *(sender.bridge(plan, price, part, now) for part in parts)]

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
        need = min(plan.cut - sum((order.done for order in closes), _ZERO), plan.remaining(orders)) - _under_way(closes)
        if need <= 0 or now < plan.retry_at.get("close", 0):
            return []
        return [self._sender.close(plan, part, instrument, now) for part in self._parts(plan, need, instrument)]

    def _parts(self, plan: Plan, quantity: Decimal, instrument: Instrument | None) -> list[Decimal]:
        """Split what is to be traded at the market into what one order may; it covers a rest below the step."""
        if instrument is None:
            return [quantity]
        return self._bounded(plan, instrument).market_parts(instrument.covering(quantity))

    def _bounded(self, plan: Plan, instrument: Instrument) -> Instrument:
        """The filters, with a smaller maximum where the exchange refused a quantity as too much: the half of that one."""
        exits = plan.of(self._state.orders, "close", "bridge", "target")
        refused = [order.request.quantity for order in exits if order.reject_code == _TOO_MUCH]
        most = min([quantity / 2 for quantity in refused if quantity], default=None)
        if most is None or (instrument.market_max_quantity is not None and instrument.market_max_quantity < most):
            return instrument
        return msgspec.structs.replace(instrument, market_max_quantity=most)

    def _rungs(self, plan: Plan, instrument: Instrument | None, now: int) -> list[Request]:
        orders, requests = self._state.orders, list[Request]()
        if instrument is None or not plan.of(orders, "stop", "bridge") or self._still_entering(plan, now):
            return []  # the stop leaves first
        bounded = self._bounded(plan, instrument)
        living = [order for order in plan.of(orders, "target") if not order.over]
        wanted, places = list[tuple[ladder.Rung, list[Decimal]]](), ladder.LIVE_RUNGS
        for rung in ladder.wanted(plan, orders, instrument):
            mine = [order for order in living if order.rung == rung.number]
            fitting = ladder.fitting(rung, mine, bounded)
            rest = rung.quantity - sum((order.left for order in fitting), _ZERO)
            parts = bounded.market_parts(rest) if rest > 0 else []
            if wanted and places < len(fitting) + len(parts):
                break  # the nearest one stands whole, whatever it takes
            places -= len(fitting) + len(parts)
            living = [order for order in living if order not in fitting]
            wanted.append((rung, parts if len(fitting) == len(mine) else []))  # what does not fit is ended first
        requests += self._sender.end(living, now)
        if now >= plan.retry_at.get("target", 0):
            for rung, parts in wanted:
                requests += [self._sender.target(plan, rung.number, rung.price, part, now) for part in parts]
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
            accepted, busy = self.accepted(plan, now), sender.busy(closes, now)
            # Bare, and nothing of others beside: closes only reduce, so another one takes nothing that is not ours.
            overtakes = not accepted and not position.foreign
            need = remaining - (_ZERO if overtakes else _under_way(closes))
            if need > 0 and now >= plan.retry_at.get("close", 0) and not (overtakes and busy):
                parts = self._parts(plan, need, instrument)
                requests += [sender.close(plan, part, instrument, now) for part in parts]
            waits = need < remaining and not busy
            again = plan.refusals.get("close") or len(plan.of(orders, "close")) > 1
            if (again or waits) and not accepted:
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


def _under_way(closes: list[LiveOrder]) -> Decimal:
    """What closes that are not known to be over may take yet, or have taken already.

    A query, a listing or an execution says in the end which (invariant 7); until then it counts as taken.
    """
    return sum((order.left for order in closes if not order.over), _ZERO)
