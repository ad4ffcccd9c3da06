"""A process dies and another begins: from its snapshot, from an older one, from nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.inputs import Connected, Executions
from services.execution.settings import ExecutionSettings
from shared.domain.control import ClockTick
from tests.support.execution.desk import BTC, START, Desk, control, core, intent

D = Decimal


def test_a_snapshot_holds_everything() -> None:
    """EXEC-2, invariant 3."""
    desk = Desk()
    desk.enter()
    other = core()
    other.restore(desk.core.snapshot())
    assert other.state == desk.core.state


def test_an_intent_that_the_process_before_may_have_sent_is_not_sent_again() -> None:
    """Invariant 3: the end of the log is lost, with the note that the entry left; the broker delivers the verdict again."""
    desk = Desk()
    before = desk.core.snapshot()
    one = intent()
    desk.approve(one)
    desk.price(110)
    desk.run(1_000)
    assert desk.held() == 0
    desk.price(100)
    desk.driver.restart(before)
    desk.approve(one)
    desk.run(5_000)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (1, 0, {})


def test_an_entry_that_waited_when_the_process_died_is_asked_about_and_not_sent() -> None:
    """Invariant 3."""
    desk = Desk()
    desk.driver.weather.lose_request = 1.0
    desk.enter()
    desk.driver.weather.lose_request = 0.0
    desk.driver.restart(desk.core.snapshot())
    desk.run(8_000)
    assert (desk.entries(), desk.state) == ([], "failed")


def test_a_position_whose_fill_was_in_the_lost_end_of_the_log_is_protected() -> None:
    """EXEC-2, invariant 4: the entry is remembered as waiting."""
    desk = Desk()
    desk.driver.weather.lose_news = 1.0
    desk.driver.weather.lose_answer = 1.0
    desk.enter()
    desk.driver.weather.lose_news = desk.driver.weather.lose_answer = 0.0
    desk.driver.restart(desk.core.snapshot())
    desk.run(3_000)
    assert (desk.held(), desk.state, desk.stop() is not None) == (2, "open", True)


def test_a_stop_that_was_on_its_way_when_the_process_died_is_placed_by_the_next() -> None:
    """Invariant 4: within the time that a position may be naked."""
    desk = Desk()
    desk.driver.weather.slow = 1
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.run(200)
    desk.driver.weather.lose_request = 1.0
    desk.price("98.9")
    desk.driver.weather.lose_request = 0.0
    desk.driver.restart(desk.core.snapshot())
    desk.run(2_500)
    assert (desk.held(), desk.stop() is not None) == (2, True)


def test_from_nothing_a_trade_is_taken_up_again_from_its_stop() -> None:
    """EXEC-2: its ladder is lost, so that its targets are taken away; it rides until the stop."""
    desk = Desk()
    desk.enter()
    desk.driver.restart(None)
    desk.run(3_000)
    plan = desk.plan()
    assert plan is not None
    assert (plan.state, plan.stop, plan.remaining(desk.core.state.orders), desk.frozen) == ("open", 95, 2, {})
    desk.price(95)
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "stop")


def test_from_nothing_a_naked_position_of_ours_is_found_by_its_executions_and_closed() -> None:
    """EXEC-2, invariant 4: it died between the entry and the stop."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -1003 if order.protects else 0
    desk.enter()
    desk.exchange.refuse = lambda order: 0
    desk.driver.restart(None)
    desk.run(4_000)
    assert (desk.held(), desk.resting(), desk.frozen) == (0, [], {})


def test_from_nothing_exits_of_ours_without_a_position_are_taken_away() -> None:
    """Invariant 4: but not before the position has been stated flat for a while, as statements lag."""
    desk = Desk()
    desk.enter()
    held = dict(desk.exchange.position)
    desk.driver.restart(None)
    desk.exchange.position[BTC] = D(0)
    desk.driver._look()
    desk.driver.core = core()
    desk.run(3_000)
    assert desk.stop() is not None
    desk.exchange.ours[BTC] = D(0)
    desk.run(20_000)
    assert (desk.resting(), held) == ([], {BTC: D(2)})


