"""Parsed requests to the matching core, and its refusal. The protocol server and the lock-step lane make them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import BookOrderType, ConditionalOrderType, PositionSide, Side, TimeInForce, WorkingType
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.enums import SelfTradePrevention


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Place a LIMIT or MARKET order (``POST /order``). Price USDT, quantity base currency, None = not sent.

    client_id: empty = the exchange makes one. good_till: ms, for GTD, else 0.
    """

    symbol: str
    side: Side
    type: BookOrderType
    position_side: PositionSide = "BOTH"
    quantity: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    client_id: str = ""
    self_trade_prevention: SelfTradePrevention = "NONE"
    good_till: int = 0


class NewAlgoOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Place a conditional order (``POST /algoOrder``). Prices USDT, quantity base currency, None = not sent.

    callback_rate: percent, for trailing orders. price: limit price of STOP and TAKE_PROFIT.
    """

    symbol: str
    side: Side
    type: ConditionalOrderType
    position_side: PositionSide = "BOTH"
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    working_type: WorkingType = "CONTRACT_PRICE"
    price_protect: bool = False
    reduce_only: bool = False
    close_position: bool = False
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None
    client_algo_id: str = ""
    self_trade_prevention: SelfTradePrevention = "NONE"
    good_till: int = 0


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """Amend a resting LIMIT (``PUT /order``), found by order id (0 = not given), else by client id.

    quantity: the new total, including what is already filled.
    """

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    order_id: int = 0
    client_id: str = ""
    reduce_only: bool | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The answer to a request that was refused: Binance's error code and text. Nothing was changed."""

    code: ErrorCode
    message: str
