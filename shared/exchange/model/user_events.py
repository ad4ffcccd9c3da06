"""What the exchange tells us about our own account while it happens.

Order is guaranteed within one type of event on one connection; across types ``time`` decides. An event may come twice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.decisions import Side
from shared.domain.order_words import PositionSide
from shared.exchange.model.orders import ExchangeOrder

Execution = Literal[
    "NEW",
    "CANCELED",
    "CALCULATED",  # the exchange itself trades: liquidation or auto-deleveraging
    "EXPIRED",
    "TRADE",
    "AMENDMENT",
    "REJECTED",
]


class Executed(msgspec.Struct, frozen=True, kw_only=True):
    """The fill that an order update tells of. ``commission`` 0 and asset empty where the exchange leaves them out."""

    trade_id: int
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_asset: str
    realized: Decimal
    maker: bool
    time: int


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a plain order after something happened to it; ``fill`` when it traded."""

    time: int
    execution: Execution
    order: ExchangeOrder
    fill: Executed | None = None


class AlgoUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a conditional order; ``order.child_id`` once it triggered, ``order.reason`` when it was rejected then."""

    time: int
    order: ExchangeOrder


class FillNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A fill, told earlier and in less detail than its OrderUpdate (TRADE_LITE): the same ``trade_id``, no commission."""

    time: int
    symbol: str
    side: Side
    client_id: str
    order_id: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    maker: bool


class WalletChange(msgspec.Struct, frozen=True, kw_only=True):
    """``change`` is what changed beside PnL and commission."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


class PositionChange(msgspec.Struct, frozen=True, kw_only=True):
    """``quantity`` signed. Only legs that changed are told."""

    symbol: str
    side: PositionSide
    quantity: Decimal
    entry: Decimal
    break_even: Decimal
    unrealized: Decimal
    isolated_wallet: Decimal


class AccountUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` in the exchange's word: ORDER, FUNDING_FEE, DEPOSIT, MARGIN_TYPE_CHANGE … Only what changed is told."""

    time: int
    reason: str
    wallets: tuple[WalletChange, ...]
    positions: tuple[PositionChange, ...]


class ConfigUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Leverage of a symbol, or the multi-assets mode, was changed."""

    time: int
    symbol: str = ""
    leverage: int = 0
    multi_assets: bool | None = None


class MarginCall(msgspec.Struct, frozen=True, kw_only=True):
    """The margin is close to what must be kept; ``symbols`` that are at risk."""

    time: int
    symbols: tuple[str, ...]


class KeyExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The stream's key is dead: the socket stays open and says nothing more."""

    time: int


class Unnamed(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a kind that nobody here knows (yet): no reason to stop.

    ``readable`` False: of a known kind, and not as documented; ``kind`` says why. What it told must be asked for by REST.
    """

    kind: str
    time: int
    readable: bool = True


UserEvent = OrderUpdate | AlgoUpdate | FillNotice | AccountUpdate | ConfigUpdate | MarginCall | KeyExpired | Unnamed
