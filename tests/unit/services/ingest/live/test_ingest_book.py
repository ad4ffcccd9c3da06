"""The local book: bridging, sequence, bounds."""

from __future__ import annotations

import pytest

from services.ingest.live.book import LocalBook
from services.ingest.settings.live import BookSettings
from tests.support.ingest.live_scenes import depth, diff

SNAPSHOT = depth(100, ((99.0, 1.0), (98.0, 2.0)), ((101.0, 3.0), (102.0, 4.0)))


def book(**numbers: int) -> LocalBook:
    return LocalBook(BookSettings(**numbers))


def test_a_snapshot_and_the_diffs_after_it_make_the_book() -> None:
    """ICT-14: set, change, remove."""
    one = book()
    assert one.diff(diff(90, 99, bids=((50.0, 1.0),))) == "buffered"
    assert one.diff(diff(99, 110, bids=((99.0, 0.0), (98.5, 7.0)), asks=((101.0, 1.5),))) == "buffered"
    assert one.snapshot(SNAPSHOT) == "synced"
    assert one.diff(diff(110, 120, asks=((102.0, 0.0), (103.0, 9.0)))) == "applied"
    assert one.levels(5) == ([(98.5, 7.0), (98.0, 2.0)], [(101.0, 1.5), (103.0, 9.0)])


def test_a_snapshot_older_than_the_diffs_at_hand_is_not_enough() -> None:
    """A hole between snapshot and stream would never be seen again."""
    one = book()
    one.diff(diff(105, 110))
    assert one.snapshot(SNAPSHOT) == "too_old"
    assert not one.synced
    assert one.snapshot(depth(107, (), ())) == "synced"


def test_a_diff_that_does_not_continue_voids_the_book() -> None:
    """Sequence check: previous must be the last one's last."""
    one = book()
    one.snapshot(SNAPSHOT)
    assert one.diff(diff(98, 105)) == "applied"
    assert one.diff(diff(107, 110)) == "gap"
    assert not one.synced
    assert one.imbalance() is None
    assert one.snapshot(depth(108, ((1.0, 1.0),), ())) == "synced", "the diff that showed the gap was kept"
    assert one.diff(diff(110, 111)) == "applied"


def test_old_and_repeated_diffs_are_dropped() -> None:
    one = book()
    one.snapshot(SNAPSHOT)
    assert one.diff(diff(90, 99, bids=((99.0, 0.0),))) == "stale"
    assert one.diff(diff(98, 105)) == "applied"
    assert one.diff(diff(98, 105)) == "stale"
    assert one.levels(1)[0] == [(99.0, 1.0)]


def test_a_repeated_diff_before_the_snapshot_is_dropped_and_a_hole_begins_anew() -> None:
    one = book()
    one.diff(diff(95, 103))
    assert one.diff(diff(95, 103)) == "stale"
    one.diff(diff(104, 110))
    assert one.snapshot(SNAPSHOT) == "too_old", "the diff before the hole is worth nothing"


def test_the_first_diff_after_a_snapshot_must_reach_back_to_it() -> None:
    one = book()
    one.snapshot(SNAPSHOT)
    assert one.diff(diff(101, 110)) == "gap"


def test_a_second_snapshot_is_needless() -> None:
    one = book()
    one.snapshot(SNAPSHOT)
    assert one.snapshot(depth(50, (), ())) == "needless"
    assert one.levels(1)[0] == [(99.0, 1.0)]


def test_full_local_book_keeps_the_best_levels() -> None:
    """Invariant 6."""
    one = book(max_levels=50, max_buffered=10)
    one.snapshot(depth(100, (), ()))
    bids = tuple((float(price), 1.0) for price in range(1, 501))
    one.diff(diff(100, 101, bids=bids, asks=tuple((1_000.0 + price, 1.0) for price, _ in bids)))
    best_bids, best_asks = one.levels(1_000)
    assert len(best_bids) == len(best_asks) == 50
    assert best_bids[0] == (500.0, 1.0)
    assert best_asks[0] == (1_001.0, 1.0)
    fresh = book(max_buffered=10)
    for number in range(100):
        fresh.diff(diff(number, number + 1))
    assert fresh.snapshot(depth(50, (), ())) == "too_old", "only the newest diffs were kept"


def test_imbalance_is_that_of_the_best_levels() -> None:
    one = book(imbalance_levels=1)
    one.snapshot(SNAPSHOT)
    assert one.imbalance() == pytest.approx(-0.5)
    empty = book()
    empty.snapshot(depth(1, (), ()))
    assert empty.imbalance() is None
