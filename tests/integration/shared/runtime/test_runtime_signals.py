"""Real child processes, really signalled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

CHILD = """
import asyncio, socket, sys, time
from shared.runtime.process.health import HealthServer
from shared.runtime.process.logs import configure
from shared.runtime.process.run import Stop, run_process

def say(text):
    print(text, flush=True)

async def drains(stop: Stop) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    health = HealthServer("127.0.0.1", port)
    await health.start()
    health.ready()
    say(port)
    await stop.wait()
    health.draining()
    say(f"draining {stop.reason}")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    say("drained")
    await health.stop()

async def hangs(stop: Stop) -> None:
    say("up")
    await stop.wait()
    say("draining")
    while True:
        time.sleep(0.01)

configure("INFO", "json")
run_process("child", {"drains": drains, "hangs": hangs}[sys.argv[1]])
"""


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start_one(kind: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", CHILD, kind]
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start_one
    for child in started:
        child.kill()
        child.communicate()


def said(child: subprocess.Popen[str]) -> str:
    """The next line; blocks until it is there, the test's time limit bounds that."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def readyz(port: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_what_is_under_way_and_the_process_leaves_with_zero(start, number: signal.Signals) -> None:
    """OPS-2: graceful stop: not ready, finish, leave. The process waits as long as its work takes."""
    child = start("drains")
    port = said(child)
    assert readyz(port) == 200
    child.send_signal(number)
    assert said(child) == f"draining {number.name}"
    assert readyz(port) == 503
    assert child.poll() is None
    output, errors = child.communicate("done\n")
    assert output == "drained\n"
    assert child.returncode == 0, errors
    assert all(json.loads(line)["service"] == "child" for line in errors.splitlines())


@pytest.mark.timeout(60)
def test_a_second_signal_ends_a_drain_that_hangs_even_with_a_blocked_event_loop(start) -> None:
    child = start("hangs")
    assert said(child) == "up"
    child.send_signal(signal.SIGTERM)
    assert said(child) == "draining"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate()
    assert child.returncode == 128 + signal.SIGINT
    assert "second signal (SIGINT)" in errors
