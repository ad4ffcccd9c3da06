"""`ict lookahead --strategy` with installed strategies that look ahead: each is caught by its command line, with one cut."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cli.main import app
from services.signals import plugins
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.signals.packages import install

MINUTES = 300
#: A strategy whose rule has, beside its view, every close that this process has shown it: what a cache on disk would give.
SOURCE = """
from pydantic import BaseModel, ConfigDict

from services.signals.contract import Strategy, signal_id
from shared.domain.decisions import Exit, MarketEntry, Signal

SEEN: dict[int, float] = {{}}
MINUTE, HOUR, LAST = 60_000, 3_600_000, {last}


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def wants(at, close):
    {rule}


def judge(view, settings):
    analysis = view.at_close("1m")
    if analysis is None:
        return ("data_missing",)
    close, at = analysis.candle.close, view.close_time
    SEEN[at] = close
    if not wants(at, close):
        return ("no_setup",)
    return Signal(
        id=signal_id("{name}", view.symbol, at), symbol=view.symbol, strategy="{name}", side="BUY",
        entry=MarketEntry(price=close), stop=close * 0.99, exits=(Exit(price=close * 1.02),), score=1.0, close_time=at,
        valid_until=at + MINUTE, rests_on=(), why="it was going to rise",
    )


STRATEGY = Strategy(
    name="{name}", about="A specimen.", settings=Settings, judge=judge, timeframe=lambda settings: "1m",
    reads=lambda settings: {{"1m": frozenset()}},
)
"""
#: What each buys by.
RULES = {
    "honest": "return close % 7 < 1",
    "peek": "return SEEN.get(at + MINUTE, close) > close",
    "peek_at_the_end": "return at == LAST - MINUTE and SEEN.get(LAST, close) != close",
    "running_hour": "return SEEN.get(-(-at // HOUR) * HOUR, close) > close",
    "sorted_by_result": "return max(SEEN.get(at + 20 * MINUTE, close) - close, 0.0) > 5.0",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The specimens, each a package of its own; candles of five hours."""
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    last = START + MINUTES * MINUTE
    for name, rule in RULES.items():
        source = SOURCE.format(name=name, rule=rule, last=last)
        install(tmp_path / "site", f"specimen-{name}", {name: f"{name}:STRATEGY"}, {name: source})
    monkeypatch.syspath_prepend(tmp_path / "site")
    plugins.clear()
    write_csv(tmp_path / "candles.csv", walk(2, MINUTES))
    yield ["--data", f"BTCUSDT={tmp_path / 'candles.csv'}", "--cuts", "1", "--json"]
    for name in RULES:
        sys.modules.pop(name, None)
    plugins.clear()


@pytest.mark.parametrize("name", RULES)
def test_a_strategy_that_looks_ahead_is_caught_and_an_honest_one_is_not(name: str, installed: list[str]) -> None:
    """BT-5: one candle ahead, at the last candle alone, by the hour's candle while it runs, by what the trade will bring."""
    result = CliRunner().invoke(app, ["lookahead", "--strategy", name, *installed])
    assert result.stdout, result.output
    answer = msgspec.json.decode(result.stdout)
    assert answer["statements"] > MINUTES // 2
    assert (result.exit_code, answer["clean"]) == ((Exit.OK, True) if name == "honest" else (Exit.NEGATIVE, False))
