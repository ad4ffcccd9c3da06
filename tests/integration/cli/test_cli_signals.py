"""Ctrl-C and SIGTERM at real processes: the exit code, no traceback, and no client that can hold the end up."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.runtime.process.exits import Exit
from tests.support.processes.terminal import end_of, line_with

#: Seconds from the signal to the end of the simulator: two for its clients, the rest for a busy machine. A server without a
#: bound of its own waits sixty for each client.
STOP_BOUND = 20.0
UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: What a client does → what it sent before it fell silent.
HANGING = {
    "keeps the connection": "GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "its headers never end": "GET /fapi/v1/ping HTTP/1.1\r\nHo",
    "its body never ends": "POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nx",
    "reads nothing": "GET /fapi/v1/exchangeInfo HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
    "a mute stream": UPGRADE.format("/public/stream?streams=btcusdt@bookTicker"),
    "a mute order socket": UPGRADE.format("/ws-fapi/v1"),
}


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["tables", "json"])
def test_demo_ends_with_130_on_ctrl_c(start: Callable[..., subprocess.Popen[str]], json: tuple[str, ...]) -> None:
    process = start("demo", "--days", "300", *json)
    line_with(process, "minutes played")
    code, output = end_of(process, signal.SIGINT)
    assert code == Exit.INTERRUPTED
    assert "Traceback" not in output
    assert "this is a bug" not in output


def test_run_drains_on_ctrl_c(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    config = tmp_path / "all.yaml"
    config.write_text("layout: embedded\nhttp: {port: 0}\nmarket: {days: 300}\nlog: {format: json}\n")
    process = start("run", "all", "--config", str(config))
    line_with(process, "market_began")
    code, output = end_of(process, signal.SIGINT)
    assert code == Exit.OK
    assert '"reason":"SIGINT"' in output.replace(" ", "")
    assert "Traceback" not in output


def simulator_at(process: subprocess.Popen[str]) -> tuple[str, int]:
    found = re.search(r"listening on (http://\S+)", line_with(process, "listening on"))
    assert found
    address = urlsplit(found.group(1))
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulator_ends_with_0_on_either_signal(start: Callable[..., subprocess.Popen[str]], number: signal.Signals) -> None:
    process = start("simulator", "--port", "0", "--speed", "60")
    simulator_at(process)
    code, output = end_of(process, number)
    assert code == Exit.OK
    assert "Traceback" not in output


def test_simulator_with_hanging_clients_ends_in_time(start: Callable[..., subprocess.Popen[str]]) -> None:
    """Clients that never say goodbye, read nothing or are in the middle of a request do not hold SIGTERM up."""
    process = start("simulator", "--port", "0", "--speed", "60")
    address = simulator_at(process)
    with ExitStack() as stack:
        for text in HANGING.values():
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(text.encode())
            if text.endswith("\r\n\r\n"):
                assert client.recv(8) == b"HTTP/1.1"
        began = time.monotonic()
        code, output = end_of(process, signal.SIGTERM)
        took = time.monotonic() - began
    assert code == Exit.OK
    assert took < STOP_BOUND
    assert "Traceback" not in output
