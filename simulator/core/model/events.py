"""What happened at the exchange, in order: the source of all user events (docs/binance.md §4.7)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import PositionSide
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import AccountReason, ExecutionType, MarginType
from simulator.core.model.orders import ExecutedTrade, Order
from simulator.core.model.statements import PositionStatement


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """ORDER_TRADE_UPDATE: ``order`` as it is after it. ``trade`` for TRADE and CALCULATED."""

    execution: ExecutionType
    order: Order
    time: int
    trade: ExecutedTrade | None = None


class AlgoUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """ALGO_UPDATE: ``algo`` as it is after it; ``child`` the order it made, as it is then."""

    algo: AlgoOrder
    time: int
    child: Order | None = None


class LegUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One leg in an AccountUpdate (``P``); the fields mean what they mean in PositionStatement. ``realized`` is ``cr``."""

    symbol: str
    position_side: PositionSide
    quantity: Decimal
    mark_price: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    realized: Decimal
    unrealized: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal


class AccountUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """ACCOUNT_UPDATE: balances after it, ``change`` that is no PnL or commission (``bc``), legs that changed."""

    reason: AccountReason
    time: int
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal
    positions: tuple[LegUpdate, ...]


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """A leg paid or received funding; ``amount`` positive = received. Its AccountUpdate comes after it."""

    symbol: str
    time: int
    rate: Decimal
    mark_price: Decimal
    amount: Decimal


class LeverageChange(msgspec.Struct, frozen=True, kw_only=True):
    """ACCOUNT_CONFIG_UPDATE ``ac``."""

    symbol: str
    leverage: int
    time: int


class MarginCall(msgspec.Struct, frozen=True, kw_only=True):
    """MARGIN_CALL: the maintenance margin has come to the set share of the margin balance of these legs."""

    time: int
    cross_wallet: Decimal
    positions: tuple[PositionStatement, ...]


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """The market stream's forceOrder: the liquidation order after its execution."""

    order: Order
    time: int


CoreEvent = OrderUpdate | AlgoUpdate | AccountUpdate | FundingPaid | LeverageChange | MarginCall | Liquidation
