"""`ict health` against a real service's server, and against what is none."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.runtime.process.exits import Exit
from shared.runtime.process.health import HealthServer

#: CPU seconds for one question; containers ask every few seconds, on the cores that trade.
CPU_BOUND = 0.08


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.entry", "health", *arguments], capture_output=True, text=True, timeout=30
    )


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """A server that says ``answer`` to whoever connects, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/readyz"
        thread.join()


async def _of_a_service(*, ready: bool) -> subprocess.CompletedProcess[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = HealthServer("127.0.0.1", port)
    await server.start()
    if ready:
        server.ready()
    try:
        return await asyncio.to_thread(ask, f"http://127.0.0.1:{port}/readyz")
    finally:
        await server.stop()


async def test_ready_service_exits_0_and_prints_its_checks() -> None:
    answer = await _of_a_service(ready=True)
    assert (answer.returncode, answer.stderr) == (Exit.OK, "")
    assert '"ready":true' in answer.stdout


async def test_service_that_is_starting_exits_1_and_says_why() -> None:
    answer = await _of_a_service(ready=False)
    assert answer.returncode == Exit.NEGATIVE
    assert "503" in answer.stderr
    assert '"started":false' in answer.stderr


def test_dead_port_exits_1_with_what_to_look_at() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        answer = ask(f"http://127.0.0.1:{probe.getsockname()[1]}/readyz")
    assert answer.returncode == Exit.NEGATIVE
    assert "http.port" in answer.stderr


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 \r\n\r\n", b"\x00\xff" * 100])
def test_listener_that_speaks_no_http_exits_1(said: bytes) -> None:
    with listening(said) as url:
        answer = ask(url)
    assert answer.returncode == Exit.NEGATIVE
    assert "does not speak HTTP" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_listener_that_never_answers_exits_1_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = ask(f"http://127.0.0.1:{server.getsockname()[1]}/readyz")
    assert answer.returncode == Exit.NEGATIVE
    assert "not ready" in answer.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/readyz",
        "http://127.0.0.1.example.org/",
        "https://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "🦀",
        "",
    ],
)
def test_url_of_another_machine_is_a_usage_error(url: str) -> None:
    answer = ask(url)
    assert answer.returncode == Exit.USAGE
    assert "only this machine" in answer.stderr


def test_question_costs_less_cpu_than_its_bound() -> None:
    """Measured on the best of five: what else runs here is no cost of ours."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ask("http://127.0.0.1:1/readyz")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < CPU_BOUND


def test_question_loads_neither_typer_nor_the_settings() -> None:
    heavy = "{'typer', 'pydantic', 'msgspec', 'cli.main'}"
    code = f"import sys, cli.entry, cli.run.health; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
