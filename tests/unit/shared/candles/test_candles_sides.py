"""One reader of the hot and the cold side of history: what is cold is believed, and what does not fit is told."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.candles.kinds import Chunk, joined, part, within
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.candles.sides import BothSides, Hot
from shared.domain.timeframes import MINUTE
from tests.support.candles.rows import NEW_YEAR, candles


def rows(places: frozenset[int], price: float = 0.0) -> Chunk:
    """The minutes at these places; with ``price`` added, another exchange's."""
    whole = candles(60, NEW_YEAR)
    chosen = np.array(sorted(places), dtype=np.int64)
    times, *prices = (column[chosen] for column in whole)
    return (times, *(column + price for column in prices))


def hot_of(chunk: Chunk, size: int = 7) -> Hot:
    def hot(start: int, end: int) -> Iterator[Chunk]:
        found = within(chunk, start, end)
        for begin in range(0, len(found[0]), size):
            yield part(found, begin, begin + size)

    return hot


def stored(root: Path, chunk: Chunk) -> Series:
    series = Repository(root).series("BTCUSDT")
    if len(chunk[0]):
        with series.locked():
            series.add([chunk])
    return series


PLACES = st.frozensets(st.integers(0, 59))


@settings(max_examples=30, deadline=None)
@given(PLACES, PLACES, st.integers(0, 60), st.integers(0, 60))
def test_both_sides_are_read_as_one_and_rolled_into_the_same(
    cold: frozenset[int], hot: frozenset[int], first: int, last: int
) -> None:
    """DATA-5: each minute once, in order, the cold one where both have it; a second roll stores nothing."""
    with tempfile.TemporaryDirectory() as root:
        series = stored(Path(root), rows(cold))
        both = BothSides(series, hot_of(rows(hot, 1.0)))
        start, end = NEW_YEAR + first * MINUTE, NEW_YEAR + last * MINUTE
        found = list(both.chunks(start, end, 11))
        inside = frozenset(range(first, last))
        read = {int(time): float(price) for chunk in found for time, price in zip(chunk[0], chunk[1], strict=True)}
        expected = {int(time): float(price) for time, price in zip(*rows((hot - cold) & inside, 1.0)[:2], strict=True)}
        expected |= {int(time): float(price) for time, price in zip(*rows(cold & inside)[:2], strict=True)}
        assert read == expected
        assert [time for chunk in found for time in chunk[0].tolist()] == sorted(expected)
        seam = both.seam
        assert (seam.cold, seam.hot) == (len(cold & inside), len((hot - cold) & inside))
        assert seam.differing == len(cold & hot & inside)
        rolled = BothSides(series, hot_of(rows(hot, 1.0)))
        with series.locked():
            told = rolled.roll()
            later = min((place for place in hot if cold and place > max(cold)), default=None)
            assert told.missing == (later - max(cold) - 1 if later is not None else 0)
            assert told.gap == (NEW_YEAR + (max(cold) + 1) * MINUTE if told.missing else -1)
            assert (told.cold, told.hot, told.differing) == (len(cold), len(hot - cold), len(cold & hot))
            assert (rolled.roll().hot, rolled.seam.differing) == (0, 0)
        if cold | hot:
            assert joined(series.chunks())[0].tolist() == rows(cold | hot)[0].tolist()


def test_an_interrupted_roll_is_gone_on_with(tmp_path: Path) -> None:
    """DATA-5: a journal that fails under way leaves the series as it was, or a whole year further."""
    series = stored(tmp_path, rows(frozenset(range(10))))
    before = series.manifest

    def failing(start: int, end: int) -> Iterator[Chunk]:
        yield rows(frozenset(range(10, 30)))
        raise OSError("the disk is gone")

    with series.locked(), pytest.raises(OSError, match="gone"):
        BothSides(series, failing).roll()
    assert series.manifest == before
    with series.locked():
        assert BothSides(series, hot_of(rows(frozenset(range(60))))).roll().hot == 50
    assert len(joined(series.chunks())[0]) == 60
