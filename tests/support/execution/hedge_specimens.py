"""Execution that is wrong about the legs of hedge mode: each specimen is to be seen by the watchman of the histories."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from services.execution.core import ExecutionCore
from services.execution.inputs import News, Statement
from services.execution.requests import Effects, PlaceOrder
from shared.domain.client_ids import client_order_id
from shared.domain.listing import InstrumentList
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import AlgoUpdate, OrderUpdate

replace = msgspec.structs.replace


class BooksLegsAsOne(ExecutionCore):
    """What happens to an order in a leg counts for the position of one-way mode."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, News) and isinstance(taken.event, OrderUpdate | AlgoUpdate):
            order = replace(taken.event.order, position_side="BOTH")
            taken = replace(taken, event=replace(taken.event, order=order))
        return super().handle(taken, now)


class OverlooksLegs(ExecutionCore):
    """Only one-way mode is traded, so legs are nobody's business."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, News) and isinstance(taken.event, OrderUpdate | AlgoUpdate):
            if taken.event.order.position_side != "BOTH":
                return Effects()
        elif isinstance(taken, Statement):
            both = tuple(each for each in taken.legs if each.side == "BOTH")
            taken = replace(taken, legs=both, orders=tuple(each for each in taken.orders if each.position_side == "BOTH"))
        return super().handle(taken, now)


class ReducesOnlyInLegs(ExecutionCore):
    """Closes and bridges of a leg carry reduceOnly, which the exchange refuses there."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for at, request in enumerate(effects.requests):
            if isinstance(request, PlaceOrder) and not request.order.close_position and request.order.protects:
                effects.requests[at] = PlaceOrder(replace(request.order, reduce_only=True))
        return effects


class ProtectsOthers(ExecutionCore):
    """What others hold in a leg gets a stop of ours."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for key, position in self.state.positions.items():
            if (
                position.leg == "BOTH"
                or not position.foreign_in_leg
                or not position.entry
                or not isinstance(taken, Statement)
            ):
                continue
            long = position.leg == "LONG"
            stop = NewOrder(
                client_id=client_order_id("e", self._lineage, key, "stop", now), symbol=position.symbol,
                side="SELL" if long else "BUY", type="STOP_MARKET", trigger=Decimal(50 if long else 200),
                close_position=True, position_side=position.leg,
            )  # fmt: skip
            effects.ask(PlaceOrder(stop))
        return effects


class EntersInHedgeMode(ExecutionCore):
    """That the account is in hedge mode closes no symbol."""

    def handle(self, taken: Any, now: int) -> Effects:
        return super().handle(replace(taken, closures=()) if isinstance(taken, InstrumentList) else taken, now)
