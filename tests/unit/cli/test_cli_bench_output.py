"""What ``ict bench`` prints: with ``--json``, one object on stdout and nothing else."""

from __future__ import annotations

import json

import pytest
import structlog
import typer
from typer.testing import CliRunner

from cli.main import app


def test_what_services_log_during_a_benchmark_is_not_on_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-4: whoever compares runs reads the result with a program."""

    def measured(*, as_json: bool) -> None:
        structlog.get_logger("services.somewhere").info("service started")
        structlog.get_logger("services.somewhere").warning("slow")
        typer.echo(json.dumps({"as_json": as_json}))

    monkeypatch.setattr("cli.bench.codec.main", measured)
    done = CliRunner().invoke(app, ["bench", "codec", "--json"])
    assert json.loads(done.stdout) == {"as_json": True}
    assert "slow" in done.stderr
    assert "service started" not in done.stderr
