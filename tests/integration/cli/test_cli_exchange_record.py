"""`ict exchange record` and `ict simulator --replay` as processes, from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.fleet import ICT
from tests.support.simulator.process import SimulatorProcess


def record(tmp_path: Path, exchange: dict[str, Any], out: Path, *more: str, mode: str = "testnet") -> tuple[int, str]:
    """Exit code and all that was printed."""
    config = tmp_path / "ict.yaml"
    config.write_text(json.dumps({"mode": mode, "exchange": exchange}))
    done = subprocess.run(
        [*ICT, "exchange", "record", "-c", str(config), "--out", str(out), "--seconds", "2", *more],
        env={**os.environ}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def questions(said: str) -> list[str]:
    """The lines that tell what came of each question."""
    return [line for line in said.splitlines() if line.startswith("  ")]


def test_a_session_with_orders_plays_again_from_its_file(tmp_path: Path) -> None:
    """The first user with a key of the test exchange types one command and hands us the file."""
    out = tmp_path / "truth.jsonl"
    with SimulatorProcess(tmp_path / "log", "--now", speed="1") as simulator:
        code, said = record(tmp_path, simulator.exchange, out, "--orders")
        account = json.load(urllib.request.urlopen(f"{simulator.url}/sim/account"))
    assert code == 0, said
    assert "a market entry: answered" in said
    assert "too fine a quantity (refused): refused with -" in said
    assert "simulator-key" not in out.read_text()
    assert all(float(each["positionAmt"]) == 0 for each in account["positions"]), "it leaves nothing behind"

    with SimulatorProcess(tmp_path / "log", "--replay", str(out), speed="max") as replay:
        code, again = record(tmp_path, replay.exchange, tmp_path / "again.jsonl", "--orders")
        state = json.load(urllib.request.urlopen(f"{replay.url}/sim/state"))
    assert code == 0, again
    assert questions(again) == questions(said)
    assert state["unknown"] == {"requests": [], "sockets": []}


def test_a_symbol_that_is_in_use_is_not_traded(tmp_path: Path) -> None:
    """Clearing up afterwards would take away orders and positions that are somebody's."""
    out = tmp_path / "truth.jsonl"
    with SimulatorProcess(tmp_path / "log", "--now", speed="1") as simulator:
        fault = {"kind": "app_order", "action": "order", "symbol": "BTCUSDT"}
        urllib.request.urlopen(f"{simulator.url}/sim/faults", json.dumps(fault).encode()).close()
        code, said = record(tmp_path, simulator.exchange, out, "--orders")
        account = json.load(urllib.request.urlopen(f"{simulator.url}/sim/account"))
    assert code == 5, said
    assert "BTCUSDT has 1 open orders and 0 positions already; choose another --symbol" in said
    assert [each["status"] for each in account["orders"]] == ["NEW"]


@pytest.mark.parametrize(
    ("mode", "more", "code", "said"),
    [
        ("sim", (), 2, "mode sim asks no exchange; set mode: testnet"),
        ("paper", ("--orders",), 5, "--orders trades, and mode paper trades real money; it is for mode testnet only"),
        ("testnet", ("--orders",), 3, "--orders needs a key: set exchange.key and exchange.secret"),
    ],
)
def test_a_session_that_cannot_be_recorded_is_refused(
    tmp_path: Path, mode: str, more: tuple[str, ...], code: int, said: str
) -> None:
    out = tmp_path / "truth.jsonl"
    found, text = record(tmp_path, {}, out, *more, mode=mode)
    assert (found, said in text) == (code, True), text
    assert not out.exists()


def test_an_exchange_that_does_not_answer_is_recorded_as_such(tmp_path: Path) -> None:
    out = tmp_path / "truth.jsonl"
    nowhere = {"rest_url": "http://127.0.0.1:9", "stream_url": "ws://127.0.0.1:9", "read_attempts": 1}
    code, said = record(tmp_path, nowhere, out)
    assert code == 1, said
    assert "the exchange did not answer" in said
    assert '"kind":"no_answer"' in out.read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--now",), "--replay answers from the recording alone; leave out --now"),
        (("--speed", "step"), "--speed step needs a market"),
    ],
)
def test_a_replay_refuses_what_needs_a_market(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"kind":"session","at":1,"version":1,"rest":"https://a","streams":"wss://b"}\n')
    done = subprocess.run([*ICT, "simulator", "--replay", str(path), *more], capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text("time,open\n1,2\n")
    done = subprocess.run([*ICT, "simulator", "--replay", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "candles.csv:1: JSON is malformed" in done.stderr