def test_from_nothing_a_stale_statement_that_shows_no_position_takes_no_stop_away() -> None:
    """Invariant 4: the fill is four seconds old, the statements are five seconds behind."""
    desk = Desk()
    desk.run(8_000)
    desk.driver.weather.lag = 5_000
    desk.enter()
    desk.driver.restart(None)
    for _ in range(20):
        desk.run(500)
        assert desk.stop() is not None or desk.held() == 0


def test_from_nothing_a_resting_entry_of_ours_is_taken_away() -> None:
    """Invariant 5: nobody remembers who approved it."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.restart(None)
    desk.run(4_000)
    assert (desk.resting(), desk.held()) == ([], 0)


def test_exits_have_other_ids_than_those_of_a_process_whose_end_of_the_log_was_lost() -> None:
    """Invariant 3."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    before = desk.core.snapshot()
    desk.price("98.9")
    desk.run(300)
    desk.driver.restart(before)
    desk.run(6_000)
    desk.person_cancels(desk.stop())
    desk.run(2_000)
    ids = [each.client_id for each in desk.exchange.arrived]
    assert (len(ids), desk.state) == (len(set(ids)), "open")


def test_from_nothing_the_fills_of_trades_that_are_over_do_not_hide_a_naked_position_of_the_other_side() -> None:
    """EXEC-2, invariant 4: one batch of executions tells a long that is closed, and the entry of a short."""
    desk = Desk()
    desk.enter("long")
    desk.price(110)
    desk.run(3_000)
    desk.price(100)
    desk.exchange.refuse = lambda order: -1003 if order.protects else 0
    desk.enter("short", close_time=desk.now, side="SELL")
    desk.exchange.refuse = lambda order: 0
    desk.driver.restart(None)
    desk.run(4_000)
    assert (desk.held(), desk.resting(), desk.frozen) == (0, [], {})


def test_a_process_that_slept_tries_a_stop_before_it_closes() -> None:
    """EXEC-3: the time in which it could do nothing does not count as time in which no stop was taken."""
    desk = Desk()
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 1.0
    desk.enter()
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 0.0
    plan = desk.plan()
    assert plan is not None
    plan.state, plan.naked_since = "protecting", desk.now
    late = desk.now + 10_000
    desk.core.handle(Connected(open=True, woken=True), late)
    desk.core.handle(ClockTick(time=late), late)
    assert (plan.naked_since, plan.exit_wanted) == (late, "")


@pytest.mark.parametrize("every_ms", [1_000, 1_700, 2_900])
def test_a_process_that_stands_still_again_and_again_closes_what_it_cannot_protect(every_ms: int) -> None:
    """EXEC-3, invariant 4: each standstill gave the stop its three seconds anew, for as long as that went on."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -1008 if order.type == "STOP_MARKET" else 0
    desk.enter()
    began = desk.now
    while desk.held() and desk.now - began < 30_000:
        desk.run(every_ms)
        desk.driver.give(Connected(open=True, woken=True))
    assert desk.now - began <= 2 * ExecutionSettings().naked_ms + every_ms


def test_each_nakedness_has_its_own_time_after_a_standstill() -> None:
    """EXEC-3: one that came later is given the whole of it again, once."""
    desk = Desk()
    desk.enter()
    for _ in range(2):
        desk.exchange.refuse = lambda order: -1008 if order.type == "STOP_MARKET" else 0
        desk.person_cancels(desk.stop())
        desk.run(2_000)
        desk.driver.give(Connected(open=True, woken=True))
        desk.run(1_500)
        assert (desk.held(), desk.stop()) == (2, None)
        desk.exchange.refuse = lambda order: 0
        desk.run(2_500)
        assert (desk.held(), desk.state) == (2, "open")


def test_an_execution_that_was_in_a_rebuilt_trade_opens_no_other_one_when_that_is_over() -> None:
    """EXEC-2, EXEC-4: what a person holds by then is not sold for it."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    desk.driver.restart(None)
    desk.run(3_000)
    desk.driver.give(control("close", symbol=BTC))
    desk.run(5_000)
    assert desk.held() == 0
    desk.person(1)
    trades = tuple(each for each in desk.exchange.trades if each.time <= START + 500)
    orders = tuple(desk.exchange.orders[each.order_id] for each in trades)
    desk.driver.give(Executions(symbol=BTC, asked_at=desk.now, trades=trades, orders=orders))
    desk.run(10_000)
    assert (desk.held(), desk.core.state.plans) == (1, {})
