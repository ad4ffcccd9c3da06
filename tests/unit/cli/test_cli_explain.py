"""`ict why-not` and `ict scan`: the same signals, every reason with its numbers, refusals that say what to type."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from services.signals.wording import moment
from shared.domain.timeframes import MINUTE, open_time
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.signals.demo_market import SEED, SYMBOLS

QUARTER = 15 * MINUTE


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The demo's market of two days as files, in which the first strategy signals."""
    from simulator.market.generator import GeneratedMarket

    folder = tmp_path_factory.mktemp("market")
    rows: dict[str, list[Any]] = {symbol: [] for symbol in SYMBOLS}
    for _, candles in GeneratedMarket(SYMBOLS, days=2.0, seed=SEED).steps():
        for each in candles:
            rows[each.symbol].append((each.open_time, each.open, each.high, each.low, each.close, each.volume))
    paths = {symbol: write_csv(folder / f"{symbol}.csv", rows[symbol]) for symbol in SYMBOLS}
    return [word for symbol, path in paths.items() for word in ("--data", f"{symbol}={path}")]


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def typed(at: int) -> str:
    """A moment (UTC ms) as it is typed."""
    return moment(at).removesuffix(" UTC").replace(" ", "T")


def scanned(files: list[str], *more: object) -> list[dict[str, Any]]:
    result = ict("scan", *files, "--json", *more)
    assert result.exit_code == Exit.OK, result.output
    return [msgspec.json.decode(line) for line in result.stdout.splitlines()]


def asked(files: list[str], at: int, *more: object) -> Iterator[dict[str, Any]]:
    result = ict("why-not", *files, "--at", typed(at), "--json", *more)
    assert result.exit_code == Exit.OK, result.output
    yield from msgspec.json.decode(result.stdout)["judgements"]


def test_why_not_at_the_close_of_a_signal_gives_that_signal_with_every_gate_passed(files: list[str]) -> None:
    """SIG-7: computed again, it is the same; what it rests on was known by then."""
    signals = scanned(files)
    assert len(signals) >= 3
    for signal in signals[:3]:
        assert signal.pop("chosen")
        (told,) = asked(files, signal["close_time"], "--symbol", signal["symbol"])
        assert (told["verdict"], told["signal"], told["reasons"]) == ("signal", signal, {})
        assert all(gate["passed"] for gate in told["gates"])
        assert [each["fact"]["id"] for each in told["facts"]] == signal["rests_on"]
        assert all(each["fact"]["confirmed_at"] <= signal["close_time"] for each in told["facts"])


def test_why_not_between_two_closes_speaks_of_the_last_one(files: list[str]) -> None:
    """The reasons are those of the gates that fail, each with its numbers and its meaning."""
    at = scanned(files)[0]["close_time"] + 2 * QUARTER + 7 * MINUTE
    told = list(asked(files, at))
    assert [(each["symbol"], each["strategy"]) for each in told] == [(symbol, "ob_fvg") for symbol in SYMBOLS]
    for each in told:
        assert each["close_time"] == open_time(at, "15m")
        failed = dict.fromkeys(gate["reason"] for gate in each["gates"] if not gate["passed"])
        assert list(each["reasons"]) == list(failed)
        assert all(each["reasons"].values())


