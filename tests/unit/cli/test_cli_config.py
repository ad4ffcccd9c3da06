"""`ict config show`: what is in force, and where it comes from; `ict check`: what would be refused at the start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from cli.settings import Settings
from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OWN


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings from outside."""
    for name in ("ICT_CONFIG", "ICT_LAYOUT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("risk:\n  max_positions: 7\n")
    return path


def test_show_prints_every_setting() -> None:
    shown = yaml.safe_load(ict("config", "show").stdout)
    assert set(shown) == set(Settings.model_fields)
    assert shown["risk"]["max_positions"] == Settings().risk.max_positions


def test_show_of_a_section_prints_that_section_only(config: Path) -> None:
    shown = yaml.safe_load(ict("config", "show", "risk", "--config", config).stdout)
    assert set(shown) == {"risk"}
    assert shown["risk"]["max_positions"] == 7


def test_origin_says_file_and_line_environment_secret_file_or_default(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "approval__private_key").write_text(f"{OWN.private}\n")
    monkeypatch.setenv("ICT_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("ICT_RISK__TRADES_PER_DAY", "9")
    lines = ict("config", "show", "--origin", "--config", config).stdout.splitlines()
    assert f"  max_positions: 7  # {config}:2" in lines
    assert "  trades_per_day: 9  # environment ICT_RISK__TRADES_PER_DAY" in lines
    assert f"  private_key: '**********'  # secret file {secrets / 'approval__private_key'}" in lines
    assert "  daily_loss_limit: 0.03  # default" in lines


def test_json_has_the_same_values_and_with_origin_each_by_its_path(config: Path) -> None:
    plain = msgspec.json.decode(ict("config", "show", "risk", "--json", "--config", config).stdout)
    assert plain["max_positions"] == 7
    by_path = msgspec.json.decode(ict("config", "show", "risk", "--json", "--origin", "--config", config).stdout)
    assert by_path["risk.max_positions"] == {"value": 7, "origin": f"{config}:2"}


def test_an_unknown_section_is_a_usage_error_with_the_nearest_name() -> None:
    result = ict("config", "show", "risk.max_position")
    assert result.exit_code == Exit.USAGE
    assert "risk.max_position: there is no such setting; did you mean risk.max_positions?" in result.output


def test_show_of_an_invalid_configuration_lists_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("mode: simm\n")
    result = ict("config", "show", "--config", path)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert f"{path}:1: mode = simm" in result.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timeframes: [1m]\n", ":1: timeframes = ['1m']: strategy ob_fvg judges 15m candles: add 15m here"),
        ("simulator:\n  brackets_file: lost.json\n", ":2: simulator.brackets_file: lost.json"),
        ("server:\n  scenario: lost.yaml\n", ":2: server.scenario: lost.yaml"),
        ("server:\n  exchange_info: lost.json\n", ":2: server.exchange_info: "),
        ("symbols: [BTCUSDT]\nmarket:\n  source: files\n  files: {BTCUSDT: lost.csv}\n", ":4: market.files: "),
        ("journal:\n  url: mysql://host/db\n", ":2: journal.url"),
        ("bus:\n  url: amqp://host:port/\n", ":2: bus.url"),
        ("store:\n  url: redis://host:port/0\n", ":2: store.url"),
        ("store:\n  url: sqlite:///\n", ":2: store.url"),
        ("layout: embedded\nmode: testnet\n", ":1: layout = embedded"),
    ],
)
def test_check_refuses_with_the_line_what_a_service_would_refuse_at_its_start(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "refused.yaml"
    path.write_text(text)
    result = ict("check", "--config", path)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert f"{path}{told}" in result.output


def test_check_of_a_mode_that_sends_orders_needs_the_key(tmp_path: Path) -> None:
    path = tmp_path / "testnet.yaml"
    path.write_text("mode: testnet\n")
    result = ict("check", "--config", path)
    assert result.exit_code == Exit.CONFIG_INVALID
    assert "exchange.key: mode testnet signs orders: set ICT_EXCHANGE__KEY" in result.output


@pytest.mark.parametrize("mode", ["paper", "testnet"])
def test_demo_is_for_mode_sim(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(f"mode: {mode}\n")
    result = ict("demo", "--config", path)
    assert result.exit_code == Exit.USAGE
    assert f"mode {mode} has a market of its own" in result.output
