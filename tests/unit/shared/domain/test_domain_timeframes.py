"""DATA-2: the eight timeframes and their UTC boundaries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.timeframes import DURATION, MINUTE, TIMEFRAMES, closing_at, is_boundary, next_boundary, open_time


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("instant", "closing"),
    [
        ("2025-05-05T00:00", TIMEFRAMES),  # a Monday: everything closes
        ("2025-05-06T00:00", TIMEFRAMES[:-1]),  # a Tuesday: all but the week
        ("2025-05-11T00:00", TIMEFRAMES[:-1]),  # a Sunday is no week boundary
        ("2025-05-06T04:00", ("1m", "5m", "15m", "30m", "1h", "4h")),
        ("2025-05-06T01:00", ("1m", "5m", "15m", "30m", "1h")),
        ("2025-05-06T01:15", ("1m", "5m", "15m")),
        ("2025-05-06T01:16", ("1m",)),
    ],
)
def test_timeframes_closing_at_an_instant(instant: str, closing: tuple[str, ...]) -> None:
    """DATA-2: weeks start Monday 00:00 UTC, days at 00:00 UTC."""
    assert closing_at(ms(instant)) == closing


@given(at=st.integers(0, 4_000_000_000_000), timeframe=st.sampled_from(TIMEFRAMES))
def test_an_instant_lies_in_exactly_one_candle(at: int, timeframe: str) -> None:
    """DATA-2: open <= at < next boundary, and both are boundaries."""
    begin, end = open_time(at, timeframe), next_boundary(at, timeframe)
    assert begin <= at < end
    assert end - begin == DURATION[timeframe]
    assert is_boundary(end, timeframe)


def test_a_minute_that_is_no_boundary_closes_nothing() -> None:
    """DATA-2: thirty seconds past a minute is inside every candle."""
    assert closing_at(ms("2025-05-05T00:00") + MINUTE // 2) == ()
