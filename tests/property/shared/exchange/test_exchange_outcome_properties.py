"""The outcome protocol: never conclusive too early, never a second order, whatever is lost on the way (binance.md §5.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.order_words import AnyOrderStatus
from shared.exchange.model.orders import FINAL, ExchangeOrder
from shared.exchange.outcome.outcomes import Accepted, AskAgain, Doubt, Refused, Uncertain, judge

doubts = st.sampled_from(get_args(Doubt))
times = st.integers(0, 100_000)


def stated(status: AnyOrderStatus) -> ExchangeOrder:
    return ExchangeOrder(
        symbol="BTCUSDT", id=1, client_id="ict-1", book="plain", side="BUY", type="LIMIT", status=status,
        quantity=Decimal(1), executed=Decimal(0), updated_at=1,
    )  # fmt: skip


@given(doubts, times, times, st.integers(0, 5_000))
def test_no_such_order_counts_only_after_the_request_can_no_longer_arrive(
    doubt: Doubt, until: int, asked_at: int, margin: int
) -> None:
    """EXEC-2: timestamp + recvWindow + margin; and never for an id that the exchange said is open."""
    verdict = judge("placed", Uncertain(doubt=doubt, until=until), None, asked_at, margin)
    if isinstance(verdict, Refused):
        assert asked_at > until + margin
        assert doubt != "known_id"
    else:
        assert isinstance(verdict, AskAgain)
        assert asked_at <= until + margin or doubt == "known_id"


@given(doubts, times, times, st.sampled_from(get_args(AnyOrderStatus)))
def test_an_order_that_is_found_was_taken(doubt: Doubt, until: int, asked_at: int, status: AnyOrderStatus) -> None:
    """EXEC-2: at any time and in any state."""
    found = stated(status)
    assert judge("placed", Uncertain(doubt=doubt, until=until), found, asked_at, 0) == Accepted(order=found)


@given(doubts, times, times, st.sampled_from([None, *get_args(AnyOrderStatus)]))
def test_a_cancel_is_done_when_the_order_is_over(
    doubt: Doubt, until: int, asked_at: int, status: AnyOrderStatus | None
) -> None:
    """EXEC-2: an open order after the window means that the cancel did not happen."""
    found = stated(status) if status is not None else None
    verdict = judge("cancelled", Uncertain(doubt=doubt, until=until), found, asked_at, 0)
    if status in FINAL:
        assert verdict == Accepted(order=found)
    else:
        assert isinstance(verdict, Refused if asked_at > until else AskAgain)


@settings(max_examples=100)
@given(
    arrives=st.one_of(st.none(), st.integers(0, 3_000)),
    window=st.integers(500, 3_000),
    questions=st.lists(st.tuples(st.integers(1, 2_000), st.booleans()), min_size=1, max_size=20),
)
def test_whoever_sends_again_on_the_verdict_never_doubles(
    arrives: int | None, window: int, questions: list[tuple[int, bool]]
) -> None:
    """EXEC-2, invariant 3: a model of a request on its way: it arrives within its window or never; questions may be lost."""
    arrived = arrives is not None and arrives <= window
    open_ = Uncertain(doubt="timeout", until=window)
    now, copies = 0, 1
    for pause, lost in questions:
        now += pause
        if lost:
            continue
        found = stated("NEW") if arrived and arrives is not None and arrives <= now else None
        verdict = judge("placed", open_, found, now, 0)
        if isinstance(verdict, Refused):
            copies += 1  # the protocol's licence to send again
            break
        if isinstance(verdict, Accepted):
            break
    assert copies == 1 or not arrived
