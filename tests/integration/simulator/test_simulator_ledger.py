"""The ledger that ``ict simulator`` keeps: orders, faults and notes as they happen, readable after a kill."""

from __future__ import annotations

import os
import signal
import urllib.error
from pathlib import Path

import pytest
import yaml

from simulator.ledger.record import FaultOver, FaultSet, Note, Ordered, read_file
from tests.support.simulator.process import SimulatorProcess

pytestmark = pytest.mark.timeout(120)


def test_orders_faults_and_notes_stand_in_the_ledger_with_the_markets_time(tmp_path: Path) -> None:
    ledger, config = tmp_path / "ledger.jsonl", tmp_path / "server.yaml"
    config.write_text(yaml.safe_dump({"server": {"ledger": str(ledger)}}))
    with SimulatorProcess(tmp_path / "log", "--config", str(config), speed="step") as simulator:
        began = simulator.time
        simulator.ask("ledger", "POST", {"what": "running", "who": "execution.a"})
        number = simulator.fault("app_order", symbol="BTCUSDT", action="order")
        simulator.fault("rest_outage", path="/fapi/v1/algo*")
        simulator.advance(60_000)
        simulator.lift_all()
        os.kill(simulator.pid, signal.SIGKILL)
    lines = read_file(ledger)
    assert [(each.at, each.who) for each in lines if isinstance(each, Note)] == [(began, "execution.a")]
    placed = next(each for each in lines if isinstance(each, Ordered))
    assert (placed.at, placed.change, placed.symbol, placed.client_id[:4]) == (began, "NEW", "BTCUSDT", "web_")
    begun = [each for each in lines if isinstance(each, FaultSet)]
    over = [each for each in lines if isinstance(each, FaultOver)]
    assert [(each.number, each.fields["kind"]) for each in begun] == [(number, "app_order"), (number + 1, "rest_outage")]
    assert [(each.number, each.at - began) for each in over] == [(number, 0), (number + 1, 60_000)]


def test_without_a_ledger_a_note_is_refused(tmp_path: Path) -> None:
    with (
        SimulatorProcess(tmp_path / "log", speed="step") as simulator,
        pytest.raises(urllib.error.HTTPError, match="400"),
    ):
        simulator.ask("ledger", "POST", {"what": "running"})
