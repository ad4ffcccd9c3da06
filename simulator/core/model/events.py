"""Events of the matching core, from which the server makes user-data messages (docs/binance.md §4.7). Times in ms."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.order_words import PositionSide
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import AccountReason, ExecutionType, MarginType
from simulator.core.model.orders import ExecutedTrade, Order
from simulator.core.model.statements import PositionStatement


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """ORDER_TRADE_UPDATE. ``order``: after the change; ``trade``: the execution of TRADE and CALCULATED, else None."""

    execution: ExecutionType
    order: Order
    time: int
    trade: ExecutedTrade | None = None


class AlgoUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """ALGO_UPDATE. ``algo``: after the change; ``child``: the order its trigger placed, at this time; None before."""

    algo: AlgoOrder
    time: int
    child: Order | None = None


class LegUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One leg in an AccountUpdate (field ``P``). Fields as in PositionStatement; ``realized``: all realised PnL (``cr``)."""

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
    """ACCOUNT_UPDATE. Amounts in USDT.

    wallet, cross_wallet: after the change. change: balance change other than PnL and commission (``bc``).
    positions: the legs that changed.
    """

    reason: AccountReason
    time: int
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal
    positions: tuple[LegUpdate, ...]


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """Funding of one leg. ``amount``: USDT, positive = received. Followed by an AccountUpdate.

    income_id: of its row in the income history; 0 = it moved nothing, and has none.
    """

    symbol: str
    time: int
    rate: Decimal
    mark_price: Decimal
    amount: Decimal
    income_id: int = 0


class LeverageChange(msgspec.Struct, frozen=True, kw_only=True):
    """ACCOUNT_CONFIG_UPDATE of a leverage change (field ``ac``)."""

    symbol: str
    leverage: int
    time: int


class MarginCall(msgspec.Struct, frozen=True, kw_only=True):
    """MARGIN_CALL: the legs' maintenance margin has reached the share ``margin_call_ratio`` of their margin balance."""

    time: int
    cross_wallet: Decimal
    positions: tuple[PositionStatement, ...]


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """forceOrder of the market streams. ``order``: the liquidation order after its execution."""

    order: Order
    time: int


class InsurancePaid(msgspec.Struct, frozen=True, kw_only=True):
    """The insurance fund paid for a leg that closed at its bankruptcy price while the market was beyond it.

    order_id: the order that closed it. quantity: base currency. amount: USDT, positive.
    """

    symbol: str
    order_id: int
    quantity: Decimal
    amount: Decimal
    time: int


CoreEvent = (
    OrderUpdate | AlgoUpdate | AccountUpdate | FundingPaid | LeverageChange | MarginCall | Liquidation | InsurancePaid
)
