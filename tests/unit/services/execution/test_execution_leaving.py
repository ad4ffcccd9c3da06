"""A process that is to close everything before it ends closes what fills meanwhile, too (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal

from services.execution.inputs import Leaving
from tests.support.execution.desk import START, Desk

D = Decimal


def test_an_entry_that_is_on_its_way_is_closed_when_it_fills() -> None:
    """EXEC-3: it was held with its stop, although every position was to be closed."""
    desk = Desk()
    desk.driver.weather.slow = 400
    desk.enter()
    assert desk.held() == 0
    desk.driver.give(Leaving(flatten=True))
    desk.run(6_000)
    assert desk.entries()
    assert (desk.held(), desk.state, desk.resting()) == (0, "closed", [])


def test_a_resting_entry_that_fills_before_its_cancel_arrives_is_closed() -> None:
    """EXEC-3: the cancels are lost."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.lose_request = 1.0
    desk.driver.give(Leaving(flatten=True))
    desk.price("98.9")
    assert desk.held() == 2
    desk.driver.weather.lose_request = 0.0
    desk.run(6_000)
    assert (desk.held(), desk.resting()) == (0, [])


def test_a_late_fill_of_a_trade_that_is_over_is_closed() -> None:
    """EXEC-3: it was over before the command came, so it is no trade that lives then."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    plan = desk.plan()
    assert plan is not None
    (entry,) = plan.of(desk.core.state.orders, "entry")
    desk.driver.weather.reads = False
    entry.end("LOST", desk.now)
    desk.run(1_500)
    assert (plan.state, desk.plan()) == ("failed", None)
    desk.driver.give(Leaving(flatten=True))
    desk.driver.weather.reads = True
    desk.price("98.9")
    desk.run(6_000)
    assert (desk.held(), desk.resting()) == (0, [])
    assert desk.exchange.trades


def test_a_process_that_leaves_without_that_keeps_what_fills_under_its_stop() -> None:
    """EXEC-3: what protects stays at the exchange."""
    desk = Desk()
    desk.driver.weather.slow = 400
    desk.enter()
    desk.driver.give(Leaving())
    desk.run(6_000)
    assert (desk.held(), desk.state, desk.stop() is not None) == (2, "open", True)


def test_the_next_process_does_not_go_on_closing_what_it_enters() -> None:
    """EXEC-3: the command was the process's that ended."""
    desk = Desk()
    desk.driver.give(Leaving(flatten=True))
    desk.run(200)
    desk.driver.restart(desk.core.snapshot())
    desk.run(1_000)
    desk.enter("i2")
    desk.run(3_000)
    assert (desk.held(), desk.state) == (2, "open")
