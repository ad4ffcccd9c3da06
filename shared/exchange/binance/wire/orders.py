"""Decodes Binance's answers about orders of both books and about the account's trades. Pure.

``value`` of each type converts it to the type of the port; ``rest`` has the rules for all answers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.order_words import PositionSide
from shared.exchange.binance.wire.enums import order_type, side_of, status_of
from shared.exchange.binance.wire.rest import Wire, id_or_zero, number_or_zero
from shared.exchange.model.orders import AccountTrade, ExchangeOrder

_ZERO: Final = Decimal(0)


class OrderAnswer(Wire, frozen=True, kw_only=True):
    """Base of an order in an answer, of either book."""

    def value(self) -> ExchangeOrder:
        """Convert it to the port's order. Raises UnknownValue for a side, type or status that is not documented."""
        raise NotImplementedError(type(self).__name__)


class PlainOrder(OrderAnswer, frozen=True, kw_only=True):
    """An order in the answers of order, openOrders and batchOrders.

    The answers to placing and cancelling leave out avgPrice, cumQuote and time (docs/binance.md §1.3).
    """

    order_id: int
    symbol: str
    status: str
    client_order_id: str
    orig_qty: Decimal
    executed_qty: Decimal
    type: str
    side: str
    update_time: int
    price: Decimal = _ZERO
    avg_price: Decimal | None = None
    time_in_force: str = ""
    reduce_only: bool = False
    close_position: bool = False
    position_side: PositionSide = "BOTH"
    stop_price: Decimal = _ZERO
    working_type: str = ""
    orig_type: str = ""
    time: int = 0

    def value(self) -> ExchangeOrder:
        return ExchangeOrder(
            symbol=self.symbol,
            id=self.order_id,
            client_id=self.client_order_id,
            book="plain",
            side=side_of(self.side),
            type=order_type(self.type),
            status=status_of(self.status, self.orig_qty, self.executed_qty),
            quantity=self.orig_qty,
            executed=self.executed_qty,
            updated_at=self.update_time,
            average_price=self.avg_price,
            price=self.price,
            trigger=self.stop_price,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
            close_position=self.close_position,
            position_side=self.position_side,
            working_type=self.working_type,
            original_type=order_type(self.orig_type) if self.orig_type else None,
            created_at=self.time,
        )


class AlgoOrder(OrderAnswer, frozen=True, kw_only=True):
    """A conditional order in the answers of algoOrder and openAlgoOrders.

    The order type stands in ``orderType``; in some recorded answers it stands in ``type``.
    """

    algo_id: int
    client_algo_id: str
    symbol: str
    side: str
    algo_status: str
    update_time: int
    order_type: str = ""
    type: str = ""
    position_side: PositionSide = "BOTH"
    time_in_force: str = ""
    quantity: str | None = None
    trigger_price: str | None = None
    price: str | None = None
    working_type: str = ""
    close_position: bool = False
    reduce_only: bool = False
    activate_price: str | None = None
    callback_rate: str | None = None
    create_time: int = 0
    actual_order_id: int | str | None = 0
    actual_price: str | None = ""
    actual_qty: str | None = ""

    def value(self) -> ExchangeOrder:
        quantity = number_or_zero(self.quantity)
        executed = number_or_zero(self.actual_qty)
        average = number_or_zero(self.actual_price)
        return ExchangeOrder(
            symbol=self.symbol,
            id=self.algo_id,
            client_id=self.client_algo_id,
            book="algo",
            side=side_of(self.side),
            type=order_type(self.order_type or self.type),
            status=status_of(self.algo_status, quantity, executed),
            quantity=quantity,
            executed=executed,
            updated_at=self.update_time,
            average_price=average or None,
            price=number_or_zero(self.price),
            trigger=number_or_zero(self.trigger_price),
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
            close_position=self.close_position,
            position_side=self.position_side,
            working_type=self.working_type,
            activation=number_or_zero(self.activate_price),
            callback_rate=number_or_zero(self.callback_rate),
            child_id=id_or_zero(self.actual_order_id),
            created_at=self.create_time,
        )


class AlgoCancelled(Wire, frozen=True, kw_only=True):
    """The answer of DELETE algoOrder; it names the order but does not state it."""

    algo_id: int
    client_algo_id: str = ""


class BatchElement(msgspec.Struct, frozen=True, kw_only=True):
    """One element of the answer of batchOrders: an order (``code`` 0), or the error code and text of its refusal."""

    code: int = 0
    msg: str = ""


class UserTrade(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET userTrades."""

    symbol: str
    id: int
    order_id: int
    side: str
    price: Decimal
    qty: Decimal
    quote_qty: Decimal
    commission: Decimal
    commission_asset: str
    realized_pnl: Decimal
    maker: bool
    time: int
    position_side: PositionSide = "BOTH"

    def value(self) -> AccountTrade:
        return AccountTrade(
            symbol=self.symbol,
            id=self.id,
            order_id=self.order_id,
            side=side_of(self.side),
            position_side=self.position_side,
            price=self.price,
            quantity=self.qty,
            quote=self.quote_qty,
            commission=self.commission,
            commission_asset=self.commission_asset,
            realized=self.realized_pnl,
            maker=self.maker,
            time=self.time,
        )
