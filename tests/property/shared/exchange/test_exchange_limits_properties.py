"""The limiter never lets more through than the exchange allows, keeps what is reserved, and never waits for nothing."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.limits.windows import (
    DEFAULT_LIMITS,
    Cost,
    Limit,
    Urgency,
    Usage,
    admit,
    closed,
    counts_of,
    retry_after_ms,
    told,
    used_now,
)

SHARES: dict[Urgency, float] = {"protect": 1.0, "order": 0.9, "read": 0.7, "bulk": 0.5}
SMALL = (Limit("weight_1m", 60_000, 100), Limit("orders_10s", 10_000, 20), Limit("orders_1m", 60_000, 50))

costs = st.builds(Cost, st.integers(0, 40), st.integers(0, 5), st.integers(0, 5))
calls = st.lists(st.tuples(st.integers(0, 15_000), costs, st.sampled_from(get_args(Urgency))), max_size=120)


@settings(max_examples=80)
@given(calls)
def test_no_window_ever_holds_more_than_its_ceiling(steps: list[tuple[int, Cost, Urgency]]) -> None:
    """EXEC-6: counted by the windows of the exchange, whoever asks and whenever."""
    usage, now = Usage(), 1_700_000_000_000
    spent: defaultdict[tuple[str, int], int] = defaultdict(int)
    for pause, cost, urgency in steps:
        now += pause
        admission = admit(usage, SMALL, cost, urgency, SHARES, now)
        if admission.wait_ms:
            assert admission.usage is usage, "what may not go is not counted"
            continue
        usage = admission.usage
        for limit in SMALL:
            window = (limit.name, now // limit.interval_ms)
            spent[window] += cost.of(limit.name)
            assert spent[window] <= limit.ceiling
            assert used_now(usage, limit, now) == spent[window] or not cost.of(limit.name)


@settings(max_examples=50)
@given(calls, costs)
def test_who_waits_as_long_as_told_may_go(steps: list[tuple[int, Cost, Urgency]], cost: Cost) -> None:
    """EXEC-6: the wait is to the next window, and no second wait follows if nobody else came."""
    usage, now = Usage(), 1_700_000_000_000
    for pause, each, urgency in steps:
        now += pause
        usage = admit(usage, SMALL, each, urgency, SHARES, now).usage
    for urgency in get_args(Urgency):
        wait = admit(usage, SMALL, cost, urgency, SHARES, now).wait_ms
        assert 0 <= wait <= 60_000
        assert admit(usage, SMALL, cost, urgency, SHARES, now + wait).wait_ms == 0


@settings(max_examples=100)
@given(st.integers(1, 400))
def test_bulk_leaves_room_for_protection(asked: int) -> None:
    """EXEC-6: however much history is asked for, a stop still passes."""
    usage, now = Usage(), 1_700_000_000_000
    for _ in range(asked):
        usage = admit(usage, DEFAULT_LIMITS, Cost(10), "bulk", SHARES, now).usage
        usage = admit(usage, DEFAULT_LIMITS, Cost(0, 1, 1), "order", SHARES, now).usage
    assert admit(usage, DEFAULT_LIMITS, Cost(1, 1, 1), "protect", SHARES, now).wait_ms == 0
    waits = [admit(usage, DEFAULT_LIMITS, Cost(100, 10, 10), each, SHARES, now).wait_ms for each in get_args(Urgency)]
    assert all(high <= low for high, low in pairwise(waits)), "the more urgent never waits longer"


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000), st.sampled_from(get_args(Urgency)))
def test_silence_that_the_exchange_asked_for_holds_for_everybody(until: int, earlier: int, urgency: Urgency) -> None:
    """EXEC-6: going on after 429 is how a ban is earned; a shorter silence never ends a longer one."""
    usage = closed(closed(Usage(), until), earlier)
    now = max(until, earlier) - 1
    assert admit(usage, DEFAULT_LIMITS, Cost(1), urgency, SHARES, now).wait_ms >= 1
    assert admit(usage, DEFAULT_LIMITS, Cost(1), urgency, SHARES, max(until, earlier)).wait_ms == 0


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_the_exchanges_higher_count_wins_and_a_lower_one_is_old(ours: int, theirs: int) -> None:
    """EXEC-6: others may use the same address."""
    now, limit = 1_700_000_000_000, DEFAULT_LIMITS[0]
    usage = admit(Usage(), (limit,), Cost(ours), "protect", SHARES, now).usage
    heard = told(usage, DEFAULT_LIMITS, {"weight_1m": theirs}, now)
    assert used_now(heard, limit, now) == max(ours, theirs)
    assert used_now(heard, limit, now + 60_000) == 0
    if theirs <= ours:
        assert heard is usage


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["X-MBX-USED-WEIGHT-1M", "Retry-After", "Date"]), st.text(max_size=12)))
def test_headers_of_any_kind_are_read_or_ignored(headers: dict[str, str]) -> None:
    """OPS-9: a proxy's nonsense raises nothing."""
    assert all(count >= 0 for count in counts_of(headers).values())
    wait = retry_after_ms(headers)
    assert wait is None or wait >= 0
