"""What a person may see of execution: positions with their trades, orders that live, and what keeps entries back. Pure.

Quantities are in base currency, amounts in USDT, times in UTC ms (mode sim: of the market).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from services.execution.oms.order import LiveOrder, Status
from services.execution.plans.plan import Plan
from services.execution.reporting import unprotected
from services.execution.state import LEGS, ExecutionState, Freeze, Halt, leg_key
from shared.domain.account import TradeState
from shared.domain.order_words import PositionSide, Side
from shared.domain.orders import OrderPurpose

_ZERO: Final = Decimal(0)


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of this system that is not over.

    quantity: what it has in the market now, unsigned. stop: where it should stand; protected: a stop of it is accepted.
    unrealized: at the mark price, fees left out; unrealized_r: the same over ``risk_amount``. result: realised so far, after
    fees and funding. None = the price or the risk is not known.
    """

    intent_id: str
    strategy: str
    side: Side
    state: TradeState
    quantity: Decimal
    entry_price: Decimal
    stop: Decimal
    protected: bool
    risk_amount: Decimal
    unrealized: Decimal | None
    unrealized_r: Decimal | None
    result: Decimal
    opened_at: int


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a symbol in which something is open, here or at the exchange.

    quantity: as the exchange stated it, signed; foreign: the part of it that is of others. entry_price, mark_price,
    liquidation: 0 = unknown. unrealized: of the whole leg. trade: None = all of it is of others.
    """

    symbol: str
    leg: PositionSide
    quantity: Decimal
    foreign: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    liquidation: Decimal
    trade: TradeView | None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order of this system that is not over. quantity None: it closes the whole position. signed_at: 0 = not sent yet."""

    client_id: str
    symbol: str
    side: Side
    type: str
    purpose: OrderPurpose
    status: Status
    quantity: Decimal | None
    filled: Decimal
    price: Decimal | None
    trigger: Decimal | None
    signed_at: int


class ExecutionOverview(msgspec.Struct, frozen=True, kw_only=True):
    """wallet None: the account was not stated yet. stated_at: when the last statement was asked for. connected: the user
    stream is open. halted: no entries until `ict rearm`; None = they pass. frozen: no entries in a symbol, and why.
    flattening: everything is being closed by a command. leaving: the process is about to stop. unprotected: symbols in
    which a trade holds something and no stop of it is accepted. trades_opened: ever, since the store was empty.
    """

    stated_at: int
    wallet: Decimal | None
    equity: Decimal
    connected: bool
    halted: Halt | None
    frozen: dict[str, Freeze]
    flattening: bool
    leaving: bool
    unprotected: tuple[str, ...]
    trades_opened: int
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]


def overview(state: ExecutionState) -> ExecutionOverview:
    """Assemble it; changes nothing."""
    keys = (leg_key(symbol, leg) for symbol in sorted(_symbols(state)) for leg in LEGS)
    views = (_position(state, key) for key in keys)
    living = [order for order in state.orders.values() if not order.over]
    return ExecutionOverview(
        stated_at=state.stated_at,
        wallet=state.wallet,
        equity=state.equity,
        connected=state.connected,
        halted=state.halted,
        frozen=dict(sorted(state.frozen.items())),
        flattening=state.flattening is not None,
        leaving=state.leaving,
        unprotected=tuple(sorted(unprotected(state))),
        trades_opened=state.trades_opened,
        positions=tuple(each for each in views if each is not None),
        orders=tuple(map(_order, sorted(living, key=lambda each: (each.request.symbol, each.signed_at, each.client_id)))),
    )


def _symbols(state: ExecutionState) -> set[str]:
    return {each.symbol for each in state.positions.values()} | {each.symbol for each in state.plans.values()}


def _position(state: ExecutionState, key: str) -> PositionView | None:
    """The leg of this key; None when nothing is open there and no trade of it holds anything."""
    leg, plan = state.positions.get(key), state.plans.get(key)
    quantity, foreign = (leg.stated, leg.foreign) if leg is not None else (_ZERO, _ZERO)
    if plan is not None and not plan.remaining(state.orders):
        plan = None
    if not quantity and not foreign and plan is None:
        return None
    symbol, _, side = key.partition(":")
    mark = leg.mark if leg is not None else _ZERO
    return PositionView(
        symbol=symbol,
        leg=next(each for each in LEGS if each == side),
        quantity=quantity,
        foreign=foreign,
        entry_price=leg.entry if leg is not None else _ZERO,
        mark_price=mark,
        unrealized=leg.unrealized if leg is not None else _ZERO,
        liquidation=leg.liquidation if leg is not None else _ZERO,
        trade=None if plan is None else _trade(state, plan, mark),
    )


def _trade(state: ExecutionState, plan: Plan, mark: Decimal) -> TradeView:
    report, quantity = plan.report(state.orders), plan.remaining(state.orders)
    known = mark > 0 and plan.entry_price > 0
    unrealized = plan.sign * (mark - plan.entry_price) * quantity if known else None
    risk = plan.intent.risk_amount
    return TradeView(
        intent_id=plan.id,
        strategy=plan.intent.strategy,
        side=plan.intent.side,
        state=plan.state,
        quantity=quantity,
        entry_price=plan.entry_price,
        stop=plan.wanted_stop,
        protected=any(order.resting for order in plan.of(state.orders, "stop", "bridge")),
        risk_amount=risk,
        unrealized=unrealized,
        unrealized_r=unrealized / risk if unrealized is not None and risk > 0 else None,
        result=report.result,
        opened_at=report.opened_at,
    )


def _order(order: LiveOrder) -> OrderView:
    request = order.request
    return OrderView(
        client_id=order.client_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        purpose=order.purpose,
        status=order.status,
        quantity=request.quantity,
        filled=order.done,
        price=request.price,
        trigger=order.trigger if order.trigger is not None else request.trigger,
        signed_at=order.signed_at,
    )
