"""What a client may ask of the exchange, already parsed: made by the protocol server and by the lock-step lane."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import BookOrderType, ConditionalOrderType, PositionSide, TimeInForce, WorkingType
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.enums import SelfTradePrevention, Side


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /order``: LIMIT or MARKET. Prices USDT, quantity base currency; a number that was not sent is None.

    ``client_id`` empty: the exchange makes one. ``good_till``: ms, for GTD.
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
    """``POST /algoOrder``: a conditional order. ``callback_rate`` in percent; ``price`` is for STOP and TAKE_PROFIT."""

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
    """``PUT /order``: a resting LIMIT gets another price and quantity (total, not rest). By order id, else by client id."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    order_id: int = 0
    client_id: str = ""
    reduce_only: bool | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The exchange refuses: Binance's error code and its text. Nothing was changed."""

    code: ErrorCode
    message: str
