"""The timeframe of a candle file, files of coarser candles, and the columns of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.ingest.aggregator import Aggregator
from services.ingest.files.defects import FileDefect
from services.ingest.files.file_source import FileSource, SourceRefused
from services.ingest.files.interval import interval_of
from services.ingest.files.reading import Reading
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE, TIMEFRAMES, Timeframe
from tests.support.ingest.candle_files import START, Row, folded, walk, write_csv


def refusal(path: Path, **options: Any) -> list[tuple[str, int]]:
    with pytest.raises(SourceRefused) as caught:
        FileSource({"BTCUSDT": path}, **options)
    return [(defect.reason, defect.row) for defect in caught.value.defects]


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_interval_is_read_from_the_times(timeframe: Timeframe, tmp_path: Path) -> None:
    """DATA-6: also from rows in small batches."""
    path = write_csv(tmp_path / "c.csv", walk(1, 20, timeframe))
    assert interval_of(path, "1w", batch_rows=3) == timeframe


def test_one_stray_row_does_not_change_the_interval(tmp_path: Path) -> None:
    """The most common step counts: the stray row is then what is wrong, and is named."""
    rows = walk(1, 20, "15m")
    rows[7] = (rows[7][0] - 7 * MINUTE, *rows[7][1:])
    path = write_csv(tmp_path / "c.csv", rows)
    assert interval_of(path, "15m") == "15m"
    assert refusal(path, interval="15m") == [("off_interval", 8)]


def test_a_week_opens_on_monday(tmp_path: Path) -> None:
    """DATA-2: weeks from Thursday to Thursday are on no grid of ours."""
    good = write_csv(tmp_path / "good.csv", walk(1, 5, "1w"))
    assert len(FileSource({"BTCUSDT": good}, interval="1w")) == 5
    shifted = write_csv(tmp_path / "shifted.csv", walk(1, 5, "1w", start=START + 3 * DURATION["1d"]))
    assert refusal(shifted, interval="1w") == [("off_interval", 1)]


@pytest.mark.parametrize(
    ("step", "coarsest", "told"),
    [
        (60 * MINUTE, "15m", "ask for --timeframe 1h or a coarser one"),
        (7 * MINUTE, "1d", "most candles are 7 minutes apart"),
        (1_000, "1d", "most candles are 1 seconds apart"),
    ],
)
def test_candles_that_cannot_make_the_timeframe_are_refused(
    step: int, coarsest: Timeframe, told: str, tmp_path: Path
) -> None:
    """ICT bad input: a wrong interval is refused at the border."""
    rows: list[Row] = [(START + number * step, *row[1:]) for number, row in enumerate(walk(1, 9))]
    with pytest.raises(FileDefect, match=told) as caught:
        interval_of(write_csv(tmp_path / "c.csv", rows), coarsest)
    assert caught.value.defect.reason == "wrong_interval"


def test_times_in_no_known_unit_are_left_to_the_examination(tmp_path: Path) -> None:
    """It names the row."""
    path = write_csv(tmp_path / "c.csv", [(row[0] // MINUTE, *row[1:]) for row in walk(1, 9)])
    assert interval_of(path, "15m") == "15m"
    assert refusal(path, interval="15m") == [("wrong_time_unit", 1)]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_candles_to_tell_are_taken_for_the_timeframe_asked_for(count: int, tmp_path: Path) -> None:
    assert interval_of(write_csv(tmp_path / "c.csv", walk(1, count)), "4h") == "4h"


def test_a_gap_among_coarse_candles_is_stated_in_minutes(tmp_path: Path) -> None:
    """DATA-3: gaps are allowed, and said."""
    rows = walk(1, 10, "1h")
    source = FileSource({"BTCUSDT": write_csv(tmp_path / "c.csv", rows[:4] + rows[6:])}, interval="1h")
    assert [(each.what, each.row, each.text[:12]) for each in source.repairs] == [("gap", 5, "120 minutes ")]
    assert [len(candles) for _, candles in source.steps()] == [1, 1, 1, 1, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("minutes", [5, 15])
def test_coarser_files_make_the_same_candles_as_one_minute_files(minutes: int, tmp_path: Path) -> None:
    """DATA-2: an hour made of quarters is the hour made of minutes."""
    rows = walk(3, 600)

    def hours(path: Path, interval: Timeframe) -> list[Candle]:
        source = FileSource({"BTCUSDT": path}, interval=interval)
        aggregator = Aggregator(("BTCUSDT",), ("1h",))
        aggregator.begin(START)
        made: list[Candle] = []
        for close_time, raws in source.steps():
            for raw in raws:
                aggregator.add(
                    0,
                    Candle(
                        symbol="BTCUSDT", timeframe=interval, open_time=raw.open_time, open=raw.open, high=raw.high,
                        low=raw.low, close=raw.close, volume=raw.volume,
                    ),
                )  # fmt: skip
            for closed in aggregator.close(close_time):
                made += closed.candles
        return made

    coarse: Timeframe = "5m" if minutes == 5 else "15m"
    fine = hours(write_csv(tmp_path / "fine.csv", rows), "1m")
    assert len(fine) == 10
    assert {candle.state for candle in fine} == {"closed"}
    assert hours(write_csv(tmp_path / "coarse.csv", folded(rows, minutes)), coarse) == fine


def test_columns_of_other_programs_are_understood(tmp_path: Path) -> None:
    """DATA-6: MetaTrader's dates and capital letters."""
    path = tmp_path / "mt.csv"
    lines = ["2022.10.10 00:00:00,1.5,2,1,1.25,60,7,20", "2022.10.10 00:15:00,1.25,2,1,1.5,57,8,20"]
    path.write_text("\n".join(["Date,Open,High,Low,Close,Tickvol,Volume,Spread", *lines, ""]))
    source = FileSource({"EURUSD": path}, interval="15m", reading=Reading(time_zone="UTC"))
    assert [(at, raw.open, raw.close, raw.volume) for at, raws in source.steps() for raw in raws] == [
        (1_665_360_900_000, 1.5, 1.25, 7.0),
        (1_665_361_800_000, 1.25, 1.5, 8.0),
    ]


def test_the_exact_name_of_a_column_goes_before_its_likeness(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"Date,open_time,Open,open,high,low,close,volume\n2001.01.01 00:00:00,{START},9,1.5,2,1,1.25,3\n")
    ((_, (raw,)),) = FileSource({"BTCUSDT": path}).steps()
    assert (raw.open_time, raw.open) == (START, 1.5)


def test_a_date_that_is_none_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("Date,Open,High,Low,Close,Volume\n2022.10.10 00:00:00,1,1,1,1,1\n2022.10.32 00:15:00,1,1,1,1,1\n")
    assert refusal(path, reading=Reading(time_zone="UTC")) == [("not_a_number", 2)]
