"""What ``ict bench`` prints: with ``--json``, one object on stdout and nothing else."""

from __future__ import annotations

import json

import pytest
import structlog
import typer
from typer.testing import CliRunner

from cli.bench import signals
from cli.bench.codec import _PydanticFact
from cli.main import app
from services.signals.strategies import STRATEGIES
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


def test_every_strategy_that_is_no_drill_is_measured_beside_the_default_and_the_barrier() -> None:
    """SIG-8, OPS-4: one JSON object; a decision of fifty symbols fits into a bundle."""
    found = signals.measure(0.2, played_days=0.02, runs=1)
    assert found["strategies"] == sum(not each.drill for each in STRATEGIES.values())
    assert set(found["decision_ms"]) == {"every_strategy", "default", "barrier_alone"}
    assert found["decision_ms"]["every_strategy"]["all"]["n"] == found["closes"] == 288
    assert found["decision_ms"]["every_strategy"]["hour"]["n"] == 4
    assert 0 < found["bytes_of_fifty_symbols"] < found["bundle_bound_bytes"]
    assert json.loads(json.dumps(found)) == found
