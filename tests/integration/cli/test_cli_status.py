"""`ict status` as a process, against real servers of services and against what is none."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from cli.status.asking import ask
from shared.core import Overview
from shared.runtime.process.exits import Exit
from shared.runtime.process.health import HealthServer
from tests.support.execution.desk import Desk
from tests.support.processes.terminal import ctrl_c_works
from tests.support.risk.scenes import DAWN, build, feed, stated

ICT = (sys.executable, "-m", "cli")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(service: str, overview: Callable[[], Overview]) -> AsyncIterator[str]:
    """A ready service's health server; its address."""
    port = free_port()
    server = HealthServer("127.0.0.1", port)
    server.show(service, f"{service}-1", overview)
    server.ready()
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()


@asynccontextmanager
async def both() -> AsyncIterator[dict[str, str]]:
    """Risk and execution; their addresses."""
    core, desk = build(), Desk()
    feed(core, stated(DAWN, "10000"))
    desk.enter()
    async with serving("risk", core.overview) as risk, serving("execution", desk.core.overview) as execution:
        yield {"risk": risk, "execution": execution}


def configured(path: Path, addresses: dict[str, str]) -> str:
    file = path / "status.yaml"
    file.write_text(yaml.safe_dump({"status": {"addresses": addresses}}))
    return str(file)


async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, [*ICT, "status", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


async def test_everything_reached_exits_0_with_the_report(tmp_path: Path) -> None:
    """OPS-3, RISK-8: one object on stdout, nothing beside it."""
    async with both() as addresses:
        answer = await run("--json", "--config", configured(tmp_path, addresses))
    assert (answer.returncode, answer.stderr) == (Exit.OK, "")
    found = json.loads(answer.stdout)
    assert found["ok"] is True
    assert found["version"] == 1
    assert found["risk"]["equity"] == "10000"
    assert [each["symbol"] for each in found["execution"]["positions"]] == ["BTCUSDT"]
    assert {each["purpose"] for each in found["execution"]["orders"]} == {"stop", "target"}


async def test_for_people_it_is_a_page(tmp_path: Path) -> None:
    async with both() as addresses:
        answer = await run("--config", configured(tmp_path, addresses))
    assert answer.returncode == Exit.OK
    for expected in ("equity", "BTCUSDT", "long", "risk.daily_loss_limit", "win rate", "execution-1"):
        assert expected in answer.stdout


async def test_one_that_is_gone_exits_1_and_is_named_while_the_rest_is_shown(tmp_path: Path) -> None:
    """OPS-10: what to do next stands beside it."""
    async with both() as addresses:
        addresses["execution"] = f"http://127.0.0.1:{free_port()}"
        answer = await run("--config", configured(tmp_path, addresses))
    assert answer.returncode == Exit.NEGATIVE
    said = " ".join(answer.stdout.split())
    assert "not in this report: execution at 127.0.0.1" in said
    assert "see whether the service runs" in said
    assert "10,000.00" in said


async def test_nobody_to_ask_exits_3_with_what_to_set(tmp_path: Path) -> None:
    answer = await run("--config", configured(tmp_path, {}))
    assert answer.returncode == Exit.CONFIG_INVALID
    assert "status.addresses" in answer.stderr


async def test_watching_looks_again_until_ctrl_c_and_exits_like_the_last_look(tmp_path: Path) -> None:
    """OPS-3: a line a look where nobody sits at a terminal."""
    core, desk = build(), Desk()
    feed(core, stated(DAWN, "10000"))
    async with serving("risk", core.overview) as risk, serving("execution", desk.core.overview) as execution:
        file = configured(tmp_path, {"risk": risk, "execution": execution})
        process = await asyncio.create_subprocess_exec(
            *ICT, "status", "--json", "--watch", "--config", file, stdout=asyncio.subprocess.PIPE, limit=1_000_000
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(60):
                first = json.loads(await process.stdout.readline())
                feed(core, stated(DAWN + 5, "9000"))
                second = json.loads(await process.stdout.readline())
                process.send_signal(signal.SIGINT)
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
    assert (first["risk"]["equity"], second["risk"]["equity"], code) == ("10000", "9000", Exit.OK)


async def test_a_listener_that_is_no_service_of_ours_is_named_so() -> None:
    """OPS-10: a port that something else has is the usual mistake."""

    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(chat, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (answer,) = await ask({"risk": f"http://127.0.0.1:{port}"})
    assert answer.state is None
    assert "no service of ours" in answer.fault


async def test_one_that_hangs_is_given_up_in_time_and_holds_nobody_up() -> None:
    async with both() as addresses:
        with socket.create_server(("127.0.0.1", 0)) as hanging:
            addresses["journal"] = f"http://127.0.0.1:{hanging.getsockname()[1]}"
            answers = await ask(addresses, patience=1.0)
    assert [(each.name, each.state is not None) for each in answers] == [
        ("risk", True), ("execution", True), ("journal", False),
    ]  # fmt: skip
    assert answers[-1].fault == "no answer within 1 s"


async def test_every_replica_behind_a_name_is_asked_and_where_nobody_listens_is_left_out() -> None:
    """OPS-2: localhost is two addresses, and the service listens on one."""
    async with serving("risk", lambda: {"risk": None}) as url:
        answers = await ask({"risk": url.replace("127.0.0.1", "localhost")})
    assert [(each.state is not None, each.fault) for each in answers] == [(True, "")]


async def test_a_name_that_nobody_knows_is_said_so() -> None:
    (answer,) = await ask({"risk": "http://no-such-host.invalid:9100"})
    assert "no-such-host.invalid" in answer.fault
    assert "status.addresses.risk" in answer.next


async def test_watching_at_a_terminal_draws_the_page_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    """OPS-3: the page is drawn in place, and the terminal is given back."""
    async with both() as addresses:
        file = configured(tmp_path, addresses)
        code, drawn = await asyncio.to_thread(_at_a_terminal, "status", "--watch", "--config", file)
    assert code == Exit.OK, drawn
    assert "NORMAL" in drawn
    assert "risk.daily_loss_limit" in drawn
    assert "has the state of risk" in drawn, "Ctrl-C in the midst of the page does not cut it off"
    assert "\x1b[?1049l" in drawn, "the alternate screen is left"
    assert "Traceback" not in drawn


def _at_a_terminal(*arguments: str) -> tuple[int, str]:
    """Run ``ict`` at a terminal of 120 x 60, press Ctrl-C once the page is there; exit code and everything drawn."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 120, 0, 0))
    # Unbuffered, Python drops the rest of a write that a signal cuts short. The size is the terminal's own: readline, which
    # the parent of pytest's workers imports, leaves that of another one in the environment.
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "PYTHONUNBUFFERED")}
    process = subprocess.Popen(
        [*ICT, *arguments], stdin=follower, stdout=follower, stderr=follower,
        env=environment | {"TERM": "xterm"}, preexec_fn=ctrl_c_works,
    )  # fmt: skip
    os.close(follower)
    drawn, pressed, until = b"", False, time.monotonic() + 60
    try:
        while True:
            readable, _, _ = select.select([leader], [], [], max(0.0, until - time.monotonic()))
            assert readable, f"it draws nothing more, and does not end: {drawn!r}"
            try:
                piece = os.read(leader, 65_536)
            except OSError:  # the other end is closed: it has ended
                break
            if not piece:
                break
            drawn += piece
            if not pressed and b"execution-1" in drawn:  # of the first lines: Ctrl-C comes in the midst of the page
                process.send_signal(signal.SIGINT)
                pressed = True
        return process.wait(30), drawn.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(leader)
