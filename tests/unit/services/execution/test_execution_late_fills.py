"""Entries that fill after they were given up, while another trade has their leg: what they did is evened out (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.execution.inputs import News
from shared.exchange.model.user_events import AlgoUpdate
from tests.support.execution.desk import BTC, START, Desk

D = Decimal


def given_up(desk: Desk) -> None:
    """An entry that buys 2 at 99 and is thought to be lost, and lives."""
    desk.enter("old", kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    (entry,) = desk.core.state.plans[f"{BTC}:BOTH"].of(desk.core.state.orders, "entry")
    entry.end("LOST", desk.now)
    desk.driver.weather.writes = False  # it cannot be cancelled
    desk.run(1_100)
    assert desk.core.state.plans == {}


def test_a_late_fill_beside_a_trade_of_its_side_is_taken_off_again() -> None:
    """EXEC-3: the stop of the living trade covers it meanwhile."""
    desk = Desk()
    given_up(desk)
    desk.driver.weather.writes = True
    desk.enter("new", close_time=START + 1)
    desk.price("98.9")
    desk.run(4_000)
    assert (desk.held(), desk.state, desk.rungs()) == (2, "open", [(D(110), D(2))])


def test_a_late_fill_that_turns_the_position_round_is_closed() -> None:
    """EXEC-3: the living trade was short of less than it bought; nothing is left without a stop or an owner."""
    desk = Desk()
    given_up(desk)
    desk.driver.weather.writes = True
    desk.enter("new", close_time=START + 1, side="SELL", quantity=D(1))
    assert desk.held() == -1
    desk.price("98.9")
    desk.run(20_000)
    assert (desk.held(), desk.resting(), desk.core.state.plans) == (0, [], {})
    assert "late_fill" in desk.alerts


def test_a_stop_whose_trigger_is_changed_where_it_stands_is_respected() -> None:
    """EXEC-3: a person may amend it instead of replacing it."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    stop, plan = desk.stop(), desk.plan()
    assert stop is not None
    assert plan is not None
    moved = msgspec.structs.replace(stop, trigger=D(96), updated_at=desk.now)
    effects = desk.core.handle(News(event=AlgoUpdate(time=desk.now, order=moved)), desk.now)
    assert (plan.moved_to, effects.requests) == (D(96), [])
