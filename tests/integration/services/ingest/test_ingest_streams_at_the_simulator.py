"""A market connection at the real protocol: what is acknowledged and silent is opened in another form, until frames come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from pydantic import SecretStr

from services.ingest.live.connection import Connection
from services.ingest.settings.live import LiveSettings
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.streams import Heard, StreamName
from shared.exchange.settings import ExchangeSettings
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.simulator.protocol_server import Hand, a_hand, a_server

NAMES = (StreamName("mark_price", "BTCUSDT"), StreamName("mark_price", "ETHUSDT"), StreamName("liquidation", "BTCUSDT"))
LIMIT_MS = 2_500
SETTINGS = LiveSettings.model_validate(
    {"silence": {"mark_price": LIMIT_MS}, "backoff": {"first_ms": 10, "longest_ms": 20, "jitter": 0.0}}
)


def connection(exchange: BinanceExchange, heard: list[Heard]) -> Connection:
    """One that hears into a list and never misses anything."""

    def caught_up(names: Sequence[StreamName]) -> bool:
        return True

    async def reachable() -> bool:
        return True

    return Connection(
        "c", exchange, NAMES, SETTINGS, hear=heard.append, opened=lambda names: None, caught_up=caught_up,
        reachable=reachable, chance=lambda: 0.5,
    )  # fmt: skip


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what a connection does by itself."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  the connection tells nobody
            await asyncio.sleep(0.02)


async def opened(stack: AsyncExitStack) -> tuple[BinanceExchange, Hand]:
    """The adapter at a server in real time."""
    server = await stack.enter_async_context(a_server())
    hand = await stack.enter_async_context(a_hand(server))
    settings = ExchangeSettings(
        key=SecretStr(TEST_KEY), secret=SecretStr(TEST_SECRET), rest_url=server.url, stream_url=server.sockets_url
    )
    exchange = BinanceExchange("demo", settings, None)
    stack.push_async_callback(exchange.close)
    await exchange.start()
    return exchange, hand


async def test_a_route_that_is_acknowledged_and_silent_is_opened_in_the_next_form() -> None:
    """DATA-4: the watchdog drops it, the adapter subscribes otherwise; what delivers is kept through the next loss."""
    async with AsyncExitStack() as stack:
        exchange, hand = await opened(stack)
        fault = await hand.fault("silent_route", route="market")
        heard: list[Heard] = []
        line = connection(exchange, heard)
        running = asyncio.create_task(line.run())
        forms = exchange._forms["market"]
        await until(lambda: forms.current == "subscribe")
        assert heard == []
        await hand.ask("DELETE", f"faults/{fault}")
        await until(lambda: line.dog.state == "live" and {each.stream for each in heard} == set(NAMES[:2]))
        chosen = forms.current
        assert chosen != "query"
        heard.clear()
        await hand.fault("disconnect", stream="btcusdt@markPrice@1s")
        await until(lambda: bool(heard))
        assert forms.current == chosen
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_streams_that_deliver_keep_their_form() -> None:
    """DATA-4: the first form is served; nothing is tried that need not be."""
    async with AsyncExitStack() as stack:
        exchange, _ = await opened(stack)
        heard: list[Heard] = []
        running = asyncio.create_task(connection(exchange, heard).run())
        await until(lambda: {each.stream for each in heard} == set(NAMES[:2]))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert exchange._forms["market"].current == "query"
