"""When exits were lost or refused for long, the next attempt follows soon: pauses grow to 2.5 s and no further."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from services.execution.requests import PlaceOrder, QueryExecutions, QueryOrder
from tests.support.execution.desk import Desk
from tests.support.execution.driver import Weather

WITHIN_MS = 3_000


@pytest.mark.parametrize("lost_for_ms", range(2_000, 40_000, 1_500))
def test_a_bare_position_is_protected_or_closed_soon_after_the_exchange_answers_again(lost_for_ms: int) -> None:
    """EXEC-3: requests have vanished for up to 40 s; each that is in doubt made the wait for the next one longer."""
    desk = Desk()
    desk.enter()
    desk.person_cancels(desk.stop())
    desk.driver.weather = Weather(lose_request=1.0)
    desk.run(lost_for_ms)
    assert desk.held()
    assert desk.stop() is None
    desk.driver.weather = Weather()
    desk.run(WITHIN_MS)
    assert not desk.held() or desk.stop() is not None


@pytest.mark.parametrize("code", [-1001, -1111, -2019, -2022, -4118, -4131])
@pytest.mark.parametrize("refused_for_ms", range(2_000, 40_000, 4_500))
def test_a_bare_position_is_protected_or_closed_soon_after_the_exchange_takes_its_exits_again(
    refused_for_ms: int, code: int
) -> None:
    """EXEC-3: every exit was refused meanwhile."""
    desk = Desk()
    desk.enter()
    desk.person_cancels(desk.stop())
    desk.driver.exchange.refuse = lambda order: code if order.protects else 0
    desk.run(refused_for_ms)
    assert desk.held()
    assert desk.stop() is None
    desk.driver.exchange.refuse = lambda order: 0
    desk.run(WITHIN_MS)
    assert not desk.held() or desk.stop() is not None


def test_closes_in_doubt_do_not_hold_up_the_next_one_after_a_newer_one_was_answered() -> None:
    """EXEC-3: seven orders close what is held, 0.3 at a time; each follows the last answer, queries stay unanswered."""
    desk = Desk()
    desk.enter()
    desk.exchange.refuse = lambda order: -1111 if order.type == "STOP_MARKET" else 0
    desk.person_cancels(desk.stop())
    desk.driver.weather = Weather(lose_request=1.0, reads=False)
    desk.exchange.depth = Decimal("0.3")
    desk.run(20_000)
    assert desk.held() == 2
    desk.driver.weather = Weather(reads=False)
    desk.run(8_000)
    assert not desk.held()


def test_a_trade_that_one_order_does_not_close_is_to_have_a_stop_too() -> None:
    """EXEC-3, invariant 4: whichever of the two arrives first protects what is held; in the end nothing rests."""
    desk = Desk()
    desk.enter()
    desk.person_cancels(desk.stop())
    desk.driver.weather = Weather(lose_request=1.0)
    desk.run(20_000)
    kinds = [each.order.type for _, _, each in desk.driver.trail if isinstance(each, PlaceOrder)]
    first_closes = [at for at, kind in enumerate(kinds) if kind == "MARKET"]
    assert "STOP_MARKET" in kinds[first_closes[1] :]
    desk.driver.weather = Weather()
    desk.run(30_000)
    assert not desk.held()
    assert desk.resting() == []


def test_a_stop_of_which_nothing_is_known_is_asked_about_every_few_seconds_however_long_that_lasts() -> None:
    """EXEC-3, invariant 7: queries and executions stay unanswered; what is held may be bare."""
    desk = Desk()
    desk.enter()
    stop = desk.stop()
    assert stop is not None
    desk.driver.weather = Weather(lose_news=1.0, lose_answer=1.0)
    carry = desk.driver._carry
    desk.driver._carry = lambda request: None if isinstance(request, QueryExecutions) else carry(request)  # type: ignore[method-assign]  # the hand
    desk.person_cancels(stop)
    began = desk.now
    desk.run(40_000)
    asked = [at for at, _, each in desk.driver.trail if isinstance(each, QueryOrder) and each.client_id == stop.client_id]
    asked = [at for at in asked if at > began]
    assert len(asked) > 10
    assert max(later - earlier for earlier, later in pairwise(asked)) <= WITHIN_MS
