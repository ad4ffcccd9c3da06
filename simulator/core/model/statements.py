"""Account, positions and settings as the exchange states them when asked. USDT unless said otherwise."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import PositionSide
from simulator.core.model.enums import IncomeType, MarginType


class PositionStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One leg. ``quantity`` is signed in base currency (a SHORT leg is negative); ``notional`` = quantity x mark, signed.

    ``liquidation_price`` 0 = nowhere. ``isolated_margin`` = isolated wallet + unrealised PnL; both isolated values are 0
    when CROSSED. ``cost`` is the signed sum of price x quantity, the exact form of the entry price.
    """

    symbol: str
    position_side: PositionSide
    quantity: Decimal
    cost: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    liquidation_price: Decimal
    margin_type: MarginType
    leverage: int
    isolated_wallet: Decimal
    isolated_margin: Decimal
    notional: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    bid_notional: Decimal
    ask_notional: Decimal
    realized: Decimal
    updated: int


class AccountStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The USDT account. ``margin_balance`` = wallet + unrealised PnL of all positions."""

    wallet: Decimal
    cross_wallet: Decimal
    unrealized: Decimal
    cross_unrealized: Decimal
    margin_balance: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    available: Decimal
    max_withdraw: Decimal
    updated: int


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """``max_notional``: the largest position at this leverage, by bracket."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions of the notional."""

    maker: Decimal
    taker: Decimal


class Income(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One line of ``GET /income``; ``amount`` positive = received. ``trade_id`` 0 = none."""

    symbol: str
    type: IncomeType
    amount: Decimal
    time: int
    id: int
    trade_id: int = 0
