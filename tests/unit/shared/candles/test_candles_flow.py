"""Order flow in the candle repository: stored beside the prices where it is known; files of before are read as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.ingest.files.file_source import FileSource
from shared.candles.kinds import Chunk, joined, part
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.domain.order_flow import CandleFlow
from tests.support.candles.rows import NEW_YEAR, alike, candles, contents


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return Repository(tmp_path).series("BTCUSDT")


def flowing(count: int, start: int = NEW_YEAR) -> Chunk:
    rows = candles(count, start)
    return (*rows, rows[5] / 4.0, np.full(count, 7.0))


def add(series: Series, *chunks: Chunk) -> None:
    with series.locked():
        series.add(chunks)


def test_order_flow_is_stored_and_given_where_it_is_asked_for(series: Series) -> None:
    """DATA-5, ICT-14: who reads candles alone reads what he read before."""
    add(series, flowing(100))
    assert alike(joined(series.chunks(flow=True)), flowing(100))
    assert alike(joined(series.chunks()), candles(100))


def test_candles_stored_without_order_flow_keep_their_bytes(tmp_path: Path) -> None:
    """A reader of before finds the same file; asked for flow, it tells that none is known."""
    one, other = Repository(tmp_path / "one").series("BTCUSDT"), Repository(tmp_path / "other").series("BTCUSDT")
    add(one, candles(100))
    add(other, part(candles(100), 0, 50), part(candles(100), 50))
    assert contents(one.directory) == contents(other.directory)
    bare = joined(one.chunks(flow=True))
    assert len(bare) == 8
    assert np.isnan(bare[6]).all()


@pytest.mark.parametrize("first_flows", [True, False])
def test_rows_with_and_without_flow_share_a_year(series: Series, first_flows: bool) -> None:
    """An old series goes on with new archives, and the other way round."""
    rows = flowing(200)
    parts = [part(rows, 0, 100), part(rows, 100)]
    bare = 1 if first_flows else 0
    parts[bare] = parts[bare][:6]
    for each in parts:
        add(series, each)
    found = joined(series.chunks(flow=True))
    assert alike(found[:6], rows[:6])
    assert np.isnan(found[6]).tolist() == [number // 100 == bare for number in range(200)]


def test_a_stored_candle_without_flow_is_the_same_candle_with_it(series: Series) -> None:
    """DATA-5: known, not different; what is stored is never changed."""
    add(series, candles(100))
    with series.locked():
        tally = series.add([flowing(120)])
    assert (tally.new, tally.known, tally.differing) == (20, 100, 0)
    assert np.isnan(joined(series.chunks(flow=True))[6][:100]).all()
    other = flowing(120)
    other[6][110] += 0.1
    with series.locked():
        assert series.add([other]).differing == 1


def test_a_series_of_the_repository_is_played_with_its_flow(series: Series) -> None:
    """ICT-14: `--data BTCUSDT=repo:`."""
    add(series, flowing(3))
    source = FileSource({"BTCUSDT": series.directory})
    found = [candle.flow for _, played in source.steps() for candle in played]
    assert found == [CandleFlow(taker_bought=float(volume) / 4.0, trades=7) for volume in candles(3)[5]]
