"""`ict backtest` and `ict runs`: options, results, refusals, an interrupt."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.backtest.choosing import Choice
from cli.data.options import BadOption, CandleFiles
from cli.main import app
from services.signals.strategies import STRATEGIES
from shared.runtime.process.exits import Exit
from simulator.recorder import FILES
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.processes.answering import wait_until
from tests.support.processes.fleet import ICT

#: What a run leaves but the report.
LEFT = (*FILES, "zones.jsonl", "result.json")
SHORT = ("--set", "market.days=0.2")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def choice(**options: Any) -> Choice:
    return Choice(**{"data": CandleFiles(), "symbols": None, "start": None, "end": None, **options})


def test_options_become_settings_and_a_single_one_wins_over_a_preset() -> None:
    """BT-1: what is typed is what is traded."""
    found = choice(
        strategies=("ob_fvg", "ote"),
        presets=("ob_fvg=mvp",),
        settings=("risk.risk_per_trade=0.005", "signals.ob_fvg.timeframe=5m", "signals.paused=[ote]"),
    ).overrides()
    assert found["signals"]["strategies"] == ["ob_fvg", "ote"]
    assert found["signals"]["paused"] == ["ote"]
    assert found["risk"] == {"risk_per_trade": 0.005}
    mvp = STRATEGIES["ob_fvg"].presets["mvp"].model_dump(mode="json")
    assert found["signals"]["ob_fvg"] == {**mvp, "timeframe": "5m"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"settings": ("risk.max_positions",)}, "SETTING=VALUE"),
        ({"settings": ("=1",)}, "SETTING=VALUE"),
        ({"settings": ("a=1", "a.b=2")}, "a was set to 1 before"),
        ({"settings": ("a={",)}, "is no value"),
        ({"presets": ("mvp",)}, "STRATEGY=NAME"),
        ({"presets": ("ob_fvg=swift",)}, "no preset swift; there are: mvp"),
        ({"presets": ("ob_fgv=mvp",)}, "ob_fgv"),
    ],
)
def test_an_option_that_says_nothing_usable_is_refused_in_a_sentence(options: dict[str, Any], text: str) -> None:
    """OPS-1: which option, and how it is written."""
    with pytest.raises(BadOption, match=text):
        choice(**options).overrides()


def test_symbols_are_taken_from_the_repository_that_data_names() -> None:
    """DATA-5: one --data for all of them, or the default place."""
    assert choice(symbols="BTCUSDT, ETHUSDT").files().data == ("BTCUSDT=repo:", "ETHUSDT=repo:")
    assert choice(symbols="BTCUSDT", data=CandleFiles(("repo:far",))).files().data == ("BTCUSDT=repo:far",)
    for wrong in (choice(symbols=","), choice(symbols="BTCUSDT", data=CandleFiles(("a.csv",)))):
        with pytest.raises(BadOption, match="--symbols"):
            wrong.files()


def test_a_run_leaves_its_record_and_a_result_that_the_same_run_leaves_again(tmp_path: Path) -> None:
    """BT-1: byte for byte; runs show, list and compare read it."""
    for name in ("one", "two"):
        done = ict("backtest", *SHORT, "--out", tmp_path / "runs" / name, "--json")
        assert done.exit_code == Exit.OK, done.output
    told = json.loads(done.stdout)
    assert (told["finished"], told["minutes"], told["decisions"]) == (True, 288, 576)
    one, two = tmp_path / "runs" / "one", tmp_path / "runs" / "two"
    for name in (*FILES, "result.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    other = ict("backtest", *SHORT, "--strategy", "ote", "--out", tmp_path / "runs" / "three")
    assert other.exit_code == Exit.OK, other.output
    listed = json.loads(ict("runs", "list", "--json").stdout)
    assert [Path(each).name for each in listed] == ["one", "three", "two"]
    assert "2025-01-06 00:00" in ict("runs", "list").stdout
    shown = ict("runs", "show", one)
    assert shown.exit_code == Exit.OK
    assert told["settings_digest"][:16] in shown.stdout
    compared = json.loads(ict("runs", "compare", one, tmp_path / "runs" / "three", "--json").stdout)
    assert compared["differ"] == {"settings.signals.strategies": [["ob_fvg"], ["ote"]]}
    assert "are the same" in ict("runs", "compare", one, two).stdout


def test_a_second_run_reads_what_the_first_has_kept_and_leaves_the_same_bytes(tmp_path: Path) -> None:
    """BT-7: decisions with other risk, analyses with other settings of the strategy; a damaged file is made again."""

    def played(name: str, *options: object) -> dict[str, Any]:
        done = ict("backtest", *SHORT, "--out", tmp_path / "runs" / name, "--json", *options)
        assert done.exit_code == Exit.OK, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def same(*runs: str) -> bool:
        left = [[(tmp_path / "runs" / run / name).read_bytes() for name in LEFT] for run in runs]
        return left[0] == left[1]

    assert played("first")["read_from_cache"] == []
    assert played("again")["read_from_cache"] == ["decisions"]
    poorer = ("--set", "risk.risk_per_trade=0.004")
    assert played("poorer", *poorer)["read_from_cache"] == ["decisions"]
    assert played("poorer-plain", *poorer, "--no-cache")["read_from_cache"] == []
    picky = ("--set", "signals.ob_fvg.min_stop_distance=0.002")
    assert played("picky", *picky)["read_from_cache"] == ["analyses"]
    assert played("picky-plain", *picky, "--set", "backtest.cache_mb=0")["read_from_cache"] == []
    assert same("first", "again")
    assert same("poorer", "poorer-plain")
    assert same("picky", "picky-plain")

    kept = sorted((tmp_path / ".ict" / "cache").iterdir())
    assert [path.name.split("-")[0] for path in kept] == ["analyses", "decisions", "decisions"]
    for path in kept:
        path.write_bytes(path.read_bytes()[:-3])
    told = ict("backtest", *SHORT, "--out", tmp_path / "runs" / "mended")
    assert told.exit_code == Exit.OK
    assert told.output.count("It is made again") == 2
    assert same("first", "mended")
    assert "read from .ict/cache: decisions" in ict("backtest", *SHORT, "--out", tmp_path / "runs" / "last").output


def test_without_a_directory_a_run_is_named_after_itself_below_runs(tmp_path: Path) -> None:
    """BT-1: typing the line again replaces the run, and a changed setting is another run."""
    for line in ((*SHORT,), (*SHORT,), (*SHORT, "--set", "risk.risk_per_trade=0.02")):
        assert ict("backtest", *line).exit_code == Exit.OK
    names = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(names) == 2
    assert all(name.startswith("ob_fvg-") for name in names)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--from", "2025-05-06", "--to", "2025-05-05"), Exit.USAGE, "nothing lies between"),
        (("--symbols", "BTCUSDT"), Exit.USAGE, "ict data fetch BTCUSDT"),
        (("--data", "BTCUSDT=one.csv", "--from", "2031-01-01"), Exit.NEGATIVE, "no candle lies within"),
        (("--data", "BTCUSDT=one.csv", "--funding", "ETHUSDT=x.csv"), Exit.USAGE, "it is not played here"),
        (("--set", "risk.no_such=1"), Exit.USAGE, "no_such"),
        (("--set", "mode=paper"), Exit.USAGE, "mode sim"),
    ],
)
def test_a_run_that_cannot_be_played_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], code: Exit, text: str
) -> None:
    """OPS-1: a sentence, and no directory of a run that never was."""
    write_csv(tmp_path / "one.csv", walk(1, 60))
    refused = ict("backtest", *arguments)
    assert refused.exit_code in (code, Exit.CONFIG_INVALID), refused.output
    assert text in refused.output
    assert not (tmp_path / "runs").exists()


def test_a_run_whose_setups_were_never_reached_says_what_stood_in_the_way(tmp_path: Path) -> None:
    """SIG-7: no trades is an answer, with the reason."""
    done = ict("backtest", *SHORT, "--set", "signals.ob_fvg.entry_score=4", "--out", tmp_path / "run")
    assert done.exit_code == Exit.OK, done.output
    assert "too little history" in done.output or "No setup was reached" in done.output


def test_an_interrupted_run_keeps_what_was_played_and_says_that_it_is_unfinished(tmp_path: Path) -> None:
    """OPS-9: Ctrl-C after an hour does not cost the hour."""
    out = tmp_path / "run"
    line = [*ICT, "backtest", "--set", "market.days=20", "--every-minute", "--out", str(out), "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as run:
        try:
            record = out / "decisions.jsonl"
            wait_until(lambda: run.poll() is not None or (record.exists() and record.stat().st_size > 0), 100, "it plays")
            run.send_signal(signal.SIGINT)
            told, said = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == Exit.INTERRUPTED, said
    assert b"marked unfinished" in said
    assert json.loads(told)["finished"] is False
    assert 0 < json.loads((out / "result.json").read_bytes())["minutes"] < 20 * 1_440
    for name in FILES:
        assert all(json.loads(each) for each in (out / name).read_bytes().splitlines()), "no line is cut"
    assert "(unfinished)" in ict("runs", "show", out).stdout


def test_a_damaged_result_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    """OPS-1: a run that was cut short is no run of another version."""
    for name, result in (("cut", None), ("damaged", b"{}")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "equity.jsonl").touch()
        if result is not None:
            (tmp_path / "runs" / name / "result.json").write_bytes(result)
    listed = json.loads(ict("runs", "list", "--json").stdout)
    assert "cut short" in listed["runs/cut"]
    assert "play the run again" in listed["runs/damaged"]
    gone = ict("runs", "show", tmp_path / "runs" / "none")
    assert (gone.exit_code, "ict runs list" in gone.output) == (Exit.NEGATIVE, True)
    assert ict("runs", "compare", tmp_path / "runs" / "cut").exit_code == Exit.USAGE


FLOW = ("--set", "signals.filters.order_flow={enabled: true, max_delta_against: 0.0}")
CARRY = ("--strategy", "funding_carry", "--set", "signals.funding_carry={timeframe: 5m, trend: 3}")


def test_who_reads_what_the_data_lacks_is_refused(tmp_path: Path) -> None:
    """BT-1: a backtest that answered without it would not be what trades."""
    write_csv(tmp_path / "one.csv", walk(3, 400))
    for wanted, said in ((CARRY, "none is known of BTCUSDT"), (FLOW, "filter order_flow reads order flow")):
        refused = ict("backtest", "--data", f"BTCUSDT={tmp_path / 'one.csv'}", *wanted, "--out", tmp_path / "run")
        assert (refused.exit_code, said in refused.stderr) == (Exit.NEGATIVE, True), refused.stderr
        assert not (tmp_path / "run").exists()


def test_who_reads_funding_or_order_flow_is_played_on_data_that_has_it(tmp_path: Path) -> None:
    """BT-1, BT-7: rates of a file, and of the generated market; the page of the run is written again from its candles."""
    write_csv(tmp_path / "one.csv", walk(3, 400))
    (tmp_path / "rates.csv").write_text(f"funding_time,funding_rate\n{START},0.0009\n")
    data = ("--data", f"BTCUSDT={tmp_path / 'one.csv'}")
    done = ict("backtest", *data, "--funding", f"BTCUSDT={tmp_path / 'rates.csv'}", *CARRY, "--out", tmp_path / "recorded")
    assert done.exit_code == Exit.OK, done.stderr
    assert b"no_funding" not in (tmp_path / "recorded" / "decisions.jsonl").read_bytes()
    for name, wanted in (("carry", CARRY), ("flow", FLOW)):
        run = tmp_path / name
        done = ict("backtest", "--set", "market.days=0.1", *wanted, "--out", run)
        assert done.exit_code == Exit.OK, done.stderr
        again = ict("report", run)
        assert again.exit_code == Exit.OK, again.output