@pytest.mark.parametrize("width", [80, 120])
def test_why_not_fits_a_terminal(files: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    at = scanned(files)[0]["close_time"]
    result = ict("why-not", *files, "--at", typed(at), "--strategy", "ob_fvg", "--strategy", "every_close")
    assert result.exit_code == Exit.OK, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= width
    for words in ("USDT, ob_fvg: ", "known since", "came_back", "every_close offers no numbers"):
        assert any(words in line for line in lines), words


def test_a_paused_strategy_is_said_to_be_paused(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """SIG-8: why-not has its signal; scan, as the services, has none."""
    monkeypatch.setenv("ICT_SIGNALS__PAUSED", '["every_close"]')
    at = scanned(files)[0]["close_time"]
    (told,) = asked(files, at, "--strategy", "every_close", "--symbol", "BTCUSDT")
    assert told["verdict"] == "paused"
    assert told["signal"]["strategy"] == "every_close"
    assert scanned(files, "--strategy", "every_close", "--to", typed(at)) == []


def test_scan_marks_what_was_not_chosen(files: list[str]) -> None:
    """SIG-8: opposite sides at one close: none is chosen; the same side: the higher score."""
    signals = scanned(files, "--strategy", "ob_fvg", "--strategy", "every_close")
    first = [each for each in signals if each["strategy"] == "ob_fvg"]
    for own in first:
        at = (own["close_time"], own["symbol"])
        (other,) = [e for e in signals if e["strategy"] == "every_close" and (e["close_time"], e["symbol"]) == at]
        assert not other["chosen"]
        assert own["chosen"] == (own["side"] == other["side"])
    assert {each["chosen"] for each in first} == {True, False}


def test_scan_writes_the_same_signals_as_table_csv_and_json(files: list[str]) -> None:
    """The table has a line a signal and its sentence below; totals go to stderr."""
    signals = scanned(files)
    rows = list(csv.DictReader(io.StringIO(ict("scan", *files, "--csv").stdout)))
    assert [row["id"] for row in rows] == [each["id"] for each in signals]
    assert [float(row["stop"]) for row in rows] == pytest.approx([each["stop"] for each in signals])
    assert [row["why"] for row in rows] == [each["why"] for each in signals]
    result = ict("scan", *files)
    lines = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert len(lines) == len(signals) + 1
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert f"{len(signals)} signals (ob_fvg {len(signals)}) at 2,880 closes of BTCUSDT, ETHUSDT" in result.stderr


def test_a_longer_range_only_adds_signals_and_a_symbol_shows_its_own(files: list[str]) -> None:
    """Causality: what was signalled stands."""
    whole = scanned(files)
    short = scanned(files, "--to", typed(whole[2]["close_time"]))
    assert short == [each for each in whole if each["close_time"] <= whole[2]["close_time"]]
    assert scanned(files, "--symbol", "ethusdt") == [each for each in whole if each["symbol"] == "ETHUSDT"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("why-not", "--at", "soon"), Exit.USAGE, "--at soon: write a date like 2025-05-04"),
        (("why-not", "--at", "2019-01-01"), Exit.USAGE, "--at 2019-01-01: the candles close from 2025-05-0"),
        (("why-not", "--at", "2031-01-01T00:00"), Exit.USAGE, "name a moment between"),
        (
            ("scan", "--strategy", "ob_fgv"),
            Exit.USAGE,
            "--strategy ob_fgv: there is no strategy ob_fgv; did you mean ob_fvg?",
        ),
        (
            ("scan", "--symbol", "SOLUSDT"),
            Exit.USAGE,
            "--symbol SOLUSDT: the files are of BTCUSDT; give its file with --data",
        ),
        (("scan", "--json", "--csv"), Exit.USAGE, "--json and --csv: choose one"),
        (("scan", "--interval", "15m"), Exit.USAGE, "--interval 15m: one-minute candles are played here"),
        (("scan", "--from", "2031-01-01"), Exit.NEGATIVE, "no candle lies within the span asked for"),
    ],
)
def test_a_wrong_word_is_refused_with_what_to_type(words: tuple[str, ...], code: Exit, said: str, tmp_path: Path) -> None:
    """OPS-10: exit 2 for what was typed, 1 for what the file does not hold."""
    path = write_csv(tmp_path / "btc.csv", walk(1, 60))
    result = ict(*words, "--data", f"BTCUSDT={path}")
    assert result.exit_code == code, result.output
    assert said in result.output


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = ict("scan", "--data", f"BTCUSDT={tmp_path / 'lost.csv'}")
    assert result.exit_code == Exit.NEGATIVE
    assert "lost.csv" in result.output


def test_timeframes_that_are_not_configured_are_a_fault_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a strategy that only the option names: what the configuration has of it is checked with the rest."""
    monkeypatch.setenv("ICT_TIMEFRAMES", '["1m", "5m"]')
    monkeypatch.setenv("ICT_SIGNALS__STRATEGIES", '["every_close"]')
    monkeypatch.setenv("ICT_SIGNALS__DRILL", "true")
    path = write_csv(tmp_path / "btc.csv", walk(1, 60))
    result = ict("scan", "--data", f"BTCUSDT={path}", "--strategy", "ob_fvg")
    assert result.exit_code == Exit.CONFIG_INVALID
    assert "signals needs timeframe 15m" in result.output


def test_a_strategy_whose_first_candle_has_not_closed_is_said_to_be_silent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "btc.csv", walk(1, 60)[1:])
    result = ict("why-not", "--data", f"BTCUSDT={path}", "--at", typed(START + 5 * MINUTE))
    assert result.exit_code == Exit.OK
    assert "ob_fvg has not judged yet: no 15m candle has closed" in " ".join(result.stdout.split())
