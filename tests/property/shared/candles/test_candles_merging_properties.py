"""However rows arrive, the files are the same, and every range of them is the range asked for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.candles.kinds import Chunk, part, rebatched
from shared.candles.merging import Tally, merged
from shared.candles.repository import Repository
from shared.domain.timeframes import MINUTE
from tests.support.candles.rows import NEW_YEAR, alike, candles, contents, stored

WHOLE = candles(300, NEW_YEAR - 150 * MINUTE)
PLACES = st.sets(st.integers(0, 299), min_size=1)


def chosen(places: set[int]) -> Chunk:
    rows = sorted(places)
    return tuple(column[rows] for column in WHOLE)


@settings(max_examples=20)  # every example writes files, and waits for the disk
@given(st.lists(PLACES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_the_same_bytes(parts: list[set[int]], random: object) -> None:
    """DATA-5, DATA-6: an interrupted fetch that is resumed ends with what an uninterrupted one has."""
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first, second = Repository(Path(one)).series("BTCUSDT"), Repository(Path(other)).series("BTCUSDT")
        with first.locked():
            first.add([chosen(set().union(*parts))])
        for places in shuffled:
            with second.locked():
                second.add(rebatched([chosen(places)], 7))
        assert contents(Path(one)) == contents(Path(other))


@settings(max_examples=30)
@given(PLACES, st.integers(-10, 310), st.integers(-10, 310), st.integers(1, 50))
def test_a_range_is_the_rows_within_it(places: set[int], begin: int, end: int, rows: int) -> None:
    """DATA-5."""
    start, stop = (int(WHOLE[0][0]) + minute * MINUTE for minute in (begin, end))
    with TemporaryDirectory() as root:
        series = Repository(Path(root)).series("BTCUSDT")
        with series.locked():
            series.add([chosen(places)])
        assert alike(stored(series, start, stop, rows), chosen({each for each in places if begin <= each < end}))


@given(PLACES, PLACES, st.integers(1, 40), st.integers(1, 40))
def test_a_merge_has_each_time_once_and_keeps_what_was_stored(
    old: set[int], new: set[int], rows_old: int, rows_new: int
) -> None:
    """DATA-5: compared with a dictionary."""
    added = tuple(column.copy() for column in chosen(new))
    added[5][:] += 1.0
    tally = Tally()
    found = list(merged(rebatched([chosen(old)], rows_old), rebatched([added], rows_new), tally))
    times = np.concatenate([chunk[0] for chunk in found]).tolist()
    volumes = np.concatenate([chunk[5] for chunk in found]).tolist()
    volume = {time: value + 1.0 for time, value in zip(WHOLE[0].tolist(), WHOLE[5].tolist(), strict=True)}
    expected = {int(WHOLE[0][place]): volume[int(WHOLE[0][place])] for place in new}
    expected |= {int(WHOLE[0][place]): float(WHOLE[5][place]) for place in old}
    assert dict(zip(times, volumes, strict=True)) == expected
    assert times == sorted(expected)
    assert (tally.new, tally.known, tally.differing) == (len(new - old), 0, len(new & old))


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
def test_rebatching_changes_no_row(sizes: list[int], rows: int) -> None:
    ends = np.cumsum([0, *sizes]).tolist()
    pieces = [part(WHOLE, begin, end) for begin, end in pairwise(ends)]
    found = list(rebatched(pieces, rows))
    assert all(len(chunk[0]) == rows for chunk in found[:-1])
    assert sum(len(chunk[0]) for chunk in found) == min(ends[-1], 300)
