"""A position has a stop at the exchange, or is closed: refusals, silence, children that fail, time that passes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.reporting import unprotected
from services.execution.settings import ExecutionSettings
from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import NewOrder
from tests.support.execution.desk import BTC, START, Desk, intent

D = Decimal


def refusing(desk: Desk, code: int, kind: str = "STOP_MARKET", times: int = 1_000) -> None:
    """The exchange refuses the next orders of a kind."""
    left = [times]

    def refuse(order: NewOrder) -> int:
        if order.type != kind or left[0] == 0:
            return 0
        left[0] -= 1
        return code

    desk.exchange.refuse = refuse


def test_an_entry_is_followed_by_its_stop_at_once_and_then_by_its_target() -> None:
    """EXEC-3, invariant 4: with the answer or the first news of a fill, whatever comes first."""
    desk = Desk()
    desk.enter()
    assert [each.order.type for each in desk.requests] == ["LIMIT", "STOP_MARKET", "TAKE_PROFIT_MARKET"]
    stop = desk.stop()
    assert stop is not None
    assert (stop.trigger, stop.close_position, stop.quantity) == (95, True, 0)
    assert desk.rungs() == [(D(110), D(2))]
    assert (desk.state, unprotected(desk.core.state)) == ("open", [])


def test_a_short_is_protected_alike() -> None:
    """EXEC-3."""
    desk = Desk()
    desk.enter(side="SELL")
    stop = desk.stop(side="BUY")
    assert stop is not None
    assert (desk.held(), stop.trigger, desk.rungs()) == (-2, 105, [(D(90), D(2))])
    desk.price(105)
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "stop")


def test_the_answer_to_the_entry_is_lost_and_the_stop_leaves_with_the_news_of_its_fill() -> None:
    """EXEC-3: nothing waits until the question what became of the order is answered."""
    desk = Desk()
    desk.driver.weather.lose_answer = 1.0
    desk.enter()
    assert desk.now == START
    assert desk.stop() is not None


def test_account_reads_fail_and_the_fill_of_the_stop_still_takes_the_target_away() -> None:
    """EXEC-4: order news need no statement."""
    desk = Desk()
    desk.enter()
    desk.driver.weather.reads = False
    desk.price(95)
    desk.run(1_000)
    assert (desk.held(), desk.resting(), desk.state) == (0, [], "closed")


@pytest.mark.parametrize("code", [ErrorCode.PRICE_NOT_INCREASED_BY_TICK_SIZE, ErrorCode.UNKNOWN])
def test_a_symbol_in_which_no_stop_is_taken_is_left_at_the_market_and_not_entered_again(code: int) -> None:
    """EXEC-3: five signals after the tick size changed made ten market orders; now one entry and its closing."""
    desk = Desk()
    refusing(desk, int(code))
    desk.enter()
    desk.run(3_000)
    assert desk.held() == 0
    assert desk.frozen == {BTC: "unprotectable"}
    for n in range(5):
        desk.enter(f"again{n}", close_time=desk.now + n)
        desk.run(1_000)
    assert len(desk.entries()) == 1
    assert desk.exchange.time - START < 20_000
    assert desk.trades[0].exit_reason == "flatten"


def test_one_refused_stop_is_tried_again_after_a_pause() -> None:
    """EXEC-3."""
    desk = Desk()
    refusing(desk, -1000, times=1)
    desk.enter()
    assert desk.stop() is None
    desk.run(1_000)
    assert (desk.held(), desk.stop() is not None, desk.frozen) == (2, True, {})


def test_a_request_that_was_never_sent_is_no_refusal() -> None:
    """EXEC-3: a full rate limit does not make a symbol unprotectable."""
    desk = Desk()
    desk.enter("none", quantity=D("0.001"), kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.unsent = 1.0
    desk.price("98.9")
    desk.run(1_200)
    desk.driver.weather.unsent = 0.0
    desk.run(1_500)
    assert (desk.held(), desk.stop() is not None, desk.frozen) == (D("0.001"), True, {})


def test_a_price_beyond_the_stop_closes_the_position() -> None:
    """EXEC-3: -2021, the stop would trigger at once: what it was for is done at the market."""
    desk = Desk()
    refusing(desk, int(ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER))
    desk.enter()
    desk.run(200)
    assert (desk.held(), desk.frozen) == (0, {})


def test_a_position_that_stays_naked_is_closed_when_its_time_is_over() -> None:
    """EXEC-3, invariant 4: the rate limit keeps every stop away for three seconds; the next signal would end so, too."""
    desk = Desk()
    refusing(desk, int(ErrorCode.TOO_MANY_REQUESTS))
    desk.enter()
    desk.run(ExecutionSettings().naked_ms - 100)
    assert desk.held() == 2
    desk.run(500)
    assert (desk.held(), desk.frozen) == (0, {BTC: "unprotectable"})
    assert desk.trades == [] or desk.trades[0].exit_reason == "flatten"


def test_a_lost_stop_request_is_overtaken_by_another_and_the_first_is_queried_not_repeated() -> None:
    """EXEC-3, invariant 7."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.lose_request = 1.0
    desk.price("98.9")
    desk.driver.weather.lose_request = 0.0
    assert desk.stop() is None
    desk.run(1_200)
    assert desk.stop() is not None
    desk.run(6_000)
    assert (desk.held(), desk.frozen) == (2, {})
    ids = [each.client_id for each in desk.exchange.arrived]
    assert len(ids) == len(set(ids))


