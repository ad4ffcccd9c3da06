"""Defines the events of the user stream: what happens to the account's orders, wallet and positions.

Events of one type arrive in order on one connection; across types sort by ``time`` (docs/binance.md §4.7). An event may
arrive twice. Money in USDT unless an asset is named, quantities in base currency, times in ms of the exchange's clock.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.order_words import PositionSide, Side
from shared.exchange.model.orders import ExchangeOrder

Execution = Literal[
    "NEW",
    "CANCELED",
    "CALCULATED",  # the exchange trades for the account: liquidation or auto-deleveraging
    "EXPIRED",
    "TRADE",
    "AMENDMENT",
    "REJECTED",
]


class Executed(msgspec.Struct, frozen=True, kw_only=True):
    """The fill that an order update reports.

    commission: in ``commission_asset``, positive = paid; 0 with an empty asset = the exchange left it out.
    realized: realized profit of this fill, USDT.
    """

    trade_id: int
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_asset: str
    realized: Decimal
    maker: bool
    time: int


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """The state of a plain order after ``execution`` happened to it. ``fill``: None if it did not trade."""

    time: int
    execution: Execution
    order: ExchangeOrder
    fill: Executed | None = None


class AlgoUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="algo"):
    """The new state of a conditional order.

    ``order.child_id`` is set once it has triggered; ``order.reason`` if the child order was then rejected.
    """

    time: int
    order: ExchangeOrder


class FillNotice(msgspec.Struct, frozen=True, kw_only=True, tag="fill_notice"):
    """A fill, reported before its OrderUpdate (TRADE_LITE). It has the same ``trade_id`` and states no commission."""

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
    """The new balance of one asset. ``change``: the part of the change that is neither profit nor commission."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


class PositionChange(msgspec.Struct, frozen=True, kw_only=True):
    """The new state of one position leg. ``quantity``: signed, positive = long."""

    symbol: str
    side: PositionSide
    quantity: Decimal
    entry: Decimal
    break_even: Decimal
    unrealized: Decimal
    isolated_wallet: Decimal


class AccountUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="account"):
    """The wallets and position legs that changed; those that did not are left out.

    reason: why, in the exchange's word: ORDER, FUNDING_FEE, DEPOSIT, MARGIN_TYPE_CHANGE …
    """

    time: int
    reason: str
    wallets: tuple[WalletChange, ...]
    positions: tuple[PositionChange, ...]


class ConfigUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="config"):
    """A symbol's leverage or the account's multi-assets mode has changed.

    symbol, leverage: empty and 0 = the leverage did not change. multi_assets: None = the mode did not change.
    """

    time: int
    symbol: str = ""
    leverage: int = 0
    multi_assets: bool | None = None


class MarginCall(msgspec.Struct, frozen=True, kw_only=True, tag="margin_call"):
    """The margin of the positions in ``symbols`` is close to the maintenance margin."""

    time: int
    symbols: tuple[str, ...]


class KeyExpired(msgspec.Struct, frozen=True, kw_only=True, tag="key_expired"):
    """The listen key of the stream has expired: the socket stays open, but no more events arrive."""

    time: int


class Unnamed(msgspec.Struct, frozen=True, kw_only=True, tag="unnamed"):
    """An event that is not one of the above; the stream goes on.

    readable: True = a kind that this system does not know, named by ``kind``; it may be ignored. False = an event that is
        not as documented, ``kind`` says why; query orders and account by REST, because it may have reported a change.
    """

    kind: str
    time: int
    readable: bool = True


UserEvent = OrderUpdate | AlgoUpdate | FillNotice | AccountUpdate | ConfigUpdate | MarginCall | KeyExpired | Unnamed
