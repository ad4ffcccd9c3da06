"""`ict optimise`: a study that goes on, the same with any number of processes, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.runtime.process.exits import Exit

SHORT = (
    "zscore", "--set", "market.days=1", "--set", "signals.zscore.timeframe=5m", "--range", "period=10..40", "--range",
    "entry=1.0..2.5", "--parts", "2", "--warm-up", "0.1", "--least-trades", "1", "--measure", "expectancy",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["optimise", *(str(each) for each in arguments)])


def test_a_study_goes_on_and_does_not_depend_on_the_number_of_processes() -> None:
    """BT-4: six trials, then eight; six with two processes are the same."""
    first = ict(*SHORT, "--trials", 6, "--json")
    assert first.exit_code == Exit.OK, first.output
    both = ict(*SHORT, "--trials", 6, "--jobs", 2, "--study", "sqlite:///other/two.sqlite", "--kept", "other", "--json")
    assert both.exit_code == Exit.OK, both.output
    assert json.loads(first.stdout) == json.loads(both.stdout)
    assert len(json.loads(first.stdout)["trials"]) == 6
    more = ict(*SHORT, "--trials", 8)
    assert more.exit_code == Exit.OK, more.output
    assert "8 trials by expectancy" in more.stdout
    assert "partly luck" in more.stdout
    other = ict(*SHORT, "--trials", 8, "--set", "risk.risk_per_trade=0.002")
    assert (other.exit_code, "give another --name" in other.output) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("crystal_ball",), "crystal_ball"),
        (("zscore", "--range", "no_such"), "no range is declared; there are: signals.zscore."),
        (("zscore", "--range", "period=0..9000"), "LOW..HIGH within 2..900"),
        (("zscore", "--measure", "luck"), "sharpe, expectancy, return"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_a_sentence(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    """OPS-1: before anything is played or kept."""
    refused = ict(*arguments)
    assert refused.exit_code == Exit.USAGE, refused.output
    assert text in refused.output
    assert not (tmp_path / "runs").exists()
