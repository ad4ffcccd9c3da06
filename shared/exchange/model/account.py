"""Defines the account's state as the exchange reports it.

Money is in USDT unless a field names an asset. Quantities are in base currency, times in UTC ms of the exchange's clock.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.order_words import PositionSide

MarginType = Literal["cross", "isolated"]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """The wallet of one asset, in units of that asset.

    wallet: balance without unrealized profit. cross_wallet: the part that is margin of cross positions.
    cross_unrealized: unrealized profit of cross positions. available: what may be used for new orders or withdrawn.
    account: the exchange's own name of the account, the same for every key; empty = it does not say.
    """

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    cross_unrealized: Decimal
    available: Decimal
    updated_at: int
    account: str = ""


class PositionRisk(msgspec.Struct, frozen=True, kw_only=True):
    """One position leg of one symbol; in one-way mode the only one (``side`` BOTH). Prices in USDT.

    quantity: signed, positive = long. liquidation: liquidation price; 0 = there is none.
    notional: signed like ``quantity``. isolated_wallet: margin of an isolated position; 0 = cross.
    """

    symbol: str
    side: PositionSide
    quantity: Decimal
    entry: Decimal
    break_even: Decimal
    mark: Decimal
    unrealized: Decimal
    liquidation: Decimal
    notional: Decimal
    isolated_wallet: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    updated_at: int


class AccountSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of the account: ``wallet`` + ``unrealized`` = ``margin_balance``.

    multi_assets: True = assets other than USDT count as margin; None = the exchange does not say.
    """

    wallet: Decimal
    unrealized: Decimal
    margin_balance: Decimal
    available: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    cross_wallet: Decimal
    balances: tuple[Balance, ...]
    multi_assets: bool | None = None


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """One margin tier of a symbol, for positions with a notional from ``floor`` to ``cap``, USDT.

    maintenance_rate: fraction of notional. cum: amount subtracted from notional * maintenance_rate, USDT; it makes the
    maintenance margin continuous from tier to tier.
    """

    number: int
    max_leverage: int
    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    cum: Decimal


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """The account's fee rates for a symbol, as fractions of notional."""

    symbol: str
    maker: Decimal
    taker: Decimal


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The account's settings for a symbol. ``max_notional``: largest position at this leverage, USDT."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The modes of the account, which hold for every symbol.

    hedge: True = a LONG and a SHORT leg for each symbol; False = one-way mode. multi_assets: True = assets other than USDT
    count as margin. may_trade: False = the exchange takes no orders from the account. fee_tier: 0 = no discount by volume.
    """

    hedge: bool
    multi_assets: bool
    may_trade: bool
    fee_tier: int


class Leverage(msgspec.Struct, frozen=True, kw_only=True):
    """The leverage that now holds for a symbol. ``max_notional``: largest position at this leverage, USDT."""

    symbol: str
    leverage: int
    max_notional: Decimal


class Income(msgspec.Struct, frozen=True, kw_only=True):
    """One wallet movement of ``amount`` units of ``asset``; negative = paid. ``symbol`` is empty for transfers.

    kind: the exchange's income type: REALIZED_PNL, FUNDING_FEE, COMMISSION, TRANSFER …
    id: unique for the account within one kind.
    """

    symbol: str
    kind: str
    amount: Decimal
    asset: str
    time: int
    id: str
    info: str = ""


class KeyRights(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key may do, and whether only listed IPs may use it; None = the exchange does not say."""

    trade: bool | None
    withdraw: bool | None
    ip_restricted: bool | None
