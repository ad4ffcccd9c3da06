"""A leg of hedge mode with a stop of ours in it: its trade is taken up, protected, and ended in that leg."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.execution.core import ExecutionCore
from services.execution.inputs import Leaving, News, Statement
from services.execution.requests import PlaceOrder, Request
from shared.domain.control import ClockTick
from shared.domain.order_words import PositionSide, Side
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AlgoUpdate, Executed, OrderUpdate
from shared.exchange.outcome.outcomes import Refused
from simulator.port_models import asked
from tests.support.execution.desk import BTC, LINEAGE, START, client_order_id, control, core

D = Decimal
ZERO = D(0)
LONG: tuple[PositionSide, Side, Decimal] = ("LONG", "SELL", D(2))
SHORT: tuple[PositionSide, Side, Decimal] = ("SHORT", "BUY", D(-2))


def stop_of_ours(leg: PositionSide, side: Side) -> ExchangeOrder:
    return ExchangeOrder(
        symbol=BTC, id=7, client_id=client_order_id("e", LINEAGE, "i1", "stop", 1), book="algo", side=side,
        type="STOP_MARKET", status="NEW", quantity=ZERO, executed=ZERO, updated_at=START, created_at=START,
        trigger=D(95) if leg == "LONG" else D(105), close_position=True, position_side=leg,
    )  # fmt: skip


def statement(now: int, leg: PositionSide, quantity: Decimal, *orders: ExchangeOrder) -> Statement:
    held = PositionRisk(
        symbol=BTC, side=leg, quantity=quantity, entry=D(100), break_even=D(100), mark=D(100), unrealized=ZERO,
        liquidation=ZERO, notional=quantity * 100, isolated_wallet=ZERO, initial_margin=D(20), maintenance_margin=D(1),
        updated_at=START,
    )  # fmt: skip
    return Statement(time=now, asked_at=now, wallet=D(1000), equity=D(1000), legs=(held,), orders=orders)


def until(execution: ExecutionCore, now: int, ms: int, **more: Any) -> list[Request]:
    """Let time pass, with statements; return what was asked for."""
    found: list[Request] = []
    for later in range(now, now + ms, 500):
        found += execution.handle(ClockTick(time=later), later).requests
        found += execution.handle(statement(later, **more), later).requests if more else []
    return found


@pytest.mark.parametrize(("leg", "side", "quantity"), [LONG, SHORT])
def test_a_hedge_legs_trade_is_closed_in_its_leg_and_the_exchange_takes_the_order(
    leg: PositionSide, side: Side, quantity: Decimal
) -> None:
    """EXEC-3, RISK-5, invariant 4: reduceOnly is refused in hedge mode (docs/binance.md §5.1)."""
    execution = core()
    execution.handle(statement(START, leg, quantity, stop_of_ours(leg, side)), START)
    plan = execution.state.plans[f"{BTC}:{leg}"]
    assert (plan.state, plan.intent.leg) == ("open", leg)
    requests = execution.handle(Leaving(flatten=True), START + 100).requests
    placed = [each.order for each in requests if isinstance(each, PlaceOrder)]
    assert [(each.type, each.side, each.position_side, each.quantity) for each in placed] == [("MARKET", side, leg, D(2))]
    assert all(each.protects for each in placed), "it waits for neither judgement nor log"
    assert not [each for each in map(asked, placed) if isinstance(each, Refused)]


@pytest.mark.parametrize(("leg", "side", "quantity"), [LONG, SHORT])
def test_a_hedge_legs_lost_stop_is_placed_again_in_its_leg(leg: PositionSide, side: Side, quantity: Decimal) -> None:
    """EXEC-3, invariant 4."""
    execution = core()
    standing = stop_of_ours(leg, side)
    execution.handle(statement(START, leg, quantity, standing), START)
    gone = msgspec.structs.replace(standing, status="EXPIRED", updated_at=START + 100)
    requests = execution.handle(News(event=AlgoUpdate(time=START + 100, order=gone)), START + 100).requests
    placed = [each.order for each in requests if isinstance(each, PlaceOrder)]
    assert [(each.type, each.side, each.position_side) for each in placed] == [("STOP_MARKET", side, leg)]
    assert not [each for each in map(asked, placed) if isinstance(each, Refused)]


def test_a_position_of_others_in_a_hedge_leg_is_not_touched_and_its_symbol_takes_no_entries() -> None:
    """EXEC-4: as in one-way mode."""
    execution = core()
    requests = until(execution, START, 60_000, leg="LONG", quantity=D(2))
    assert not [each for each in requests if isinstance(each, PlaceOrder)]
    assert execution.state.frozen[BTC].reason in ("foreign", "mismatch")


@pytest.mark.parametrize(("leg", "side"), [("LONG", "SELL"), ("SHORT", "BUY")])
def test_a_flatten_opens_nothing_in_a_leg_whose_closing_was_learned_of_before_its_opening(
    leg: PositionSide, side: Side
) -> None:
    """RISK-7, EXEC-4: a leg holds one side only, so what seems to be of the other side is no position."""
    execution = core()
    execution.handle(statement(START, leg, ZERO), START)
    order = ExchangeOrder(
        symbol=BTC, id=8, client_id="web_1", book="plain", side=side, type="MARKET", status="FILLED", quantity=D(2),
        executed=D(2), updated_at=START + 100, created_at=START + 100, position_side=leg,
    )  # fmt: skip
    fill = Executed(
        trade_id=1, quantity=D(2), price=D(100), commission=ZERO, commission_asset="USDT", realized=ZERO, maker=False,
        time=START + 100,
    )  # fmt: skip
    update = OrderUpdate(time=START + 100, execution="TRADE", order=order, fill=fill)
    execution.handle(News(event=update), START + 100)
    requests = execution.handle(control("flatten"), START + 200).requests
    requests += until(execution, START + 1_000, 60_000, leg=leg, quantity=ZERO)
    assert not [each for each in requests if isinstance(each, PlaceOrder)]
    assert (execution.state.plans, execution.state.flattening) == ({}, None)
