"""Until when a trade is passed over: what the clock alone will change is named, and nothing else is waited for."""

from __future__ import annotations

from decimal import Decimal

from services.execution.calm import calm_until
from services.execution.inputs import Executions, Statement
from services.execution.plans.plan import Plan
from shared.domain.control import ClockTick
from tests.support.execution.desk import BTC, Desk

D = Decimal


def trade(desk: Desk) -> Plan:
    plan = desk.plan()
    assert plan is not None
    return plan


def calm_for(desk: Desk) -> int:
    return calm_until(trade(desk), desk.core.state, desk.now) - desk.now


def test_an_open_trade_with_its_stop_is_looked_at_after_five_minutes() -> None:
    """Invariant 6."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    assert calm_for(desk) == 300_000


def test_a_trade_with_a_closing_time_is_looked_at_then() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter(close_by=desk.now + 60_000)
    desk.run(500)
    assert calm_for(desk) == 60_000 - 500
    desk.driver.run(60_000)
    assert desk.held() == 0


def test_a_trade_whose_stop_is_not_there_is_looked_at_always() -> None:
    """EXEC-3, invariant 4."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    desk.person_cancels(desk.stop())
    assert calm_for(desk) == 0


def test_a_refused_target_is_looked_at_when_it_may_be_tried_again() -> None:
    """EXEC-6."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -1003 if order.type == "TAKE_PROFIT_MARKET" else 0
    desk.enter()
    desk.run(200)
    assert 0 <= calm_for(desk) <= 60_000
    desk.exchange.refuse = lambda order: 0
    desk.run(60_000)
    assert len(desk.rungs()) == 1


def test_a_position_stated_apart_without_orders_is_looked_at_in_the_same_turn() -> None:
    """EXEC-4: a calm trade whose position is gone is written off as soon as the exchange's statement counts."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    now = desk.now
    for later in range(now, now + 40_000, 1_000):
        gone = Statement(
            time=later, asked_at=later, wallet=D(1000), equity=D(1000), legs=(), orders=(), listed=frozenset()
        )  # fmt: skip
        desk.core.handle(gone, later)
        desk.core.handle(Executions(symbol=BTC, asked_at=later, trades=()), later)  # they explain nothing
        desk.core.handle(ClockTick(time=later + 500), later + 500)
    assert desk.state == "closing" or desk.plan() is None
