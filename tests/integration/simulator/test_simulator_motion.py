"""How market time passes: with the clock, as fast as readers read, only on command; and what happens when it cannot."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from shared.domain.timeframes import MINUTE
from simulator.server.serving import serving
from simulator.tape.tape_market import TapeMarket
from tests.support.simulator.protocol_server import STEP, a_hand, a_server, make_context, server_settings

KLINES = "btcusdt@kline_1m"
SOON = 20.0


async def closed_klines(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
    """Open times of the next closed klines."""
    found: list[int] = []
    while len(found) < count:
        kline = json.loads(await asyncio.wait_for(socket.receive_str(), SOON))["k"]
        if kline["x"]:
            found.append(kline["t"])
    return found


@pytest.mark.parametrize("speed", [None, 3_000.0])
async def test_no_kline_is_lost_in_fast_motion(speed: float | None) -> None:
    """DATA-2: ten minutes as fast as they go: every close, in order, equal to the history."""
    async with a_server(speed=STEP) as server, a_hand(server) as hand, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        await hand.speed(speed)
        opened = await closed_klines(socket, 10)
        assert opened == [opened[0] + n * MINUTE for n in range(10)]
        truth = await hand.ask("GET", f"history?symbol=BTCUSDT&interval=1m&startTime={opened[0]}&endTime={opened[-1]}")
        assert [row[0] for row in truth] == opened


async def test_lock_step_stands_until_it_is_told() -> None:
    """BT-1: the answer to an advance comes when every reader has been sent everything."""
    async with a_server(speed=STEP) as server, a_hand(server) as hand, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        before = (await hand.ask("GET", "state"))["time"]
        assert await hand.advance(5 * MINUTE) == before + 5 * MINUTE
        assert len(await closed_klines(socket, 5)) == 5
        assert (await hand.ask("GET", "state"))["time"] == before + 5 * MINUTE
        assert await hand.ask("POST", "advance", to=before) == {"time": before + 5 * MINUTE}


async def test_a_reader_that_takes_nothing_is_cut_and_the_others_go_on() -> None:
    """Boundedness: its buffer has an end; fast motion does not wait for it for ever."""
    async with (
        a_server(speed=STEP, stream_buffer=50, patience_s=0.2, tape={"level_life_ms": 100}) as server,
        a_hand(server) as hand,
        aiohttp.ClientSession() as http,
    ):
        good = await http.ws_connect(f"{server.sockets_url}/market/ws/{KLINES}")
        host, port = server.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(
            b"GET /public/ws/btcusdt@depth@100ms/ethusdt@depth@100ms HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await writer.drain()
        await hand.until_sockets(2)
        reading = asyncio.create_task(closed_klines(good, 3))
        for _ in range(3):
            await hand.advance(MINUTE)
        assert len(await reading) == 3
        state = await hand.ask("GET", "state")
        assert state["streams"]["overflows"] == 1
        assert [each["streams"] for each in state["sockets"]] == [[KLINES]]
        writer.close()


async def test_a_server_that_stops_waits_for_nobody_who_is_silent() -> None:
    """OPS-1: a client that answers no goodbye does not hold the server up."""
    loop = asyncio.get_running_loop()
    async with a_server(speed=STEP, patience_s=0.2) as server, a_hand(server) as hand:
        host, port = server.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /public/ws/btcusdt@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await hand.until_sockets(1)
        began = loop.time()
    assert loop.time() - began < 8.0  # the closing handshake alone may take 10 s
    writer.close()


async def test_a_market_that_breaks_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: a server that goes on answering about a dead market would be the worst of all faults."""

    def broken(self: TapeMarket, to: int) -> None:
        raise ArithmeticError("broken")

    settings = server_settings()
    context = make_context(settings)
    monkeypatch.setattr(TapeMarket, "advance", broken)
    with pytest.raises(ArithmeticError, match="broken"):
        async with serving(context, settings, speed=1.0) as server:
            await asyncio.wait({server.moving}, timeout=SOON)
