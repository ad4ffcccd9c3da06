"""What every source of candles promises, asked of each: files, generator."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.ingest.candle_source import CandleSource
from services.ingest.core import IngestCore
from services.ingest.files.file_source import FileSource
from services.ingest.settings import IngestSettings
from shared.domain.candles import CandleBundle, FeedStep
from shared.domain.control import Alert
from shared.domain.timeframes import MINUTE, TIMEFRAMES
from simulator.market.generator import GeneratedMarket
from tests.support.runtime.telling import tell


def files(directory: Path) -> FileSource:
    """A generated market written to disk, with a hole, an early end and a late begin."""
    columns: dict[str, dict[str, list[float]]] = {}
    for _, candles in GeneratedMarket(("BTCUSDT", "ETHUSDT"), days=0.2, seed=3).steps():
        for candle in candles:
            rows = columns.setdefault(candle.symbol, {name: [] for name in NAMES})
            for name in NAMES:
                rows[name].append(getattr(candle, name))
    paths = {}
    for symbol, cut in (("BTCUSDT", slice(0, 200)), ("ETHUSDT", slice(20, 288))):
        kept = {name: [*values[cut][:50], *values[cut][60:]] for name, values in columns[symbol].items()}
        paths[symbol] = directory / f"{symbol}.parquet"
        pq.write_table(pa.table(kept), paths[symbol])
    return FileSource(paths, batch_rows=64)


NAMES = ("open_time", "open", "high", "low", "close", "volume")


@pytest.fixture(params=["files", "generator"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> CandleSource:
    return files(tmp_path) if request.param == "files" else GeneratedMarket(("BTCUSDT", "ETHUSDT"), days=0.2, seed=3)


def test_every_minute_from_first_to_last_comes_once_and_in_order(source: CandleSource) -> None:
    times = [at for at, _ in source.steps()]
    assert times == list(range(source.first, source.last + MINUTE, MINUTE))
    assert len(times) == len(source) == 288


def test_candles_are_of_their_minute_and_in_the_order_of_the_symbols(source: CandleSource) -> None:
    for at, candles in source.steps():
        assert all(candle.open_time == at - MINUTE for candle in candles)
        places = [source.symbols.index(candle.symbol) for candle in candles]
        assert places == sorted(set(places))


def test_it_can_be_played_again_and_gives_the_same(source: CandleSource) -> None:
    assert list(source.steps()) == list(source.steps())


def test_two_plays_at_once_do_not_disturb_each_other(source: CandleSource) -> None:
    one, other = source.steps(), source.steps()
    paired = [(next(one), next(other)) for _ in range(20)]
    assert all(left == right for left, right in paired)


def test_the_gate_takes_every_candle_as_it_is(source: CandleSource) -> None:
    """DATA-3: a source that was examined holds nothing that the gate refuses or disputes."""
    core = IngestCore(0, source.symbols, TIMEFRAMES, IngestSettings())
    for at, candles in source.steps():
        for message in tell(core, FeedStep(partition=0, close_time=at, candles=candles)):
            if isinstance(message, Alert):
                assert message.key.startswith("candle_missing:")
            elif isinstance(message, CandleBundle) and message.timeframe == "1m":
                assert len(message.candles) == len(candles)
                assert all(candle.state == "closed" for candle in message.candles)
