"""`ict why-not` and `ict scan`: the same signals, every reason with its numbers, refusals that say what to type."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
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
from tests.support.signals.regime_scenes import model, written

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


def test_a_signal_that_a_filter_stopped_is_shown_with_the_gates_of_the_filters(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIG-6, SIG-7: why-not has the signal and the filter's numbers; scan, as the services, has no such signal."""
    first = scanned(files)[0]
    at, symbol = first["close_time"], first["symbol"]
    monkeypatch.setenv("ICT_SIGNALS__FILTERS__COST", '{"enabled": true, "max_cost_r": 0.001}')
    monkeypatch.setenv("ICT_SIGNALS__FILTERS__SENSITIVITY", '{"enabled": true, "inside": 0.99, "outside": 0.98}')
    assert scanned(files, "--to", typed(at)) == []
    (told,) = asked(files, at, "--symbol", symbol)
    assert (told["verdict"], list(told["reasons"])) == ("filtered", ["cost_too_high"])
    assert (told["signal"], told["fault"]) == (None, "")
    assert [(each["name"], each["passed"]) for each in told["filters"]] == [("sensitivity", True), ("cost", False)]
    assert told["filters"][0]["value"] in (0.99, 0.98)
    assert all(each["passed"] for each in told["gates"])
    monkeypatch.setenv("COLUMNS", "200")
    shown = ict("why-not", *files, "--at", typed(at), "--symbol", symbol)
    for words in ("a signal, but a filter stopped it", first["id"], "The filters:", "cost_too_high", "at most 0.001 R"):
        assert words in shown.stdout, words
    monkeypatch.setenv("ICT_SIGNALS__PAUSED", '["ob_fvg"]')
    assert [each["verdict"] for each in asked(files, at, "--symbol", symbol)] == ["paused"]


