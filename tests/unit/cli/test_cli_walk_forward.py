"""`ict walk-forward`: options, refusals, the same answer whatever the number of processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.runtime.process.exits import Exit

SHORT = ("--set", "market.days=2", "--strategy", "zscore", "--set", "signals.zscore.timeframe=5m")
LENGTHS = ("--train", "0.6", "--test", "0.4", "--purge", "0.05", "--embargo", "0.05", "--warm-up", "0.2")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["walk-forward", *(str(each) for each in arguments)])


def test_the_walk_is_the_same_with_two_processes_and_is_not_played_twice(tmp_path: Path) -> None:
    """BT-4: settings are chosen in each training; backtests that were done are kept."""
    line = (*SHORT, *LENGTHS, "--vary", "signals.zscore.timeframe=5m,15m", "--least-trades", 1, "--json")
    answers = [ict(*line, "--jobs", count, "--kept", tmp_path / f"kept-{count}") for count in (1, 2)]
    assert [each.exit_code for each in answers] == [Exit.OK] * 2, answers[0].output
    one, two = (json.loads(each.stdout) for each in answers)
    assert one == two
    assert (one["candidates"], len(one["steps"])) == (2, 3)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept-1").rglob("*.json")}
    again = ict(*line[:-1], "--kept", tmp_path / "kept-1")
    assert again.exit_code == Exit.OK, again.output
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "kept-1").rglob("*.json")} == kept
    assert "no promise" in again.stdout
    assert "2 candidates in each training" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--vary", "signals.zscore.length"), "SETTING=VALUE,VALUE"),
        (("--vary", "signals.zscore.no_such=1,2"), "there is no such setting"),
        (("--vary", "signals.zscore.timeframe=5m,7m"), "signals.zscore.timeframe=7m: these settings cannot be used"),
        (("--measure", "luck"), "sharpe, expectancy, return"),
        (("--train", "90"), "give a longer range, or shorter ones"),
        (("--preset", "swift"), "STRATEGY=NAME"),
    ],
)
def test_a_walk_that_cannot_be_is_refused_in_a_sentence(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    """OPS-1: before anything is played or kept."""
    refused = ict(*SHORT, *arguments)
    assert refused.exit_code == Exit.USAGE, refused.output
    assert text in refused.output
    assert not (tmp_path / "runs").exists()
