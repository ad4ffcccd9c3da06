"""Candles of a played market know the funding that was settled last, and never one to come."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.play.fundings import fundings_of
from cli.play.market import open_source
from cli.settings import Settings
from services.ingest.candle_source import SourceRefused
from services.ingest.files.file_source import FileSource
from shared.candles.manifest import MANIFEST
from shared.candles.repository import Repository
from shared.domain.order_flow import SettledFunding
from shared.domain.timeframes import MINUTE
from simulator.market.funded_source import FundedSource
from simulator.market.funding import ConstantFunding, PlayedFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from tests.support.candles.rows import NEW_YEAR, candles

HOUR = 60 * MINUTE


def rates(path: Path, rows: list[tuple[int, float]]) -> Path:
    path.write_text("\n".join(["funding_time,funding_rate", *(f"{at},{rate!r}" for at, rate in rows), ""]))
    return path


def test_a_generated_market_knows_its_constant_rate_from_the_first_minute_on() -> None:
    """RISK-6: at the close of the settlement itself the one before is the last that anybody has heard of."""
    source = FundedSource(GeneratedMarket(("BTCUSDT",), days=0.5), ConstantFunding(("BTCUSDT",), "0.0002"))
    for close, (candle,) in source.steps():
        settled = (close - 1 - DEFAULT_START) // (8 * HOUR) * 8 * HOUR + DEFAULT_START
        assert candle.funding == SettledFunding(rate=0.0002, time=settled)
    bare = GeneratedMarket(("BTCUSDT",), days=0.5)
    assert (source.symbols, source.first, source.last, len(source)) == (bare.symbols, bare.first, bare.last, len(bare))


@given(
    settled=st.dictionaries(st.integers(-20, 40), st.integers(-90, 90), min_size=1, max_size=12),
    cut=st.integers(0, 30 * 60),
    late=st.integers(0, 40),
)
def test_a_candle_knows_nothing_of_what_is_settled_later(settled: dict[int, int], cut: int, late: int) -> None:
    """Invariant 1: rates of after a close may be any, or none."""
    close = DEFAULT_START + cut * MINUTE
    rows = [(DEFAULT_START + hour * HOUR + late, rate / 1e5) for hour, rate in sorted(settled.items())]
    before = [row for row in rows if row[0] - row[0] % MINUTE < close]
    whole, known = _recorded(rows), _recorded([*before, (close + HOUR, 0.05)])
    assert whole.known("BTCUSDT", close) == known.known("BTCUSDT", close)
    if before and close - (before[-1][0] - late) <= 8 * HOUR:
        assert whole.known("BTCUSDT", close) == SettledFunding(rate=before[-1][1], time=before[-1][0] - late)
    else:
        assert whole.known("BTCUSDT", close) is None


def _recorded(rows: list[tuple[int, float]]) -> PlayedFunding:
    with tempfile.TemporaryDirectory() as directory:
        return PlayedFunding(("BTCUSDT",), "0", {"BTCUSDT": rates(Path(directory) / "rates.csv", rows)}, rows[0][0])


def stored(root: Path, *, funding: bool) -> Path:
    """A day of minutes in a repository, and the rates beside them."""
    series = Repository(root).series("BTCUSDT")
    with series.locked():
        series.add([candles(1_440)])
    if funding:
        paid = Repository(root).series("BTCUSDT", "funding")
        times = NEW_YEAR + np.arange(-1, 3, dtype=np.int64) * 8 * HOUR + 4
        with paid.locked():
            paid.add([(times, np.array([0.0001, -0.0002, 0.0003, 0.0004]))])
    return series.directory


def test_the_rates_that_stand_beside_the_candles_are_known_and_paid(tmp_path: Path) -> None:
    """DATA-8, BT-1: `--data BTCUSDT=repo:` needs no further option, and a strategy sees what it pays."""
    settings = Settings.model_validate({"symbols": ["BTCUSDT"]})
    source = open_source(settings, {"BTCUSDT": stored(tmp_path, funding=True)}, None, None)
    found = {close: candle.funding for close, (candle,) in source.steps()}
    assert found[NEW_YEAR + MINUTE] == SettledFunding(rate=-0.0002, time=NEW_YEAR)
    assert found[NEW_YEAR + 8 * HOUR] == SettledFunding(rate=-0.0002, time=NEW_YEAR)
    assert found[NEW_YEAR + 8 * HOUR + MINUTE] == SettledFunding(rate=0.0003, time=NEW_YEAR + 8 * HOUR)
    assert fundings_of(settings, source).rates_at(NEW_YEAR + 8 * HOUR) == {"BTCUSDT": Decimal("0.0003")}


def test_damaged_rates_are_refused_with_what_to_do_and_not_taken_for_none(tmp_path: Path) -> None:
    """DATA-8: a replay with the constant rate would pass for one with the recorded rates."""
    settings = Settings.model_validate({"symbols": ["BTCUSDT"]})
    path = stored(tmp_path, funding=True)
    (path.parent / "funding" / MANIFEST).write_text("{}")
    with pytest.raises(SourceRefused, match="ict data fetch BTCUSDT"):
        open_source(settings, {"BTCUSDT": path}, None, None)


def test_without_rates_of_that_time_the_constant_one_is_paid_and_none_is_known(tmp_path: Path) -> None:
    settings = Settings.model_validate({"symbols": ["BTCUSDT"], "market": {"funding_rate": "0.0007"}})
    paths = [stored(tmp_path / "bare", funding=False), tmp_path / "file.csv"]
    rows = "".join(f"{NEW_YEAR + minute * MINUTE},1,2,1,2,1\n" for minute in range(3))
    paths[1].write_text("open_time,open,high,low,close,volume\n" + rows)
    for path in paths:
        source = open_source(settings, {"BTCUSDT": path}, None, None)
        assert next(iter(source.steps()))[1][0].funding is None
        assert fundings_of(settings, source).rates_at(NEW_YEAR) == {"BTCUSDT": Decimal("0.0007")}
    plain = FileSource({"BTCUSDT": paths[1]})
    assert fundings_of(settings, plain).rates_at(NEW_YEAR) == {"BTCUSDT": Decimal("0.0007")}
