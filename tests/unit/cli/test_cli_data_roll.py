"""``ict data roll`` and ``ict data show --hot``: the journal's candles and the repository's as one history."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from typer.testing import CliRunner

from cli.main import app
from services.journal.sink import JournalSink
from shared.candles.repository import Repository
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from tests.support.candles.rows import stored
from tests.support.journal import scenes
from tests.support.journal.scenes import at
from tests.support.runtime.telling import received


def ict(*arguments: object, code: int = Exit.OK, journal: Path) -> str:
    environment = {"COLUMNS": "200", "DATABASE_URL": f"sqlite:///{journal}"}
    result = CliRunner().invoke(app, [str(each) for each in arguments], env=environment)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal with the minutes 10 to 19 of two symbols, of which the last is disputed."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "journal.sqlite"
    bundles = [scenes.candles(minute) for minute in range(11, 21)]
    last = bundles[-1]
    bundles[-1] = structs.replace(last, candles=tuple(structs.replace(each, state="disputed") for each in last.candles))

    async def write() -> None:
        sink = JournalSink(f"sqlite:///{path}")
        await sink.start()
        await sink.write(received(bundles))
        await sink.close()

    asyncio.run(write())
    return path


def cold(root: Path, minutes: int, close: float = 1 / 3) -> None:
    """The first minutes of BTCUSDT, cold."""
    series = Repository(root).series("BTCUSDT")
    times = at(0) + np.arange(minutes) * MINUTE
    numbers = (np.full(minutes, each) for each in (1.0, 1e9, 1e-9, close, 2.5e-7))
    with series.locked():
        series.add([(times, *numbers)])


def test_rolled_candles_are_stored_once_and_what_lies_between_is_told(journal: Path, tmp_path: Path) -> None:
    """DATA-5: a gap between both sides is named with the line that fills it; disputed candles are not believed."""
    store = tmp_path / "history"
    cold(store, 5)
    said = ict("data", "roll", "--store", store, journal=journal)
    assert "BTCUSDT 1m: 5 candles lack from 2024-01-02 00:05 on" in said
    assert "ict data fetch BTCUSDT --from 2024-01-02 --to 2024-01-03 --kind 1m" in said
    assert "ETHUSDT 1m: 1 disputed candles were left out" in said
    assert [at(place) for place in (*range(5), *range(10, 19))] == stored(Repository(store).series("BTCUSDT"))[0].tolist()
    again = json.loads(ict("data", "roll", "btcusdt", "--store", store, "--json", journal=journal))
    assert [(each["symbol"], each["seam"]["cold"], each["seam"]["hot"]) for each in again] == [("BTCUSDT", 14, 0)]


def test_candles_that_the_journal_has_otherwise_stay_as_they_are_stored(journal: Path, tmp_path: Path) -> None:
    """DATA-5: a disagreement is told, not mended."""
    store = tmp_path / "history"
    cold(store, 12, close=0.5)
    said = ict("data", "roll", "BTCUSDT", "--store", store, journal=journal)
    assert "2 candles are stored with other numbers than the journal has, the first of 2024-01-02 00:10" in said
    assert stored(Repository(store).series("BTCUSDT"))[4].tolist()[:13] == [0.5] * 12 + [1 / 3]


def test_both_sides_are_shown_as_one(journal: Path, tmp_path: Path) -> None:
    """DATA-5: one reader; without --hot the repository alone."""
    store = tmp_path / "history"
    cold(store, 12)
    shown = json.loads(ict("data", "show", "BTCUSDT", "--hot", "--store", store, "--json", journal=journal))
    assert (shown["rows"], shown["of them hot"], shown["missing"]) == (19, 7, 0)
    assert len(shown["notes"]) == 1, "minutes 10 and 11 have other opens"
    assert "of them hot" in ict("data", "show", "ETHUSDT", "--hot", "--store", store, journal=journal)
    assert json.loads(ict("data", "show", "BTCUSDT", "--store", store, "--json", journal=journal))["rows"] == 12


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("roll", "XRPUSDT"), Exit.USAGE, "no 1m candles of XRPUSDT; it has those of BTCUSDT, ETHUSDT"),
        (("roll", "--kind", "funding"), Exit.USAGE, "ict data fetch"),
        (("roll", "--journal", "sqlite:///none.sqlite"), Exit.UNREACHABLE, "no journal at none.sqlite"),
        (("roll", "--journal", "mysql://x/y"), Exit.USAGE, "allowed are"),
        (("roll", "--kind", "4h"), Exit.OK, "no such candles yet"),
        (("show", "BTCUSDT", "--hot", "--kind", "funding"), Exit.USAGE, "candles, and no funding"),
        (("flow", "BTCUSDT"), Exit.USAGE, "history has no minutes of BTCUSDT; type: ict data fetch BTCUSDT --kind 1m"),
    ],
)
def test_a_journal_that_cannot_be_rolled_says_why(words: tuple[str, ...], code: int, text: str, journal: Path) -> None:
    """OPS-10: and nothing is stored."""
    assert text in ict("data", *words, code=code, journal=journal)
    assert Repository(Path("history")).stored() == []


def test_trades_that_are_stored_give_minutes_their_order_flow(tmp_path: Path, journal: Path) -> None:
    """DATA-6: by the command; a minute with another volume is told."""
    store = tmp_path / "history"
    cold(store, 3)
    trades = Repository(store).series("BTCUSDT", "aggTrades")
    numbers = (np.full(2, each) for each in (1.0, 1e9, 1e-9, 1 / 3, 2.5e-7, 1e-7, 4.0))
    with trades.locked():
        trades.add([(at(0) + np.arange(2) * MINUTE, *numbers)])
    said = ict("data", "flow", "btcusdt", "--store", store, journal=journal)
    assert "BTCUSDT: 2 minutes have their order flow now" in said
    assert "no trades are stored of 1 minutes" in said
    (again,) = json.loads(ict("data", "flow", "BTCUSDT", "--store", store, "--json", journal=journal))
    assert (again["filled"], again["lacking"]) == (0, 1)
