"""Candles, facts and runs as pandas frames: the same rows and times as in what they are made from."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest

from research import frames
from research.backtest.result import read_result
from research.performance.trades import multiples
from research.report.record import read_record
from services.analysis.settings import AnalysisSettings
from services.ingest.candle_source import SourceRefused
from services.ingest.settings import IngestSettings
from shared.domain.timeframes import MINUTE
from tests.support.ingest.candle_files import START, folded, walk, write_csv
from tests.support.research.runs import Sample, run_directory
from tests.support.research.runs import walk as tape

SAMPLES = (Sample(10, 60), Sample(200, 260, side="SELL", strategy="ote", exit_reason="stop"))


@pytest.fixture(scope="module")
def rows() -> list[tuple[int, float, float, float, float, float]]:
    return walk(3, 900)


@pytest.fixture(scope="module")
def file(rows: list[tuple[int, float, float, float, float, float]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("candles") / "walk.csv", rows)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> frames.Run:
    return frames.read_run(run_directory(tmp_path_factory.mktemp("run"), tape(), SAMPLES))


def milliseconds(times: pd.Series) -> list[int]:
    return [int(each.timestamp() * 1000) for each in times]


def test_candles_are_those_of_ingest_by_their_open_time(
    file: Path, rows: list[tuple[int, float, float, float, float, float]]
) -> None:
    """BT-3: folded as live, nothing before the first whole candle."""
    found = frames.candles(file, "BTCUSDT", "15m")
    wanted = folded(rows, 15)
    assert milliseconds(found.index.to_series()) == [row[0] for row in wanted]
    for place, name in enumerate(("open", "high", "low", "close", "volume"), 1):
        assert found[name].tolist() == [row[place] for row in wanted]
    assert str(found.index.tz) == "UTC"
    assert set(found["state"]) == {"closed"}


def test_a_span_is_cut_at_its_ends(file: Path) -> None:
    found = frames.candles(file, "BTCUSDT", start=START + 10 * MINUTE, end=START + 20 * MINUTE)
    assert milliseconds(found.index.to_series()) == [START + number * MINUTE for number in range(10, 20)]


def test_facts_are_the_events_of_the_engine_at_the_close_that_made_them_knowable(file: Path) -> None:
    """ICT-15: as `ict analyse` writes them, in its order."""
    found = frames.facts(file, "BTCUSDT", "5m")
    market = frames.Market({"BTCUSDT": file}, "5m", IngestSettings())
    told = [msgspec.json.decode(each.line) for each in frames.stream(market, AnalysisSettings(), lambda close_time: None)]
    assert len(told) > 100
    assert found["id"].tolist() == [each["id"] for each in told]
    assert milliseconds(found["confirmed_at"]) == [each["confirmed_at"] for each in told]
    assert found["confirmed_at"].is_monotonic_increasing
    gaps = frames.facts(file, "BTCUSDT", "5m", kinds=["fvg"])
    assert gaps["id"].tolist() == [each["id"] for each in told if each["kind"] == "fvg"]


def test_unknown_kinds_timeframes_and_files_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no kind gap; there are: .*fvg"):
        frames.facts(file, "BTCUSDT", "5m", kinds=["gap"])
    with pytest.raises(ValueError, match="there is no timeframe 2h; there are: 1m"):
        frames.candles(file, "BTCUSDT", "2h")
    with pytest.raises(SourceRefused):
        frames.candles(tmp_path / "none.csv", "BTCUSDT")
    with pytest.raises(FileNotFoundError):
        frames.read_run(tmp_path / "none")


def test_trades_have_the_strategy_of_their_signal_and_their_result_in_r(run: frames.Run) -> None:
    """BT-2: the numbers are those of result.json, as floats."""
    trades = read_result(run.directory).trades
    found = run.trades
    assert found.index.tolist() == [each.intent_id for each in trades]
    assert found["strategy"].tolist() == ["ob_fvg", "ote"]
    assert found["result"].tolist() == [float(each.result) for each in trades]
    assert found["r"].tolist() == pytest.approx(multiples(run.results).tolist())
    assert found["minutes"].tolist() == [50.0, 60.0]
    assert milliseconds(found["opened_at"]) == [each.opened_at for each in trades]


def test_every_line_of_the_record_is_a_row(run: frames.Run) -> None:
    """BT-3: signals, decisions, orders, fills, equity and zones."""
    record = read_record(run.directory)
    assert run.signals.index.tolist() == list(record.signals)
    assert run.signals["entry"].tolist() == ["market", "market"]
    assert run.decisions[["signal", "chosen"]].all().all()
    assert (len(run.orders), len(run.fills), len(run.equity)) == (len(record.orders), len(record.fills), len(record.equity))
    assert run.equity["equity"].tolist() == [float(each.equity) for each in record.equity]
    assert len(run.zones) == sum(map(len, (record.zones or {}).values()))
    assert run.settings["signals.strategies"] == ["ob_fvg"]
    assert run.curve.values[-1] == float(record.equity[-1].equity)


def test_a_run_without_a_trade_has_frames_with_the_same_columns(run: frames.Run, tmp_path: Path) -> None:
    empty = frames.read_run(run_directory(tmp_path / "empty", tape(), (), zones=False))
    for name in ("trades", "signals", "equity", "decisions"):
        assert list(getattr(empty, name).columns) == list(getattr(run, name).columns)
    assert empty.trades.empty
    assert empty.zones.empty


def test_runs_stand_side_by_side_by_the_names_of_their_directories(run: frames.Run, tmp_path: Path) -> None:
    other = frames.read_run(run_directory(tmp_path / "other", tape(), SAMPLES[:1]))
    found = frames.side_by_side([run, other])
    assert found.index.tolist() == [run.directory.name, "other"]
    assert found["trades"].tolist() == [2, 1]
