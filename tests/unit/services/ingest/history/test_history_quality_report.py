"""The quality report finds what was planted, each in a good series, also at the edges of its blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.aggregator import Aggregator
from services.ingest.history.coarser import compare
from services.ingest.history.quality_report import BLOCK_ROWS, SILENT_CANDLES, QualityReport, Spot, report_on
from shared.candles.kinds import Chunk, part
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE, Timeframe
from tests.support.candles.rows import NEW_YEAR, candles

ROWS = 2 * BLOCK_ROWS + 100


def spoilt(place: int, change: Callable[[Chunk, int], None]) -> QualityReport:
    rows = tuple(column.copy() for column in candles(ROWS))
    change(rows, place)
    return report_on("BTCUSDT", "1m", [part(rows, 0, 700), part(rows, 700)])


def test_good_series_has_nothing_to_report() -> None:
    """DATA-7."""
    report = spoilt(0, lambda rows, place: None)
    assert report.good
    assert (report.rows, report.first, report.last) == (ROWS, NEW_YEAR, NEW_YEAR + (ROWS - 1) * MINUTE)
    found = (report.missing, report.gaps.count, report.outliers.count, report.silent.count, report.jumps.count)
    assert found == (0, 0, 0, 0, 0)


PLACES = (5, 699, 700, BLOCK_ROWS - 1, BLOCK_ROWS, ROWS - 20)


@pytest.mark.parametrize("place", PLACES)
def test_gap_is_found_where_it_is(place: int) -> None:
    """DATA-7."""
    rows = candles(ROWS)
    kept = np.ones(ROWS, dtype=bool)
    kept[place : place + 3] = False
    report = report_on("BTCUSDT", "1m", [tuple(column[kept] for column in rows)])
    assert (report.missing, report.gaps.first) == (3, [Spot(NEW_YEAR + place * MINUTE, 3)])
    assert report.good


@pytest.mark.parametrize("place", PLACES)
def test_repeated_row_is_disorder(place: int) -> None:
    """DATA-7: duplicates."""

    def repeat(rows: Chunk, at: int) -> None:
        rows[0][at] = rows[0][at - 1]

    report = spoilt(place, repeat)
    assert (report.disorder, report.good) == (1, False)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [(2, 1.0, "inverted"), (3, -1.0, "not_positive"), (4, np.nan, "not_finite"), (5, -1.0, "negative_volume")],
)
def test_impossible_number_is_a_fault(place: int, column: int, value: float, reason: str) -> None:
    """DATA-7: the rules of the quality gate."""

    def spoil(rows: Chunk, at: int) -> None:
        rows[column][at] = value

    report = spoilt(place, spoil)
    assert (report.faults, report.good) == ({reason: 1}, False)


@pytest.mark.parametrize("place", PLACES)
def test_wick_is_an_outlier_with_its_size(place: int) -> None:
    """DATA-7: 10 % beyond the close, and some 5 of 20,000 on the other side."""

    def spike(rows: Chunk, at: int) -> None:
        rows[2][at] = rows[4][at] * 1.1

    report = spoilt(place, spike)
    assert report.outliers.worst == Spot(NEW_YEAR + place * MINUTE, pytest.approx(10.02, abs=0.01))
    assert (report.outliers.count, report.jumps.count, report.good) == (1, 0, True)


@pytest.mark.parametrize("place", PLACES)
def test_run_without_a_trade_is_found_over_the_edges_of_blocks(place: int) -> None:
    """DATA-7."""

    def silence(rows: Chunk, at: int) -> None:
        rows[5][at : at + SILENT_CANDLES] = 0.0

    report = spoilt(place, silence)
    assert report.silent.first == [Spot(NEW_YEAR + place * MINUTE, SILENT_CANDLES)]

    def shorter(rows: Chunk, at: int) -> None:
        rows[5][at : at + SILENT_CANDLES - 1] = 0.0

    assert spoilt(place, shorter).silent.count == 0


@pytest.mark.parametrize("place", PLACES)
def test_open_far_from_the_close_before_is_a_jump(place: int) -> None:
    """DATA-7: continuity; both sides of a level that is held are one jump."""

    def jump(rows: Chunk, at: int) -> None:
        for column in rows[1:5]:
            column[at:] *= 1.02

    report = spoilt(place, jump)
    assert report.jumps.worst == Spot(NEW_YEAR + place * MINUTE, pytest.approx(2.0, abs=0.05))
    assert report.jumps.count == 1


def test_no_jump_is_told_over_a_gap() -> None:
    rows = candles(100)
    later = tuple(column * (1 if place == 0 else 2) for place, column in enumerate(part(rows, 50)))
    report = report_on("BTCUSDT", "1m", [part(rows, 0, 40), later])
    assert (report.jumps.count, report.gaps.count) == (0, 1)


def test_lists_are_bounded_and_counts_are_not() -> None:
    rows = candles(1_000)
    report = report_on("BTCUSDT", "1m", [tuple(column[::2] for column in rows)])
    assert (report.gaps.count, len(report.gaps.first)) == (499, 100)


def test_late_funding_is_a_gap_in_hours() -> None:
    """DATA-8."""
    times = NEW_YEAR + np.array([0, 8, 16, 40, 48, 52]) * 60 * MINUTE
    report = report_on("BTCUSDT", "funding", [(times, np.full(6, 0.0001))])
    assert report.gaps.first == [Spot(int(times[2]), 24.0)]


@given(st.lists(st.integers(1, 900), min_size=1, max_size=8), st.sets(st.integers(0, ROWS - 1), max_size=30))
def test_report_does_not_depend_on_how_the_rows_are_cut(sizes: list[int], dropped: set[int]) -> None:
    """DATA-7: chunks are how rows are read, nothing else."""
    kept = np.array([place not in dropped for place in range(ROWS)])
    rows = tuple(column[kept] for column in candles(ROWS))
    ends = [*np.cumsum(sizes).tolist(), len(rows[0])]
    pieces = [part(rows, begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    whole = report_on("BTCUSDT", "1m", [rows])
    assert report_on("BTCUSDT", "1m", [piece for piece in pieces if len(piece[0])]) == whole
    assert whole.missing == len([place for place in dropped if np.flatnonzero(kept)[0] < place < np.flatnonzero(kept)[-1]])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Series, Series]:
    """Three days of minutes, with one missing, and an empty series of hours."""
    repository = Repository(tmp_path)
    minutes, hours = repository.series("BTCUSDT"), repository.series("BTCUSDT", "1h")
    rows = candles(3 * 1_440)
    kept = np.ones(3 * 1_440, dtype=bool)
    kept[200] = False
    with minutes.locked():
        minutes.add([tuple(column[kept] for column in rows)])
    return minutes, hours


def folded(timeframe: Timeframe, count: int) -> Chunk:
    """What the services' own aggregation makes of all minutes."""
    aggregator = Aggregator(("BTCUSDT",), (timeframe,))
    rows = candles(count * DURATION[timeframe] // MINUTE)
    aggregator.begin(NEW_YEAR)
    found: list[Candle] = []
    for at, opened, high, low, close, volume in zip(*(column.tolist() for column in rows), strict=True):
        minute = Candle(
            symbol="BTCUSDT", timeframe="1m", open_time=at, open=opened, high=high, low=low, close=close, volume=volume
        )
        aggregator.add(0, minute)
        for bundle in aggregator.close(at + MINUTE):
            found += bundle.candles
    names = ("open_time", "open", "high", "low", "close", "volume")
    return tuple(np.array([getattr(candle, name) for candle in found]) for name in names)


def test_longer_candles_are_compared_with_their_minutes(pair: tuple[Series, Series]) -> None:
    """DATA-2, DATA-7: equal to the aggregation of ingest; an hour that lacks a minute is not judged."""
    minutes, hours = pair
    rows = folded("1h", 72)
    with hours.locked():
        hours.add([rows])
    found = compare(minutes, hours, "1h")
    assert (found.compared, found.incomplete, found.prices, found.volumes, found.first_differing) == (71, 1, 0, 0, -1)


@pytest.mark.parametrize("column", [1, 2, 3, 4, 5])
def test_longer_candle_with_another_number_is_caught(pair: tuple[Series, Series], column: int) -> None:
    """DATA-7: a specimen for every column."""
    minutes, hours = pair
    rows = folded("1h", 72)
    rows[column][40] += 0.1
    with hours.locked():
        hours.add([rows])
    found = compare(minutes, hours, "1h")
    assert (found.prices, found.volumes) == ((0, 1) if column == 5 else (1, 0))
    assert found.first_differing == NEW_YEAR + 40 * 60 * MINUTE
