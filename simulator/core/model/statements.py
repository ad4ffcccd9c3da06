"""Answers to queries for account, positions and settings. Amounts in USDT unless said otherwise."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import PositionSide
from simulator.core.model.enums import IncomeType, MarginType


class PositionStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a position.

    quantity: base currency, negative for a short. notional: quantity x mark price, signed. liquidation_price: 0 = none.
    isolated_margin: isolated wallet + unrealised PnL; both isolated values are 0 when CROSSED.
    cost: signed sum of price x quantity, from which the entry price is computed.
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
    """The USDT account. ``margin_balance``: wallet + unrealised PnL of all positions."""

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
    """Settings of a symbol. ``max_notional``: largest position that the brackets allow at this leverage."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """Fees, as fractions of the notional."""

    maker: Decimal
    taker: Decimal


class Income(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One row of ``GET /income``. ``amount``: positive = received; ``trade_id``: 0 = not of a trade."""

    symbol: str
    type: IncomeType
    amount: Decimal
    time: int
    id: int
    trade_id: int = 0
