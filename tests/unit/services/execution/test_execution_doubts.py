"""What is not known is asked, never sent again; statements that lag count late; what comes late counts all the same."""

from __future__ import annotations

from decimal import Decimal

from services.execution.inputs import Answer, Paid
from services.execution.requests import PlaceOrder, QueryOrder
from shared.domain.account import FundingPayment
from shared.exchange.model.orders import OrderRef
from tests.support.execution.desk import BTC, ETH, START, Desk

D = Decimal


def queries(desk: Desk) -> int:
    return sum(isinstance(each, QueryOrder) for _, _, each in desk.driver.trail)


def test_one_lost_answer_and_one_failed_question_freeze_nothing_for_good() -> None:
    """Invariant 7, at the shipped settings: the symbol thaws by itself when the doubt is resolved."""
    desk = Desk()
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 1.0
    desk.enter()
    desk.run(1_800)
    assert desk.frozen == {BTC: "doubt"}
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 0.0
    desk.run(6_000)
    assert (desk.frozen, desk.held(), desk.state) == ({}, 2, "open")
    assert len(desk.entries()) == 1


def test_an_entry_that_never_arrived_is_not_sent_again() -> None:
    """Invariants 3 and 7: it is asked about until it can no longer arrive; then the trade is over."""
    desk = Desk()
    desk.driver.weather.lose_request = 1.0
    desk.enter()
    desk.driver.weather.lose_request = 0.0
    desk.run(10_000)
    assert (desk.entries(), desk.state, desk.frozen) == ([], "failed", {})
    sent = [each for _, _, each in desk.driver.trail if isinstance(each, PlaceOrder)]
    assert len(sent) == 1
    assert queries(desk) >= 2


def test_questions_that_fail_are_asked_with_growing_pauses() -> None:
    """Invariant 7: a doubt that lasts does not eat the rate limit."""
    desk = Desk()
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 1.0
    desk.driver.weather.reads = False
    desk.enter()
    desk.run(60_000, step=250)
    assert 5 <= queries(desk) <= 12


def test_an_order_that_a_question_does_not_find_twice_although_it_stands_is_found_again() -> None:
    """EXEC-4: -2013 while the stop stands; the next one is refused with -4130, and the trade follows the first."""
    desk = Desk()
    desk.enter()
    stop = desk.stop()
    assert stop is not None
    order = desk.core.state.orders[stop.client_id]
    order.check = True
    for _ in range(2):
        desk.driver.now += 3_000
        desk.driver.give(Answer(kind="query", client_id=stop.client_id, result="absent", asked_at=desk.now))
    desk.run(5_000)
    assert (desk.held(), desk.state, desk.frozen) == (2, "open", {})
    assert len([each for each in desk.resting() if each.type == "STOP_MARKET"]) == 1


def test_the_late_fill_of_a_dead_entry_brings_its_trade_back_protected() -> None:
    """EXEC-3: it was thought to have never arrived."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 2_000)
    (entry,) = desk.core.state.plans[f"{BTC}:BOTH"].of(desk.core.state.orders, "entry")
    entry.end("LOST", desk.now)
    desk.run(1_100)
    assert desk.core.state.plans == {}
    desk.driver.weather.writes = False
    desk.price("98.9")
    desk.driver.weather.writes = True
    desk.run(5_000)
    assert (desk.held(), desk.state, desk.stop() is not None) == (2, "open", True)
    assert "revived" in desk.alerts


def test_an_entry_of_a_trade_that_is_over_and_lives_on_is_ended() -> None:
    """EXEC-3."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    (entry,) = desk.core.state.plans[f"{BTC}:BOTH"].of(desk.core.state.orders, "entry")
    entry.end("LOST", desk.now)
    desk.run(5_000)
    assert (desk.resting(), desk.core.state.plans) == ([], {})


def test_the_fill_of_an_entry_that_is_forgotten_is_closed() -> None:
    """EXEC-3: a fill under an id of ours is always ours."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.core.state.plans.clear()
    desk.core.state.orders.clear()
    desk.core.restore(desk.core.snapshot())
    desk.price("98.9")
    desk.run(6_000)
    assert (desk.held(), desk.resting(), desk.frozen) == (0, [], {})
    assert "late_fill" in desk.alerts


def test_the_late_fill_of_an_older_trade_under_another_one_is_taken_off_again() -> None:
    """EXEC-3: the stop of the living trade covers it meanwhile."""
    desk = Desk()
    desk.enter("old", kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.core.state.plans.clear()
    desk.core.state.orders.clear()
    desk.core.restore(desk.core.snapshot())
    desk.enter("new", close_time=START + 1)
    desk.price("98.9")
    desk.run(4_000)
    assert (desk.held(), desk.state, desk.frozen) == (2, "open", {})
    assert desk.rungs() == [(D(110), D(2))]


def test_a_held_position_keeps_its_stop_while_statements_lag_by_five_seconds() -> None:
    """EXEC-4, invariant 4: the answer said FILLED; another symbol's news come in between."""
    desk = Desk()
    desk.run(6_000)
    desk.driver.weather.lag = 5_000
    desk.enter()
    desk.person(1, symbol=ETH)
    for _ in range(20):
        desk.run(500)
        assert (desk.state, desk.stop() is not None, len(desk.rungs())) == ("open", True, 1)
    assert "unexplained" not in desk.alerts


