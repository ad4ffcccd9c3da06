"""The account as an exchange states it: money in USDT unless an asset is named, quantities in base currency, times in ms."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.order_words import PositionSide

MarginType = Literal["cross", "isolated"]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One asset's wallet. ``available`` may be used for new orders or withdrawn."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    cross_unrealized: Decimal
    available: Decimal
    updated_at: int


class PositionRisk(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of one symbol. ``quantity`` signed, positive = long; ``liquidation`` 0 = none in sight."""

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
    """The whole account at once: ``wallet`` + ``unrealized`` = ``margin_balance``."""

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
    """One tier of a symbol's margin table: from ``floor`` to ``cap`` of notional."""

    number: int
    max_leverage: int
    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    cum: Decimal


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """Fee rates of our tier, as fractions of the notional."""

    symbol: str
    maker: Decimal
    taker: Decimal


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a symbol is set up for us. ``max_notional``: the largest position at this leverage."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal


class Leverage(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's confirmation of a leverage."""

    symbol: str
    leverage: int
    max_notional: Decimal


class Income(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of the wallet. ``kind`` in the exchange's word: REALIZED_PNL, FUNDING_FEE, COMMISSION, TRANSFER …"""

    symbol: str
    kind: str
    amount: Decimal
    asset: str
    time: int
    id: str
    info: str = ""


class KeyRights(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key may do (OPS-7); None where the exchange does not say."""

    trade: bool | None
    withdraw: bool | None
    ip_restricted: bool | None
