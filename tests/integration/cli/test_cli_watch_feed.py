"""`ict watch` at a real broker: it prints what comes once it listens, ends by Ctrl-C, and says what is missing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.domain.judgements import JudgementBundle, ToldJudgement, ToldSignal
from shared.runtime.process.exits import Exit
from tests.support.processes.fleet import ict, write_config
from tests.support.processes.terminal import end_of, line_with
from tests.support.signals.scenes import CLOSE

pytestmark = [pytest.mark.rabbitmq]

SIGNAL = ToldSignal(side="SELL", entry=101.5, stop=103.0, target=98.0, score=4.0)
BUNDLE = JudgementBundle(
    partition=0,
    close_time=CLOSE,
    judgements=(
        ToldJudgement(symbol="BTCUSDT", strategy="ob_fvg", timeframe="15m", signal=SIGNAL),
        ToldJudgement(symbol="ETHUSDT", strategy="ob_fvg", timeframe="15m", reasons=("no_fvg",)),
    ),
)


@pytest.fixture
def config(tmp_path: Path, rabbitmq_url: str, namespace: str) -> str:
    settings = {"namespace": namespace, "bus": {"url": rabbitmq_url}, "signals": {"publish_judgements": True}}
    return str(write_config(tmp_path / "c.yaml", settings))


async def test_a_signal_is_printed_as_it_comes_and_ctrl_c_ends_it(
    start: Callable[..., subprocess.Popen[str]], config: str, rabbitmq_url: str, namespace: str
) -> None:
    """SIG-7: what was published before nobody sees; no queue is left behind."""
    bus = RabbitBus(build(namespace=namespace), rabbitmq_url, name="signals")
    await bus.start()
    process = start("watch", "--config", config)
    async with asyncio.timeout(120):
        await asyncio.to_thread(line_with, process, "Listening")
        await bus.publish([BUNDLE])
        line = await asyncio.to_thread(line_with, process, "BTCUSDT")
    assert "ob_fvg 15m: SIGNAL SELL at 101.5, stop 103, target 98, score 4" in line
    assert await asyncio.to_thread(end_of, process, signal.SIGINT) == (Exit.OK, "")
    await bus.destroy()


async def test_a_broker_that_goes_away_ends_the_watch_with_a_sentence(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, config: str, rabbitmq_url: str, namespace: str
) -> None:
    """OPS-9: nobody looks at a screen that has gone quiet for want of a broker."""
    bus = RabbitBus(build(namespace=namespace), rabbitmq_url, name="signals")
    await bus.start()
    writers: list[asyncio.StreamWriter] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(rabbitmq_url)
        inward, outward = await asyncio.open_connection(parts.hostname, parts.port or 5672)
        writers.extend((writer, outward))
        await asyncio.gather(_pass(reader, outward), _pass(inward, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = urlsplit(rabbitmq_url)
    url = user._replace(netloc=f"{user.username}:{user.password}@127.0.0.1:{port}").geturl()
    settings = {"namespace": namespace, "bus": {"url": url}, "signals": {"publish_judgements": True}}
    process = start("watch", "--config", str(write_config(tmp_path / "relayed.yaml", settings)))
    async with asyncio.timeout(120):
        await asyncio.to_thread(line_with, process, "Listening")
        server.close()
        for writer in writers:
            writer.transport.abort()
        rest, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == Exit.UNREACHABLE, rest
    assert "went away" in rest
    await bus.destroy()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)


def test_a_broker_without_the_deployment_is_named(config: str) -> None:
    """OPS-10: with what to type next."""
    done = ict("watch", "--config", config, timeout=120)
    assert done.returncode == Exit.UNREACHABLE, done.stdout + done.stderr
    assert "`ict topology --apply`" in done.stderr
