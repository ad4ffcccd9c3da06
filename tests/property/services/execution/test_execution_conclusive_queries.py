"""When execution believes that an order never arrived: not too early, whatever is lost on the way (binance.md, 5.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.execution.inputs import Answer, Result
from services.execution.oms.order import LiveOrder
from services.execution.settings import ExecutionSettings
from shared.domain.order_words import AnyOrderStatus
from shared.exchange.model.orders import ExchangeOrder
from tests.support.execution.desk import BTC, Desk
from tests.support.execution.driver import VALIDITY_MS

#: The answer to a query: when it was asked, ms after the order was signed, and what it said.
Told = tuple[int, Literal["absent", "unknown"]]

margins = st.integers(0, 5_000)
queries: st.SearchStrategy[list[Told]] = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(("absent", "unknown"))), max_size=8
)


def in_doubt(margin: int) -> tuple[Desk, LiveOrder]:
    """A desk whose entry left, and of which nothing is heard."""
    desk = Desk(settings=ExecutionSettings(doubt_margin_ms=margin))
    desk.driver.weather.lose_request, desk.driver.weather.reads = 1.0, False
    desk.enter()
    desk.run(2_000)
    (order,) = desk.core.state.orders.values()
    assert order.status == "IN_DOUBT"
    return desk, order


def told(desk: Desk, order: LiveOrder, at: int, result: Result, found: ExchangeOrder | None = None) -> None:
    asked_at = order.signed_at + at
    answer = Answer(kind="query", client_id=order.client_id, result=result, asked_at=asked_at, order=found)
    desk.core.handle(answer, max(desk.now, asked_at))


def judged(desk: Desk, order: LiveOrder, answers: list[Told], margin: int) -> None:
    """Tell the answers and require that the order is lost when it can no longer arrive, and not before."""
    for at, result in answers:
        told(desk, order, at, result)
        if result == "absent" and at > VALIDITY_MS + margin:
            assert order.status == "LOST"
            return
        assert order.status == "IN_DOUBT"


def stated(order: LiveOrder, status: AnyOrderStatus, executed: str = "0") -> ExchangeOrder:
    return ExchangeOrder(
        symbol=BTC, id=900, client_id=order.client_id, book="plain", side="BUY", type="LIMIT", status=status,
        quantity=Decimal(2), executed=Decimal(executed), average_price=Decimal(100), updated_at=order.signed_at,
    )  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(queries, margins)
def test_no_such_order_counts_only_after_the_request_can_no_longer_arrive(answers: list[Told], margin: int) -> None:
    """EXEC-2, invariant 7: the time that was signed + recvWindow + a margin for the clocks; a failed query says nothing."""
    desk, order = in_doubt(margin)
    judged(desk, order, answers, margin)


def test_the_property_catches_whoever_believes_too_early() -> None:
    """STYLE: the specimen leaves the margin out."""
    desk, order = in_doubt(0)
    with pytest.raises(AssertionError):
        judged(desk, order, [(VALIDITY_MS + 1, "absent")], 2_000)


@settings(deadline=None, max_examples=60)
@given(
    queries,
    st.sampled_from((("NEW", "0"), ("PARTIALLY_FILLED", "1"), ("FILLED", "2"), ("CANCELED", "1"), ("EXPIRED", "0"))),
    st.integers(0, 10_000),
)
def test_an_order_that_is_found_was_taken(answers: list[Told], found: tuple[AnyOrderStatus, str], at: int) -> None:
    """EXEC-2: at any time and in any state, before it was given up."""
    desk, order = in_doubt(2_000)
    judged(desk, order, [each for each in answers if each[0] <= VALIDITY_MS + 2_000], 2_000)
    status, executed = found
    told(desk, order, at, "done", stated(order, status, executed))
    assert (order.status, order.filled) == (status, Decimal(executed))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
def test_an_order_that_was_seen_is_lost_only_when_it_is_missing_twice(answers: list[int]) -> None:
    """EXEC-4: a query may run behind; one that does not find what was there is asked again."""
    desk, order = in_doubt(2_000)
    told(desk, order, 0, "done", stated(order, "NEW"))
    missing = 0
    for at in answers:
        told(desk, order, at, "absent")
        missing += at > 2_000
        assert (order.status == "LOST") is (missing >= 2)


@settings(deadline=None, max_examples=100)
@given(
    arrives=st.one_of(st.none(), st.integers(0, VALIDITY_MS)),
    asked=st.lists(st.tuples(st.integers(1, 2_000), st.booleans()), min_size=1, max_size=12),
)
def test_whoever_gives_an_order_up_never_meets_it_again(arrives: int | None, asked: list[tuple[int, bool]]) -> None:
    """EXEC-2, invariant 3: a model of a request on its way: it arrives within its window or never; queries may be lost."""
    desk, order = in_doubt(0)
    at = 0
    for pause, lost in asked:
        at += pause
        there = arrives is not None and arrives <= at
        if lost:
            told(desk, order, at, "unknown")
        elif there:
            told(desk, order, at, "done", stated(order, "NEW"))
            break
        else:
            told(desk, order, at, "absent")
    assert order.status != "LOST" or arrives is None
