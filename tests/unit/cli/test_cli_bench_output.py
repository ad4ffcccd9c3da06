"""What ``ict bench`` prints: with ``--json``, one object on stdout and nothing else."""

from __future__ import annotations

import json

import pytest
import structlog
import typer
from typer.testing import CliRunner

from cli.bench.codec import _PydanticFact
from cli.main import app
from shared.domain.facts import Fact


def test_logs_of_a_benchmark_stay_off_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-4: whoever compares runs reads the result with a program."""

    def measured(*, as_json: bool) -> None:
        structlog.get_logger("services.somewhere").info("service started")
        structlog.get_logger("services.somewhere").error("broken")
        typer.echo(json.dumps({"as_json": as_json}))

    monkeypatch.setattr("cli.bench.codec.main", measured)
    done = CliRunner().invoke(app, ["bench", "codec", "--json"])
    assert json.loads(done.stdout) == {"as_json": True}
    assert "broken" in done.stderr
    assert "service started" not in done.stderr


def test_the_two_codecs_carry_the_same_fields() -> None:
    """OPS-4: a fact that gets a field gets it in the reference too, or the comparison ends."""
    assert list(_PydanticFact.model_fields) == list(Fact.__struct_fields__)
    done = CliRunner().invoke(app, ["bench", "codec", "--json"])
    assert json.loads(done.stdout)["facts"] == 1_000