def test_the_stop_that_was_thought_lost_stands_and_the_trade_follows_it() -> None:
    """EXEC-3: -4130 to the second one says that a stop stands: it is found, nothing is closed."""
    desk = Desk()
    desk.driver.weather.lose_answer = 1.0
    desk.driver.weather.lose_news = 1.0
    desk.enter()
    desk.run(1_100)
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 0.0
    desk.run(8_000)
    assert (desk.held(), desk.state, desk.frozen) == (2, "open", {})
    assert len([each for each in desk.resting() if each.type == "STOP_MARKET"]) == 1


def test_a_stop_whose_child_is_refused_leads_to_closing() -> None:
    """EXEC-3: -4118 at the moment of triggering leaves the position naked under the stop."""
    desk = Desk()
    desk.enter()
    desk.exchange.child_fails = True
    desk.price("94.5")
    desk.exchange.child_fails = False
    desk.run(1_000)
    assert desk.held() == 0
    desk.run(3_000)
    assert desk.resting() == []


@pytest.mark.parametrize("code", [ErrorCode.MARKET_ORDER_REJECT, ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED])
def test_a_closing_that_is_refused_is_tried_again_with_pauses_and_a_stop_stands_meanwhile(code: int) -> None:
    """EXEC-3: -4131, the book is too thin; -4118."""
    desk = Desk()
    desk.enter(close_by=START + 1_000)
    refusing(desk, int(code), kind="MARKET")
    desk.run(10_000)
    assert desk.held() == 2
    assert desk.stop() is not None
    assert len(desk.placed("MARKET")) <= 8
    refusing(desk, 0)
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "time")


def test_a_closing_of_nothing_is_refused_and_the_account_is_asked() -> None:
    """EXEC-4: -2022: somebody closed it, and no news came; the trade ends by executions that are asked for."""
    desk = Desk()
    desk.enter(close_by=START + 1_500)
    desk.driver.weather.lose_news = 1.0
    desk.person(-2)
    desk.driver.weather.lose_news = 0.0
    desk.run(6_000)
    assert (desk.state, desk.resting(), desk.frozen) == ("closed", [], {})
    assert desk.trades[0].exit_reason == "external"


def test_a_fill_over_budget_is_reduced_to_it() -> None:
    """EXEC-2: 2 at 100.01 with the stop at 95 risk 10.02 and 0.195 of fees; the budget is 6."""
    desk = Desk()
    desk.enter(risk_budget=D(6))
    desk.run(500)
    one = D("5.01") + D("0.0005") * D("195.01")
    assert desk.held() * one <= 6 < (desk.held() + D("0.001")) * one
    assert desk.rungs() == [(D(110), desk.held())]
    assert "over_budget" in desk.alerts


def test_a_trade_ends_when_its_time_is_over() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter(close_by=START + 5_000)
    desk.run(4_900)
    assert desk.held() == 2
    desk.run(2_500)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "time")


def test_an_intent_closes_a_trade_and_one_of_a_trade_that_is_over_does_nothing() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter()
    desk.approve(intent("c1", START + 1, purpose="close", about="other"))
    assert desk.held() == 2
    desk.approve(intent("c2", START + 2, purpose="close", about="i1"))
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "command")


def test_a_close_takes_a_resting_entry_away_too() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.approve(intent("c2", START + 2, purpose="close", about="i1"))
    desk.run(500)
    assert (desk.resting(), desk.state) == ([], "failed")
