"""The close barrier: complete closes in order of time, incomplete ones only after deadline, patience or ceiling."""

from __future__ import annotations

import pytest

from services.signals.barrier import CloseBarrier
from shared.domain.timeframes import MINUTE, TIMEFRAMES
from tests.support.signals.scenes import CLOSE, DAWN, bundle


def barrier(patience: int = 30, ceiling: int = 256) -> CloseBarrier:
    return CloseBarrier(TIMEFRAMES, deadline_ms=5_000, patience_closes=patience, max_pending_closes=ceiling)


@pytest.mark.parametrize("order", [("1m", "5m", "15m"), ("15m", "5m", "1m"), ("5m", "15m", "1m")])
def test_a_close_waits_for_every_timeframe_that_closes_in_any_order(order):
    """SIG-1."""
    gate = barrier()
    for timeframe in order[:-1]:
        assert gate.arrive(bundle(timeframe, CLOSE), CLOSE) == "held"
        assert gate.due(CLOSE) == []
    gate.arrive(bundle(order[-1], CLOSE), CLOSE)
    (ruling,) = gate.due(CLOSE)
    assert (ruling.close_time, ruling.absent) == (CLOSE, ())
    assert [each.timeframe for each in ruling.bundles] == ["1m", "5m", "15m"]
    assert gate.due(CLOSE) == []


def test_a_later_complete_close_waits_behind_an_earlier_incomplete_one():
    gate = barrier()
    gate.arrive(bundle("1m", CLOSE), CLOSE)
    gate.arrive(bundle("1m", CLOSE + MINUTE), CLOSE)
    assert gate.due(CLOSE) == []
    gate.arrive(bundle("5m", CLOSE), CLOSE)
    gate.arrive(bundle("15m", CLOSE), CLOSE)
    assert [ruling.close_time for ruling in gate.due(CLOSE)] == [CLOSE, CLOSE + MINUTE]


def test_a_higher_timeframe_ahead_of_the_one_minute_stream_holds_nothing_up():
    gate = barrier()
    gate.arrive(bundle("15m", CLOSE), CLOSE)
    gate.arrive(bundle("1m", CLOSE - MINUTE), CLOSE)
    assert [ruling.close_time for ruling in gate.due(CLOSE)] == [CLOSE - MINUTE]


def test_the_deadline_declares_missing_only_after_it_has_passed():
    gate = barrier()
    gate.arrive(bundle("1m", CLOSE), CLOSE)
    gate.arrive(bundle("5m", CLOSE), CLOSE)
    assert gate.due(CLOSE + 5_000) == []
    (ruling,) = gate.due(CLOSE + 5_001)
    assert ruling.absent == ("15m",)
    assert [each.timeframe for each in ruling.bundles] == ["1m", "5m"]


def test_close_freed_by_the_deadline_releases_the_complete_closes_behind_it():
    gate = barrier()
    gate.arrive(bundle("1m", CLOSE), CLOSE)
    gate.arrive(bundle("1m", CLOSE + MINUTE), CLOSE)
    gate.arrive(bundle("15m", CLOSE + 15 * MINUTE), CLOSE)
    assert [(r.close_time, r.absent) for r in gate.due(CLOSE + 6_000)] == [(CLOSE, ("5m", "15m")), (CLOSE + MINUTE, ())]


def test_patience_is_counted_in_one_minute_closes():
    gate = barrier(patience=2)
    gate.arrive(bundle("1m", CLOSE), CLOSE)
    gate.arrive(bundle("15m", CLOSE + 15 * MINUTE), CLOSE)  # ahead, but it is not the 1m stream that is ahead
    gate.arrive(bundle("1m", CLOSE + MINUTE), CLOSE)
    assert gate.due(CLOSE) == []
    gate.arrive(bundle("1m", CLOSE + 2 * MINUTE), CLOSE)
    assert [(r.close_time, r.absent) for r in gate.due(CLOSE)] == [
        (CLOSE, ("5m", "15m")),
        (CLOSE + MINUTE, ()),
        (CLOSE + 2 * MINUTE, ()),
    ]


def test_the_ceiling_bounds_what_is_held_back():
    """Invariant 6: without a clock and without the 1m stream, memory still has an end."""
    gate = barrier(patience=2, ceiling=4)
    decided = []
    for step in range(1, 40):
        gate.arrive(bundle("5m", DAWN + step * 5 * MINUTE), CLOSE)
        decided += gate.due(CLOSE)
        assert len(gate.state.pending) <= 4
    assert [ruling.close_time for ruling in decided] == [DAWN + step * 5 * MINUTE for step in range(1, 36)]


def test_repeats_and_late_ones_are_told_apart():
    gate = barrier()
    assert gate.arrive(bundle("1m", CLOSE), CLOSE) == "held"
    assert gate.arrive(bundle("1m", CLOSE), CLOSE) == "duplicate"
    gate.due(CLOSE + 60_000)
    assert gate.arrive(bundle("1m", CLOSE), CLOSE) == "late"
    assert gate.arrive(bundle("15m", CLOSE), CLOSE) == "late"
    assert gate.state.pending == {}
