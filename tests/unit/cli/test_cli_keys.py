"""``ict keys new``: a fresh pair, printed or written so that nobody else reads it and nothing is overwritten (OPS-7)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.run.startup import start_refusals
from cli.settings import Settings
from shared.config.errors import ConfigInvalid
from shared.config.load import load
from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OPERATOR, OTHER, OWN, OWN_KEYS
from tests.support.execution.desk import intent

WANTED = intent()
run = CliRunner().invoke
FILES = ("approval__private_key", "approval__public_key", "operator__private_key", "operator__public_key")


def test_keys_are_printed_as_the_variables_that_take_them() -> None:
    result = run(app, ["keys", "new"])
    assert result.exit_code == Exit.OK
    lines = [line.split("  # ") for line in result.stdout.splitlines()]
    environ = dict(line[0].split("=", 1) for line in lines)
    settings = load(Settings, [], environ, None, {"mode": "testnet"}).settings
    assert settings.signer()
    assert settings.verifier()
    assert "risk alone" in lines[0][1]
    assert "execution" in lines[1][1]
    assert settings.command_signer()
    assert settings.command_judge()
    assert "no service" in lines[2][1]


def test_files_are_secret_files_of_their_owner_alone(tmp_path: Path) -> None:
    result = run(app, ["keys", "new", "--out", str(tmp_path)])
    assert result.exit_code == Exit.OK, result.output
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == dict.fromkeys(FILES, 0o600)
    assert "ict-private-" not in result.output
    settings = load(Settings, [], {}, tmp_path, {"mode": "live", **ACKNOWLEDGED}).settings
    assert settings.signer()
    assert settings.verifier()


@pytest.mark.parametrize("there", FILES)
def test_no_key_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("kept")
    result = run(app, ["keys", "new", "--out", str(tmp_path)])
    assert result.exit_code == Exit.USAGE
    assert f"{there} exists and is not overwritten" in result.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]


def test_a_directory_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    result = run(app, ["keys", "new", "--out", str(tmp_path / "nowhere")])
    assert result.exit_code == Exit.USAGE
    assert "no such directory" in result.output


ACKNOWLEDGED = {"exchange": {"real_money": True, "proven_on_testnet": True}, "signals": {"strategies": ["ob_fvg"]}}


def test_two_keys_of_different_pairs_are_refused_at_their_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"approval:\n  private_key: {OWN.private}\n  public_key: {OTHER.public}\n")
    with pytest.raises(ConfigInvalid) as told:
        load(Settings, [path], {}, None)
    (error,) = told.value.errors
    assert str(error).startswith(f"{path}:3: approval.public_key")
    assert OWN.private not in str(error)


@pytest.mark.parametrize(
    ("service", "given", "asked"),
    [
        ("risk", {"private_key": OWN.private}, []),
        ("risk", {"public_key": OWN.public}, ["approval.private_key"]),
        ("execution", {"public_key": OWN.public}, []),
        ("execution", {"private_key": OWN.private}, ["approval.public_key"]),
        ("execution", {}, ["approval.public_key"]),
        ("notifier", {}, []),
        ("ingest", {}, []),
    ],
)
def test_a_process_is_asked_for_the_key_that_it_uses_and_for_no_other(
    service: str, given: dict[str, str], asked: list[str]
) -> None:
    """Invariant 5: nobody holds a key that he does not use."""
    exchange = {"key": "a-key", "secret": "a-secret"}
    operator = {"public_key": OPERATOR.public}
    values = {"mode": "testnet", "approval": given, "exchange": exchange, "operator": operator}
    loaded = load(Settings, [], {}, None, values)
    assert [fault.path for fault in start_refusals(loaded, [service])] == asked


@pytest.mark.parametrize("service", ["signals", "risk", "execution"])
def test_whoever_obeys_commands_is_asked_for_the_operators_public_key(service: str) -> None:
    """OPS-7: without it nobody could re-arm, or everybody."""
    exchange = {"key": "a-key", "secret": "a-secret"}
    loaded = load(Settings, [], {}, None, {"mode": "testnet", "approval": OWN_KEYS, "exchange": exchange})
    assert [fault.path for fault in start_refusals(loaded, [service])] == ["operator.public_key"]


@pytest.mark.parametrize("mode", ["sim", "paper"])
def test_a_signed_intent_passes_where_no_order_leaves_however_the_rest_was_set(mode: str) -> None:
    for given in ({}, {"private_key": OWN.private}, {"private_key": OWN.private, "public_key": OWN.public}):
        settings = load(Settings, [], {}, None, {"mode": mode, "approval": given}).settings
        assert settings.verifier().approved(WANTED, settings.signer().sign(WANTED))


def test_a_public_key_alone_leaves_risk_without_a_key_in_sim_too() -> None:
    loaded = load(Settings, [], {}, None, {"approval": {"public_key": OWN.public}})
    assert [fault.path for fault in start_refusals(loaded, ["risk"])] == ["approval.private_key"]
