"""Recorded candles on one timeframe: the candles of live ingest, from files of any finer interval."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.market import Market
from services.ingest.candle_source import SourceRefused
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from shared.domain.candles import Candle, CandleBundle, FeedStep, RawCandle
from shared.domain.timeframes import DURATION, MINUTE, Timeframe
from tests.support.ingest.candle_files import START, Row, folded, walk, write_csv
from tests.support.runtime.telling import tell

SETTINGS = IngestSettings()


def of(rows: list[Row], path: Path, timeframe: Timeframe, settings: IngestSettings = SETTINGS) -> list[Candle]:
    return list(Market({"BTCUSDT": write_csv(path, rows)}, timeframe, settings).candles("BTCUSDT"))


def live(rows: list[Row], timeframe: Timeframe, settings: IngestSettings) -> list[Candle]:
    """What ingest publishes of the same minutes."""
    core = IngestCore(0, ("BTCUSDT",), (timeframe,), settings)
    found: list[Candle] = []
    for at, opened, high, low, close, volume in rows:
        raw = RawCandle(symbol="BTCUSDT", open_time=at, open=opened, high=high, low=low, close=close, volume=volume)
        for message in tell(core, FeedStep(partition=0, close_time=at + MINUTE, candles=(raw,))):
            if isinstance(message, CandleBundle):
                found += message.candles
    return found


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h"])
def test_recorded_minutes_give_the_candles_of_live_ingest(timeframe: Timeframe, tmp_path: Path) -> None:
    """DATA-2, DATA-3: with a start inside of a candle, missing minutes, and one implausible price."""
    rows = walk(5, 400)[7:]
    rows = rows[:100] + rows[130:200] + rows[203:]
    rows[40] = (rows[40][0], 2_000.0, 9_000.0, 1_990.0, 2_000.0, 1.0)
    candles = of(rows, tmp_path / "c.csv", timeframe)
    assert candles == live(rows, timeframe, SETTINGS)
    assert {candle.state for candle in candles} == {"closed", "disputed"}


def test_after_a_long_gap_a_candle_that_began_in_it_is_left_out(tmp_path: Path) -> None:
    """DATA-3: as live ingest, which begins anew there."""
    rows = walk(5, 400)
    rows = rows[:60] + rows[200 + 7 :]
    candles = of(rows, tmp_path / "c.csv", "5m", IngestSettings(max_gap_minutes=30))
    assert candles == live(rows, "5m", IngestSettings(max_gap_minutes=30))
    assert START + 205 * MINUTE not in {candle.open_time for candle in candles}


def test_each_symbol_may_have_an_interval_of_its_own(tmp_path: Path) -> None:
    """DATA-2: minutes of one, quarters of the other, hours of both; together by time, then symbol."""
    rows = walk(5, 240)
    files = {
        "ETHUSDT": write_csv(tmp_path / "e.csv", folded(rows, 15)),
        "BTCUSDT": write_csv(tmp_path / "b.csv", rows),
    }
    market = Market(files, "1h", SETTINGS)
    assert market.intervals == {"BTCUSDT": "1m", "ETHUSDT": "15m"}
    closes = list(market.closes())
    assert [at for at, _ in closes] == [START + hour * DURATION["1h"] for hour in range(1, 5)]
    for _, (one, other) in closes:
        assert (one.symbol, other.symbol) == ("BTCUSDT", "ETHUSDT")
        assert (one.open, one.high, one.low, one.close) == (other.open, other.high, other.low, other.close)
    assert (market.first, market.last) == (START + MINUTE, START + 240 * MINUTE)


def test_every_defect_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """ICT bad input: nothing is repaired here; disorder and repetition are refused like bad prices."""
    rows = walk(5, 20)
    nan: Row = (rows[3][0], 1.0, 1.0, 1.0, float("nan"), 1.0)
    inverted: Row = (rows[4][0], 2_000.0, 1_990.0, 2_010.0, 2_000.0, 1.0)
    negative: Row = (rows[5][0], 2_000.0, 2_001.0, -1.0, 2_000.0, 1.0)
    files = {
        "AUSDT": write_csv(tmp_path / "a.csv", [*rows[:3], nan, inverted, negative, *rows[6:]]),
        "BUSDT": write_csv(tmp_path / "b.csv", [*rows[:5], *rows[7:9], rows[6], *rows[9:]]),
        "CUSDT": write_csv(tmp_path / "c.csv", [*rows[:5], rows[4], *rows[5:]]),
        "DUSDT": write_csv(tmp_path / "d.csv", walk(5, 20, "4h")),
        "EUSDT": write_csv(tmp_path / "e.csv", rows),
    }
    with pytest.raises(SourceRefused) as caught:
        Market(files, "15m", SETTINGS)
    assert [(Path(defect.file).name, defect.row, defect.reason) for defect in caught.value.defects] == [
        ("a.csv", 4, "not_finite"),
        ("a.csv", 5, "inverted"),
        ("a.csv", 6, "not_positive"),
        ("b.csv", 8, "unsorted"),
        ("c.csv", 6, "duplicate"),
        ("d.csv", 0, "wrong_interval"),
    ]
