"""The benchmark of streams finds a server that stood still, although it caught up."""

from __future__ import annotations

import pytest

from cli.bench.exchange_streams import received


def test_a_pause_that_was_caught_up_shows_in_the_worst_window_and_in_the_gap() -> None:
    """OPS-4: the mean rate is the same."""
    steady = [100.0 + number / 10 for number in range(100)]
    paused = [100.0 + number / 10 for number in range(30)] + [107.0 + number / 100 for number in range(70)]
    even, uneven = received(steady, 100.0, 10.0), received(paused, 100.0, 10.0)
    assert even.per_s == uneven.per_s == 10.0
    assert even.worst_per_s == pytest.approx(10.0)
    assert uneven.worst_per_s == 0.0
    assert uneven.longest_gap_ms == pytest.approx(4_100.0)


def test_silence_is_a_rate_of_nought() -> None:
    """OPS-4: a client that got nothing is measured, not an error."""
    nothing = received([], 5.0, 4.0)
    assert (nothing.per_s, nothing.worst_per_s, nothing.longest_gap_ms) == (0.0, 0.0, 4_000.0)
