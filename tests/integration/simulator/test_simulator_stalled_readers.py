"""Clients that never read, beside one that does. Patience is so long here that a server which waits for them never ends."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest

from shared.domain.timeframes import MINUTE
from simulator.server.serving import Server
from tests.support.simulator.protocol_server import STEP, Hand, a_hand, a_server

KLINES = "btcusdt@kline_1m"
BUSY = "/public/ws/btcusdt@depth@100ms/ethusdt@depth@100ms/btcusdt@bookTicker/ethusdt@bookTicker"
STALLED = 5
SOON, FOR_EVER = 60.0, 200.0


@asynccontextmanager
async def clients_that_never_read(server: Server, count: int = STALLED) -> AsyncIterator[None]:
    """So many stream connections whose receive buffer is tiny and never emptied."""
    address, loop = urlsplit(server.url), asyncio.get_running_loop()
    made = [socket.socket() for _ in range(count)]
    try:
        for each in made:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            each.setblocking(False)
            await loop.sock_connect(each, (address.hostname, address.port))
            await loop.sock_sendall(
                each,
                f"GET {BUSY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode(),
            )
        yield
    finally:
        for each in made:
            each.close()


async def closes(ws: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
    """Open times of the next closed klines."""
    found: list[int] = []
    while len(found) < count:
        kline = json.loads(await asyncio.wait_for(ws.receive_str(), SOON))["k"]
        if kline["x"]:
            found.append(kline["t"])
    return found


async def stuck(hand: Hand) -> int:
    """How many connections have messages that their transport does not take."""
    return sum(each["waiting"] > 0 for each in (await hand.ask("GET", "state"))["sockets"])


async def test_at_a_set_speed_the_market_waits_for_nobody() -> None:
    """Boundedness: the fan-out to one socket never awaits the drain of another; no close is lost or late."""
    async with (
        a_server(speed=STEP, patience_s=FOR_EVER, stream_buffer=1_000_000) as server,
        a_hand(server) as hand,
        aiohttp.ClientSession() as http,
        clients_that_never_read(server),
    ):
        good = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        await hand.until_sockets(STALLED + 1)
        await hand.speed(3_000.0)
        opened: list[int] = []
        async with asyncio.timeout(SOON):
            while await stuck(hand) < STALLED:
                opened += await closes(good, 1)
        opened += await closes(good, 10)
        assert opened == [opened[0] + number * MINUTE for number in range(len(opened))]
        await hand.speed(STEP)


@pytest.mark.parametrize("speed", [STEP, None])
async def test_in_lock_step_and_at_full_speed_a_healthy_client_is_sent_everything(speed: float | None) -> None:
    """BT-1: also beside clients that never read; an advance is answered, and every close is there."""
    async with (
        a_server(speed=STEP, patience_s=0.2, stream_buffer=1_000_000) as server,
        a_hand(server) as hand,
        aiohttp.ClientSession() as http,
        clients_that_never_read(server),
    ):
        good = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        await hand.until_sockets(STALLED + 1)
        if speed is None:
            await hand.speed(None)
        else:
            await hand.advance(3 * MINUTE)
        assert len(await closes(good, 3)) == 3
        await hand.speed(STEP)


async def test_a_stalled_reader_is_closed_at_the_limit_of_its_queue() -> None:
    """Boundedness: as on the exchange; the healthy one stays."""
    async with (
        a_server(speed=STEP, stream_buffer=500, patience_s=0.2) as server,
        a_hand(server) as hand,
        aiohttp.ClientSession() as http,
        clients_that_never_read(server),
    ):
        good = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        await hand.until_sockets(STALLED + 1)
        async with asyncio.timeout(SOON):
            while (await hand.ask("GET", "state"))["streams"].get("overflows", 0) < STALLED:
                await hand.advance(MINUTE)
                await closes(good, 1)
        assert [each["streams"] for each in (await hand.ask("GET", "state"))["sockets"]] == [[KLINES]]