def test_a_signal_that_the_regime_stopped_is_shown_with_the_gate_of_the_regime(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIG-5, SIG-7: the model is of a timeframe that no strategy reads, and another strategy has no part in the refusal."""
    first = scanned(files)[0]
    at, symbol = first["close_time"], first["symbol"]
    paths = [written(tmp_path / f"{each}.json", model(symbol=each, timeframe="1h")) for each in SYMBOLS]
    monkeypatch.setenv("ICT_SIGNALS__REGIMES__MODELS", msgspec.json.encode([str(each) for each in paths]).decode())
    monkeypatch.setenv("ICT_SIGNALS__REGIMES__ROUTES", '{"ob_fvg": {"calm": 1.0}}')
    monkeypatch.setenv("ICT_SIGNALS__REGIMES__WARMUP_CANDLES", "10000")
    assert scanned(files, "--to", typed(at)) == []
    (told,) = asked(files, at, "--symbol", symbol)
    assert (told["verdict"], list(told["reasons"]), told["signal"]) == ("regime", ["wrong_regime"], None)
    assert [(each["name"], each["passed"]) for each in told["filters"]] == [("regime", False)]
    assert "The regime on 1h is not known (calm " in told["filters"][0]["text"]
    monkeypatch.setenv("COLUMNS", "200")
    shown = ict("why-not", *files, "--at", typed(at), "--symbol", symbol)
    for words in ("a signal, but it may not trade in this regime", first["id"], "The filters and the regime:"):
        assert words in shown.stdout, words


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


def test_another_strategy_is_asked_whatever_is_configured_of_those_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIG-8: presets, routes and pauses of others stay behind."""
    path = written(tmp_path / "model.json", model(symbol="BTCUSDT"))
    monkeypatch.setenv("ICT_SYMBOLS", '["BTCUSDT"]')
    monkeypatch.setenv("ICT_SIGNALS__PRESETS", '{"ob_fvg": "mvp"}')
    monkeypatch.setenv("ICT_SIGNALS__PAUSED", '["ob_fvg"]')
    monkeypatch.setenv("ICT_SIGNALS__REGIMES__MODELS", msgspec.json.encode([str(path)]).decode())
    monkeypatch.setenv("ICT_SIGNALS__REGIMES__ROUTES", '{"ob_fvg": {"calm": 1.0}}')
    own = ["--data", f"BTCUSDT={write_csv(tmp_path / 'btc.csv', walk(1, 60))}"]
    at = START + 45 * MINUTE
    assert [each["strategy"] for each in asked(own, at, "--strategy", "donchian")] == ["donchian"]
    assert [each["strategy"] for each in asked(own, at, "--strategy", "ob_fvg")] == ["ob_fvg"]


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


@pytest.fixture(scope="module")
def played(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ict demo` leaves of the same candles: its journal, and its decisions as lines."""
    out = tmp_path_factory.mktemp("played")
    result = ict("demo", *files, "--out", out, "--json")
    assert result.exit_code == Exit.OK, result.output
    return out


def row(played: Path, query: str) -> Any:
    with closing(sqlite3.connect(played / "journal.sqlite")) as connection:
        return connection.execute(query).fetchone()


def told(played: Path, asked: str, *more: object) -> dict[str, Any]:
    result = ict("explain", asked, "--journal", f"sqlite:///{played}/journal.sqlite", "--json", *more)
    assert result.exit_code == Exit.OK, result.output
    found: dict[str, Any] = msgspec.json.decode(result.stdout)
    return found


def ids_of(played: Path) -> dict[str, str]:
    """An id of every kind, all of one trade."""
    decision, signal, intent, order, rests_on = row(
        played,
        "select d.id, s.id, i.id, o.client_id, s.rests_on from trades t join intents i on i.id = t.intent_id "
        "join signals s on s.id = i.signal_id join decisions d on d.id = s.decision_id "
        "join orders o on o.intent_id = i.id where t.state = 'closed' order by t.opened_at, o.client_id",
    )
    return {
        "decision": decision,
        "signal": signal,
        "intent": intent,
        "order": order,
        "fact": msgspec.json.decode(rests_on)[0],
    }


@pytest.mark.parametrize("kind", ["decision", "signal", "intent", "order", "fact"])
def test_every_kind_of_id_leads_to_the_story_of_its_trade(played: Path, kind: str) -> None:
    """SIG-7: from the journal alone: codes, checks with their numbers, orders, fills, the trade."""
    ids = ids_of(played)
    found = told(played, ids[kind])
    assert found["kind"] == kind
    story = found["journal"]
    assert story["decision"]["id"] == ids["decision"]
    assert story["strategy"] == ("" if kind == "decision" else "ob_fvg")
    assert story["verdict"]["intent"]["id"] == ids["intent"]
    assert len(story["verdict"]["checks"]) > 15
    assert ids["order"] in [each["order"]["client_id"] for each in story["orders"]]
    assert sum(float(each["quantity"]) for each in story["fills"]) == pytest.approx(2 * float(story["trade"]["quantity"]))
    assert story["trade"]["state"] == "closed"
    assert (found["computed"], found["differs"]) == ([], [])


def test_the_decision_of_the_journal_is_the_one_that_was_published(played: Path) -> None:
    """Put together again from its rows, it is the line that the demo wrote."""
    lines = [msgspec.json.decode(line) for line in (played / "decisions.jsonl").read_bytes().splitlines()]
    signalled = next(each for each in lines if each.get("chosen"))
    refused = next(each for each in lines if each["close_time"] > signalled["close_time"] and each.get("judgements"))
    for each in (signalled, refused):
        assert told(played, each["id"])["journal"]["decision"] == each


def test_candles_add_gates_and_facts_and_agree_with_the_journal(played: Path, files: list[str]) -> None:
    """One implementation: computed again, the recorded signal comes out."""
    ids = ids_of(played)
    found = told(played, ids["intent"], *files)
    (computed,) = found["computed"]
    assert computed["signal"]["id"] == ids["signal"]
    assert all(gate["passed"] for gate in computed["gates"])
    assert found["differs"] == []


def test_other_candles_are_said_to_differ(played: Path, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The specimen: with another setting the strategy says something else than was recorded."""
    monkeypatch.setenv("ICT_SIGNALS__OB_FVG__STOP_BUFFER", "0.003")
    assert told(played, ids_of(played)["intent"], *files)["differs"] == ["ob_fvg"]


def test_the_life_of_a_fact_comes_from_the_candles_alone(played: Path, files: list[str], tmp_path: Path) -> None:
    """A fact has every state with the close at which it became known."""
    asked = ids_of(played)["fact"]
    result = ict("explain", asked, *files, "--json", "--picture", tmp_path / "fact.html")
    assert result.exit_code == Exit.OK, result.output
    assert "there is no journal at" in result.stderr
    found = msgspec.json.decode(result.stdout)
    assert found["kind"] == "fact"
    known = [each["fact"]["changed_at"] for each in found["fact"]]
    assert known == sorted(known)
    assert known[0] == found["fact"][0]["fact"]["confirmed_at"]
    assert (tmp_path / "fact.html").stat().st_size > 10_000


@pytest.mark.parametrize("width", [80, 120])
def test_explain_fits_a_terminal(played: Path, files: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    asked = ids_of(played)["order"]
    for more in ((), files):
        result = ict("explain", asked, "--journal", f"sqlite:///{played}/journal.sqlite", *more)
        assert result.exit_code == Exit.OK, result.output
        assert max(map(len, result.stdout.splitlines())) <= width
        for words in ("Risk approved it", "costs_too_high", "The trade was closed"):
            assert words in result.stdout


def test_an_id_that_nobody_knows_is_answered_with_the_kinds_of_ids(played: Path, files: list[str]) -> None:
    """OPS-10: exit 1, and what to type next."""
    journal = f"sqlite:///{played}/journal.sqlite"
    result = ict("explain", "nonsense", "--journal", journal)
    assert result.exit_code == Exit.NEGATIVE
    assert "An id is a decision's, a signal's, an intent's" in result.output
    assert "give the candles with --data" in result.output
    result = ict("explain", "nonsense", "--journal", journal, *files, "--to", "2025-05-01")
    assert result.exit_code == Exit.NEGATIVE


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), Exit.UNREACHABLE, "there is no journal at .ict/journal.sqlite"),
        (("--journal", "mysql://x"), Exit.USAGE, "--journal: no journal for 'mysql'"),
        (("--picture", "x.png"), Exit.USAGE, "--picture: a picture needs candles; give them with --data"),
        (("--picture", "x.gif", "--data", "BTCUSDT=x.csv"), Exit.USAGE, "--picture x.gif: end it with .png or .html"),
    ],
)
def test_explain_refuses_with_what_to_type(
    words: tuple[str, ...], code: Exit, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ict("explain", "x", *words)
    assert result.exit_code == code
    assert said in result.output


def test_rows_that_no_journal_writes_are_refused(played: Path, tmp_path: Path) -> None:
    """The specimen: a verdict whose checks somebody edited."""
    path = tmp_path / "edited.sqlite"
    with closing(sqlite3.connect(played / "journal.sqlite")) as whole, closing(sqlite3.connect(path)) as copy:
        whole.backup(copy)
        copy.execute("update verdicts set checks = 'no list'")
        copy.commit()
    result = ict("explain", ids_of(played)["decision"], "--journal", f"sqlite:///{path}")
    assert result.exit_code == Exit.UNREACHABLE
    assert "this is no journal of ours, or it was edited" in result.output


def test_plot_draws_the_signals_that_scan_lists(files: list[str], tmp_path: Path) -> None:
    """Of the last candles: the page has the sentence of each, and nothing of them without the option."""
    own = files[:2]
    (last,) = scanned(own)[-1:]
    page = tmp_path / "chart.html"
    arguments = ("plot", *own, "--out", page, "--to", typed(last["close_time"] + 4 * QUARTER))
    assert ict(*arguments).exit_code == Exit.OK
    assert last["why"] not in page.read_text(encoding="utf-8")
    result = ict(*arguments, "--signals")
    assert result.exit_code == Exit.OK, result.output
    assert last["why"] in page.read_text(encoding="utf-8")


def test_after_a_gap_why_not_names_the_candle_that_is_missing_or_lacks_minutes(tmp_path: Path) -> None:
    """DATA-3, SIG-1: 18 minutes without a candle: a missing one, an incomplete one, then history that begins anew."""
    rows = walk(1, 600)
    gap = open_time(rows[300][0], "15m") + QUARTER
    path = write_csv(tmp_path / "gap.csv", [row for row in rows if not gap <= row[0] < gap + 18 * MINUTE])
    own = ["--data", f"BTCUSDT={path}"]
    for number, (reason, words) in enumerate(
        [
            ("data_missing", "the last 15m candle is missing"),
            ("data_disputed", "the last 15m candle is implausible, or lacks minutes"),
            ("warming_up", "22 candles of 15m without a gap are not there yet"),
        ],
        start=1,
    ):
        (told,) = asked(own, gap + number * QUARTER, "--strategy", "donchian")
        assert list(told["reasons"]) == [reason]
        assert any(words in gate["text"] for gate in told["gates"] if not gate["passed"])