def test_statements_that_show_nothing_count_after_a_time_by_the_clock_and_their_difference_is_written_off() -> None:
    """EXEC-4: the position is gone, and no execution says so."""
    desk = Desk()
    desk.enter()
    held, trades = desk.exchange.position, desk.exchange.trades
    held[BTC] = D(0)
    desk.exchange.ours[BTC] = D(0)
    desk.run(9_000)
    assert (desk.state, desk.stop() is not None) == ("open", True)
    desk.run(6_000)
    assert (desk.state, desk.resting()) == ("closed", [])
    assert (desk.trades[0].exit_reason, len(trades)) == ("external", 1)


def test_the_fill_of_a_rung_whose_news_were_lost_is_asked_for_and_booked() -> None:
    """EXEC-4: quantity by the order's status, money by its executions."""
    desk = Desk()
    desk.enter()
    desk.driver.weather.lose_news = 1.0
    desk.price(110)
    desk.driver.weather.lose_news = 0.0
    desk.run(8_000)
    assert (desk.state, desk.resting(), desk.frozen) == ("closed", [], {})
    (trade,) = desk.trades
    assert trade.result == desk.exchange.wallet - 10_000
    assert trade.exit_reason == "target"


def test_a_child_whose_link_has_not_come_is_asked_about_not_guessed() -> None:
    """EXEC-4: the child's fill came before the conditional order's news."""
    desk = Desk()
    desk.enter()
    desk.driver.weather.reorder = 1.0
    desk.driver.weather.slow_news = 800
    desk.price(95)
    desk.driver.weather.reorder = 0.0
    desk.driver.weather.slow_news = 0
    desk.run(8_000)
    assert (desk.state, desk.resting(), desk.frozen) == ("closed", [], {})
    assert desk.trades[0].exit_reason == "stop"
    assert desk.trades[0].result == desk.exchange.wallet - 10_000


def test_an_answer_that_comes_twice_or_late_changes_nothing() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.driver.weather.repeat = 1.0
    desk.driver.weather.slow = 700
    desk.enter()
    desk.run(4_000)
    assert (desk.held(), desk.state, len(desk.entries()), desk.frozen) == (2, "open", 1, {})


def test_a_cancel_that_finds_nothing_asks_and_the_fill_counts() -> None:
    """EXEC-4: -2011, because the order filled a moment before."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 2_000)
    desk.driver.weather.lose_news = 1.0
    desk.price("98.9")
    desk.driver.weather.lose_news = 0.0
    desk.run(2_600)
    assert (desk.held(), desk.stop() is not None) == (2, True)
    desk.run(4_000)
    assert desk.state == "open"


def test_a_payment_that_is_told_late_and_twice_counts_once_for_the_trade_that_was_held() -> None:
    """EXEC-4: the row of the income history came after the trade was over."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    at = desk.now
    desk.price(110)
    desk.run(4_000)
    (before,) = desk.trades
    payment = FundingPayment(symbol=BTC, time=at, rate=D("0.0001"), amount=D("-0.02"), id="f1")
    desk.driver.give(Paid(payments=(payment,)))
    desk.driver.give(Paid(payments=(payment,)))
    desk.run(2_500)
    after = desk.trades[1:]
    assert [(each.intent_id, each.funding, each.result) for each in after] == [("i1", D("-0.02"), before.result - D("0.02"))]


def test_the_results_of_trades_are_the_change_of_the_wallet() -> None:
    """EXEC-4: to the last digit."""
    desk = Desk()
    for n, price in enumerate((95, 110, 103)):
        desk.price(100)
        desk.enter(f"t{n}", close_time=desk.now, close_by=desk.now + 3_000)
        desk.price(price)
        desk.run(6_000)
    assert sum(each.result for each in desk.trades) == desk.exchange.wallet - 10_000
    assert [each.exit_reason for each in desk.trades] == ["stop", "target", "time"]


def test_an_order_that_the_exchange_shows_is_cancelled_by_the_name_of_its_child_once_it_has_triggered() -> None:
    """EXEC-4: a conditional order that has become a plain one answers to that one's id."""
    desk = Desk()
    desk.enter()
    stop = desk.stop()
    assert stop is not None
    order = desk.core.state.orders[stop.client_id]
    order.child_id = 77
    assert order.cancel_ref == OrderRef(symbol=BTC, id=77, book="plain")
