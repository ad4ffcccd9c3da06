"""The paths of the backtest on real minutes of both symbols: the fast one, with and without the cache, and the slow one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from research.backtest import fast, stepwise
from research.backtest.cache.cache import Cache
from research.backtest.cache.store import Store
from research.backtest.tape import Tape, tape_of
from services.ingest.files.file_source import FileSource
from services.signals.strategies import STRATEGIES
from shared.domain.timeframes import DAY
from tests.support.research.backtests import LOOSE, Scene, left_by

MARKET = Path(__file__).resolve().parents[4] / "shared" / "data" / "market"
FILES = {symbol: MARKET / f"{symbol}-um-1m-2025-05-04_2025-06-24.parquet" for symbol in ("BTCUSDT", "ETHUSDT")}
#: What reads the candles of minutes, or funding, is not for columns of prices.
SERVED = [name for name, each in STRATEGIES.items() if name != "every_close" and not each.funding]

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not all(path.exists() for path in FILES.values()), reason=f"no market data in {MARKET}"),
]


@dataclass(frozen=True)
class Recorded(Scene):
    """A scene on recorded candles: ``days`` from the first minute that both files have."""

    def tape(self) -> Tape:
        source = FileSource(FILES)
        return tape_of(FileSource(FILES, None, source.first + int(self.days * DAY)))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    ("names", "days"),
    [
        (SERVED, 2.5),
        *(pytest.param([name], 51.0, marks=pytest.mark.soak, id=name) for name in SERVED),
        pytest.param(SERVED, 51.0, marks=pytest.mark.soak, id="all, 51 days"),
    ],
)
def test_real_days_are_the_same_on_every_path(tmp_path: Path, names: list[str], days: float) -> None:
    """BT-7: every strategy that columns serve; decisions, orders, fills, equity, zones and every figure of the summary."""
    scene, told = Recorded(settings={"signals": {"strategies": names}, "risk": LOOSE}, days=days), list[str]()
    tape = scene.tape()
    assert len(tape) > 0.9 * days * 1_440
    slow = left_by(stepwise.run, scene, tape)
    assert left_by(fast.run, scene, tape) == slow
    data = {symbol: tape.digest(symbol) for symbol in tape.symbols}
    for read in ([], ["decisions"]):
        cache = Cache(Store(tmp_path, 1 << 32, told.append), data)
        assert left_by(partial(fast.run, cache=cache), scene, tape) == slow
        assert (cache.read, told) == (read, [])
    for entry in tmp_path.glob("decisions-*"):
        entry.unlink()
    cache = Cache(Store(tmp_path, 1 << 32, told.append), data)
    assert left_by(partial(fast.run, cache=cache), scene, tape) == slow
    assert cache.read == ["analyses"]
