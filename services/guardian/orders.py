"""Builds the guardian's orders: its stop, and the close of what no stop protects. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from services.guardian.messages import LegKey, SymbolFilters
from services.guardian.settings import GuardianSettings
from services.guardian.state import GuardianState, Leg
from services.guardian.stops import exit_side, market_parts, on_leg, stop_price, uncovered
from shared.domain.client_ids import client_order_id
from shared.exchange.model.orders import ExchangeOrder, NewOrder

#: A stop that the price has passed is tried again so much farther away.
_FARTHER: Final = Decimal("1.5")
_NO_FILTERS: Final = SymbolFilters(tick=Decimal(0))


class Orders:
    """Makes orders with client ids of their own. life: names this run, so that its ids are no other run's."""

    def __init__(self, state: GuardianState, settings: GuardianSettings, lineage: str, life: int) -> None:
        self._state = state
        self._distance = Decimal(str(settings.distance))
        self._share = Decimal(str(settings.liquidation_share))
        self._lineage = lineage
        self._life = life

    def stop(self, leg: Leg) -> NewOrder:
        """Build the stop of a leg. It closes the position, or states a quantity where a stop of that kind is of no use."""
        filters = self._filters(leg)
        distance = self._distance * _FARTHER**leg.closer
        order = NewOrder(
            client_id=self._name(leg.key),
            symbol=leg.key.symbol,
            side=exit_side(leg.quantity),
            type="STOP_MARKET",
            trigger=stop_price(leg, filters.tick or None, distance, self._share),
            close_position=True,
            position_side=leg.key.side,
            working_type="MARK_PRICE",
        )
        standing = self._state.standing(leg.key.symbol)
        if not leg.by_quantity and not any(each.close_position and on_leg(each, leg) for each in standing):
            return order
        rest = market_parts(uncovered(standing, leg) or abs(leg.quantity), filters.market_max)[0]
        reduce = leg.key.side == "BOTH"  # in hedge mode the leg says it
        return msgspec.structs.replace(order, close_position=False, quantity=rest, reduce_only=reduce)

    def closes(self, leg: Leg) -> list[NewOrder]:
        """Build the market orders that close a leg."""
        return [
            NewOrder(
                client_id=self._name(leg.key),
                symbol=leg.key.symbol,
                side=exit_side(leg.quantity),
                type="MARKET",
                quantity=part,
                reduce_only=leg.key.side == "BOTH",
                position_side=leg.key.side,
            )
            for part in market_parts(abs(leg.quantity), self._filters(leg).market_max)
        ]

    def _filters(self, leg: Leg) -> SymbolFilters:
        return self._state.filters.get(leg.key.symbol, _NO_FILTERS)

    def _name(self, key: LegKey) -> str:
        self._state.numbers += 1
        return client_order_id("g", self._lineage, "guardian", str(key), self._life, self._state.numbers)


def standing(order: NewOrder) -> ExchangeOrder:
    """Return a conditional order that was accepted, as the exchange lists it."""
    return ExchangeOrder(
        symbol=order.symbol,
        id=0,
        client_id=order.client_id,
        book="algo",
        side=order.side,
        type=order.type,
        status="NEW",
        quantity=order.quantity or Decimal(0),
        executed=Decimal(0),
        updated_at=0,
        trigger=order.trigger or Decimal(0),
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        position_side=order.position_side,
    )
