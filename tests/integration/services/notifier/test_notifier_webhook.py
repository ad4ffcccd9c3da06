"""The webhook against a real local server: JSON, retries, breaker; and the sink, which nothing makes raise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from services.notifier.channels import LogChannel, WebhookPolicy
from services.notifier.notification import Notification
from services.notifier.settings import NotifierSettings
from services.notifier.sink import NotifierSink
from services.notifier.webhook import WebhookChannel
from tests.support.journal.scenes import risk, stated, trade
from tests.support.runtime.telling import received

NOTE = Notification(kind="alert", severity="warning", key="k", text='BTCUSDT: ₿ "quoted"', time=7)
QUICK = WebhookPolicy(attempts=3, pause=0.001, longest_pause=0.002, breaker_failures=2, breaker_seconds=30.0)


class Receiver:
    """Answers with ``statuses`` in turn, then 204; 0 hangs until the server is closed."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.bodies: list[Any] = []
        self.closing = asyncio.Event()

    async def receive(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 0:
            await self.closing.wait()
        return web.Response(status=status or 500, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook/secret", receiver.receive)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook/secret"
    yield receiver
    receiver.closing.set()
    await runner.cleanup()


def count(what: str, channel: str = "webhook") -> float:
    return REGISTRY.get_sample_value(f"ict_notifier_{what}_total", {"channel": channel}) or 0.0


async def started(url: str, policy: WebhookPolicy = QUICK, timeout: float = 2.0, **more: Any) -> WebhookChannel:
    channel = WebhookChannel(url, timeout, policy, **more)
    await channel.start()
    return channel


async def test_notification_arrives_as_json(receiver: Receiver) -> None:
    """OPS-5: the text under the names that chat services read."""
    channel, before = await started(receiver.url), count("sent")
    await channel.send(NOTE)
    assert receiver.bodies == [
        {"kind": "alert", "severity": "warning", "key": "k", "time": 7, "text": NOTE.text, "content": NOTE.text}
    ]
    assert count("sent") == before + 1
    await channel.close()


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_passing_trouble_is_tried_again(receiver: Receiver, status: int) -> None:
    """Two failures and a success: delivered, nothing counted as lost; an absurd Retry-After is cut to the longest pause."""
    receiver.statuses, receiver.headers = [status, status], {"Retry-After": "86400"}
    channel, before = await started(receiver.url), count("failures")
    async with asyncio.timeout(30):
        await channel.send(NOTE)
    assert (len(receiver.bodies), count("failures")) == (3, before)
    await channel.close()


@pytest.mark.parametrize("status", [301, 400, 401, 404])
async def test_final_answer_is_not_tried_again(receiver: Receiver, status: int) -> None:
    """A wrong address stays wrong, and a redirect is followed nowhere."""
    receiver.statuses, receiver.headers = [status], {"Location": receiver.url}
    channel, before = await started(receiver.url), count("failures")
    await channel.send(NOTE)
    assert (len(receiver.bodies), count("failures")) == (1, before + 1)
    await channel.close()


async def test_tries_are_bounded_and_hanging_servers_time_out(receiver: Receiver) -> None:
    """Three tries, each for no longer than the timeout."""
    receiver.statuses = [0] * 9
    channel, before = await started(receiver.url, timeout=0.05), count("failures")
    async with asyncio.timeout(30):
        await channel.send(NOTE)
    assert (len(receiver.bodies), count("failures")) == (3, before + 1)
    await channel.close()


async def test_breaker_spares_a_dead_webhook_and_one_try_closes_it(receiver: Receiver) -> None:
    """After two losses nothing is sent; when the time is over, one try decides."""
    now = 0.0
    channel = await started(receiver.url, clock=lambda: now)
    before, opened = count("failures"), count("breaker_opened")
    receiver.statuses = [500] * 7
    await channel.send(NOTE)
    await channel.send(NOTE)
    assert (len(receiver.bodies), count("breaker_opened")) == (6, opened + 1)
    await channel.send(NOTE)
    assert (len(receiver.bodies), count("failures")) == (6, before + 3)
    now = 31.0
    await channel.send(NOTE)  # one try, and it fails: open again
    assert (len(receiver.bodies), count("breaker_opened")) == (7, opened + 2)
    now = 62.0
    await channel.send(NOTE)
    await channel.send(NOTE)
    assert (len(receiver.bodies), count("failures")) == (9, before + 4)
    await channel.close()


async def test_nobody_there_is_counted_and_not_raised(unused_tcp_port: int) -> None:
    """A refused connection is one lost notification."""
    channel, before = await started(f"http://127.0.0.1:{unused_tcp_port}/"), count("failures")
    await channel.send(NOTE)
    await channel.close()
    await channel.send(NOTE)  # and so is a closed channel
    assert count("failures") == before + 2


def test_channel_refuses_what_is_no_web_address() -> None:
    """The message does not repeat the url: it is a secret."""
    with pytest.raises(ValueError, match="http") as caught:
        WebhookChannel("file:///etc/passwd", 1.0)
    assert "passwd" not in str(caught.value)


class Raising(LogChannel):
    """A channel with a bug."""

    name = "raising"  # type: ignore[misc]  # another channel's name

    async def send(self, notification: Notification) -> None:
        raise ZeroDivisionError(notification.key)


async def test_sink_tells_every_channel_in_order_whatever_one_does(receiver: Receiver) -> None:
    """OPS-5: never blocking trading; one bad channel never stops another."""
    sink = NotifierSink([Raising(), LogChannel(), WebhookChannel(receiver.url, 2.0, QUICK)], NotifierSettings())
    await sink.start()
    raised, logged = count("failures", "raising"), count("sent", "log")
    messages = [stated(1, trade("open")), risk(1), stated(2, closed=(trade("closed"),)), risk(2, "HALTED", "x")]
    await sink.write(received(messages))
    await sink.write(received(messages))
    assert [body["kind"] for body in receiver.bodies] == ["trade_opened", "trade_closed", "kill_switch"]
    assert (count("failures", "raising"), count("sent", "log")) == (raised + 3, logged + 3)
    await sink.close()
