"""`ict report` and the report that `ict backtest` leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from research.backtest.result import read_result
from research.report.resting import ZONES
from research.report.write import REPORT
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import walk, write_csv

DRILL = ("--set", "signals.drill=true")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_backtest_leaves_a_report_and_the_command_writes_the_same_again(tmp_path: Path) -> None:
    """BT-3: from the record and the candles alone."""
    data = f"BTCUSDT={write_csv(tmp_path / 'btc.csv', walk(1, 300))}"
    out = tmp_path / "run"
    played = ict("backtest", "--data", data, "--strategy", "every_close", *DRILL, "--out", out)
    assert played.exit_code == Exit.OK, played.output
    assert (out / ZONES).read_bytes(), "a line for each signal"
    before = (out / REPORT).read_bytes()
    (out / REPORT).unlink()
    again = ict("report", out, "--data", data)
    assert again.exit_code == Exit.OK, again.output
    assert (out / REPORT).read_bytes() == before


def test_measures_have_intervals_in_the_result_on_the_page_and_in_the_terminal(tmp_path: Path) -> None:
    """BT-2: drawn with a fixed seed, so that the same run leaves the same bytes."""
    line = ("backtest", "--set", "market.days=3", "--strategy", "zscore", "--set", "risk.max_losing_streak=100")
    played = [ict(*line, "--out", tmp_path / name) for name in ("one", "two")]
    assert [each.exit_code for each in played] == [Exit.OK] * 2, played[0].output
    assert (tmp_path / "one" / "result.json").read_bytes() == (tmp_path / "two" / "result.json").read_bytes()
    result = read_result(tmp_path / "one")
    assert result.performance is not None
    assert result.performance.trades == len([each for each in result.trades if each.state == "closed"]) > 3
    interval = result.intervals["expectancy_r"]
    assert interval.low is not None
    assert interval.high is not None
    assert interval.low < (result.performance.expectancy_r or 0.0) < interval.high
    shown = f"{interval.low:+.2f} R … {interval.high:+.2f} R"
    assert shown in played[0].output
    assert shown in (tmp_path / "one" / REPORT).read_text(encoding="utf-8")
    assert shown in ict("runs", "show", tmp_path / "one").output


def test_other_candles_and_no_run_are_told(tmp_path: Path) -> None:
    """BT-3: what is wrong, where, what to type."""
    out = tmp_path / "run"
    data = f"BTCUSDT={write_csv(tmp_path / 'btc.csv', walk(1, 300))}"
    assert ict("backtest", "--data", data, "--strategy", "every_close", *DRILL, "--out", out).exit_code == Exit.OK
    other = f"BTCUSDT={write_csv(tmp_path / 'other.csv', walk(9, 300))}"
    refused = ict("report", out, "--data", other)
    assert refused.exit_code == Exit.NEGATIVE
    assert "not those that were played" in refused.output
    missing = ict("report", tmp_path / "none")
    assert missing.exit_code == Exit.NEGATIVE
    assert "ict runs list" in missing.output
