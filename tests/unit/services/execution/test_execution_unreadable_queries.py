"""An order of which no query is ever answered is in doubt only until listings and executions have told enough."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import pytest

from services.execution.inputs import Answer
from services.execution.requests import PlaceOrder, QueryExecutions, QueryOrder, Request
from services.execution.settings import ExecutionSettings
from shared.exchange.model.orders import NewOrder
from tests.support.execution.desk import BTC, Desk

SETTINGS = ExecutionSettings()
#: Long enough for the longest doubt of which listings and executions tell.
LONG_MS = 40_000


def unreadable(
    desk: Desk,
    lost: Callable[[NewOrder], bool] = lambda order: False,
    result: Literal["unknown", "unsent", "refused"] = "unknown",
) -> None:
    """No query is answered by anything that can be read. lost: orders whose request vanishes."""
    real = desk.driver._carry

    def carry(request: Request) -> None:
        if isinstance(request, PlaceOrder) and lost(request.order):
            client_id, act = request.order.client_id, "place"
            if not request.order.protects:
                desk.driver.weather.lose_request = 1.0
                real(request)
                desk.driver.weather.lose_request = 0.0
                return
        elif isinstance(request, QueryOrder):
            client_id, act = request.client_id, "query"
        else:
            real(request)
            return
        ended = result if act == "query" else "unknown"
        answer = Answer(kind=act, client_id=client_id, result=ended, asked_at=desk.now)  # type: ignore[arg-type]  # one of two
        desk.driver._later(1_000, lambda: desk.driver._handle(answer))

    desk.driver._carry = carry  # type: ignore[method-assign]  # the model driver's hand at the exchange


def first_stop() -> Callable[[NewOrder], bool]:
    seen: list[str] = []

    def lost(order: NewOrder) -> bool:
        if order.type == "STOP_MARKET" and not seen:
            seen.append(order.client_id)
        return order.client_id in seen

    return lost


@pytest.mark.parametrize("result", ["unknown", "unsent", "refused"])
def test_an_entry_that_never_arrived_and_is_never_told_of_is_given_up(
    result: Literal["unknown", "unsent", "refused"],
) -> None:
    """EXEC-4, invariant 7: no listing shows it, no execution is of it; its symbol takes entries again by itself."""
    desk = Desk()
    unreadable(desk, lambda order: order.type == "LIMIT", result)
    desk.enter()
    desk.run(3_000)
    assert (desk.state, desk.frozen) == ("entering", {BTC: "doubt"})
    desk.run(LONG_MS)
    assert (desk.state, desk.frozen) == ("failed", {})


def test_a_stop_that_never_arrived_and_is_never_told_of_does_not_keep_its_trade_from_ending() -> None:
    """EXEC-4, invariant 7: a second one stood; the trade is over, told, and the symbol is free."""
    desk = Desk()
    unreadable(desk, first_stop())
    desk.enter()
    desk.run(3_000)
    assert (desk.state, desk.frozen) == ("open", {BTC: "doubt"})
    desk.price(110)
    desk.run(LONG_MS)
    assert (desk.held(), desk.state, desk.frozen, len(desk.trades)) == (0, "closed", {}, 1)


def test_a_stop_that_never_arrived_thaws_its_symbol_while_the_trade_lives() -> None:
    """EXEC-4: nothing about the trade that stands is touched."""
    desk = Desk()
    unreadable(desk, first_stop())
    desk.enter()
    desk.run(LONG_MS)
    assert (desk.held(), desk.state, desk.frozen) == (2, "open", {})
    assert desk.stop() is not None


def test_while_listings_cannot_be_read_an_order_stays_in_doubt() -> None:
    """Invariant 7: nothing is concluded from silence."""
    desk = Desk()
    unreadable(desk, lambda order: order.type == "LIMIT")
    desk.enter()
    desk.driver.weather.reads = False
    desk.run(LONG_MS)
    assert (desk.state, desk.frozen) == ("entering", {BTC: "doubt"})


def test_while_executions_cannot_be_read_an_order_stays_in_doubt() -> None:
    """Invariant 7: an order that is not open may have filled."""
    desk = Desk()
    unreadable(desk, lambda order: order.type == "LIMIT")
    real = desk.driver._carry
    desk.driver._carry = lambda request: None if isinstance(request, QueryExecutions) else real(request)  # type: ignore[method-assign]  # the model driver's hand
    desk.enter()
    desk.run(LONG_MS)
    assert (desk.state, desk.frozen) == ("entering", {BTC: "doubt"})
    desk.driver._carry = real  # type: ignore[method-assign]  # as it was
    desk.run(5_000)
    assert (desk.state, desk.frozen) == ("failed", {})


def test_an_entry_that_rests_though_no_query_says_so_is_not_given_up() -> None:
    """Invariant 7: its answer and its news were lost, and a listing shows it."""
    desk = Desk()
    unreadable(desk)
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 1.0
    desk.enter(kind="limit", price=Decimal(99), bound=Decimal(99), rests_until=desk.now + 300_000)
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 0.0
    desk.run(LONG_MS)
    assert (desk.state, len(desk.resting())) == ("entering", 1)
    desk.price(98)
    desk.run(1_000)
    assert (desk.held(), desk.state) == (2, "open")


def test_an_order_that_was_given_up_and_fills_after_all_is_protected() -> None:
    """EXEC-3: given up is our own inference; a fill under an id of ours is always ours."""
    desk = Desk()
    unreadable(desk)
    hidden: list[object] = []
    real = desk.driver.state_account

    def state_account() -> None:
        living, desk.exchange.living = desk.exchange.living, lambda symbol=None: []  # type: ignore[method-assign, assignment]  # listings are wrong
        desk.driver._look()
        desk.exchange.living = living  # type: ignore[method-assign]  # as it was
        hidden.append(1)
        real()

    desk.driver.state_account = state_account  # type: ignore[method-assign]  # statements that do not show it
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 1.0
    desk.enter(kind="limit", price=Decimal(99), bound=Decimal(99), rests_until=desk.now + 300_000)
    desk.driver.weather.lose_answer = desk.driver.weather.lose_news = 0.0
    desk.run(LONG_MS)
    assert hidden
    assert desk.state == "failed"
    desk.driver.state_account = real  # type: ignore[method-assign]  # as it was
    desk.price(98)
    desk.run(1_000)
    assert (desk.held(), desk.state, desk.stop() is not None) == (2, "open", True)


def test_a_stop_that_is_gone_without_news_is_replaced_although_no_query_is_answered() -> None:
    """EXEC-3, invariant 4: listings do not show it, and nothing says why."""
    desk = Desk()
    desk.enter()
    desk.run(5_000)
    unreadable(desk)
    desk.driver.weather.lose_news = 1.0
    desk.person_cancels(desk.stop())
    desk.driver.weather.lose_news = 0.0
    desk.run(LONG_MS)
    assert (desk.held(), desk.stop() is not None, desk.frozen) == (2, True, {})
