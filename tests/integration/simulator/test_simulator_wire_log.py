"""A session of a client with an exchange is recorded on the way, and answered from the file as the exchange answered."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from shared.exchange.settings import ExchangeSettings
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.wire_log.line_kinds import Frame
from simulator.wire_log.reading import read_wire_log
from simulator.wire_log.recording_proxy import Addresses, recording
from simulator.wire_log.replay_server import replaying
from simulator.wire_log.writing import WireLogBroken, WireLogWriter
from tests.support.simulator.protocol_server import a_hand, a_server

HOST = "127.0.0.1"
SOON = 10.0


def addresses(url: str) -> Addresses:
    """An exchange that serves everything at one address."""
    sockets = url.replace("http", "ws")
    return Addresses(rest=url, streams=sockets, orders=sockets, account=url)


@asynccontextmanager
async def an_exchange(port: int) -> AsyncIterator[BinanceExchange]:
    """Our own adapter."""
    settings = ExchangeSettings.model_validate(
        {
            "rest_url": f"http://{HOST}:{port}",
            "stream_url": f"ws://{HOST}:{port}",
            "key": TEST_KEY,
            "secret": TEST_SECRET,
            "read_attempts": 1,
        }
    )
    exchange = BinanceExchange("demo", settings, None)
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.close()


async def a_session(port: int, client_id: str) -> dict[str, Any]:
    """Ask, buy, and hear of it by the account's stream; all that the exchange said."""
    async with an_exchange(port) as exchange:
        found: dict[str, Any] = {
            "info": await exchange.exchange_info(),
            "candles": await exchange.klines("BTCUSDT", "1m", limit=5),
            "flat": await exchange.positions(),
        }
        async with exchange.user_stream() as stream:
            events = aiter(stream)
            order = NewOrder(client_id=client_id, symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.010"))
            outcome = await exchange.place(order)
            assert isinstance(outcome, Accepted)
            found["order"] = outcome
            found["event"] = await asyncio.wait_for(anext(events), SOON)
        found["held"] = await exchange.positions()
    return found


async def test_a_session_is_answered_from_its_recording_as_the_exchange_answered(tmp_path: Path) -> None:
    """Answers, refusals and account events are the recorded ones, under the ids that the client chooses now."""
    path = tmp_path / "session.jsonl"
    async with a_server() as server:
        with WireLogWriter(path) as log:
            async with recording(addresses(server.url), log, HOST, 0) as port:
                recorded = await a_session(port, "first-1")
    text = path.read_text()
    assert TEST_KEY not in text
    assert "signature=blank" in text

    async with replaying(read_wire_log(path), HOST, 0, None) as (replay, port):
        played = await a_session(port, "second-2")
        state = replay.state()
    assert state["unknown"] == {"requests": [], "sockets": []}
    assert state["left"] == {"requests": [], "sockets": []}
    for name in ("info", "candles", "flat", "held"):
        assert played[name] == recorded[name], name
    assert recorded["flat"] == () != recorded["held"]
    assert played["order"].order.client_id == "second-2"
    assert played["order"].order.id == recorded["order"].order.id
    assert played["event"].order.client_id == "second-2"


async def test_frames_wait_for_what_they_answered(tmp_path: Path) -> None:
    """An acknowledgement never comes before its request, and the answer bears the id of the request made now."""
    path = tmp_path / "session.jsonl"
    async with a_server() as server, a_hand(server), aiohttp.ClientSession() as http:
        with WireLogWriter(path) as log:
            async with recording(addresses(server.url), log, HOST, 0) as port:
                async with http.ws_connect(f"ws://{HOST}:{port}/market/ws") as socket:
                    await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 1})
                    first = [await asyncio.wait_for(socket.receive_json(), SOON) for _ in range(3)]
                async with http.ws_connect(f"ws://{HOST}:{port}/ws-fapi/v1") as socket:
                    await socket.send_json({"id": "a", "method": "time"})
                    answered = await asyncio.wait_for(socket.receive_json(), SOON)
    frames = [line for each in read_wire_log(path).sockets for event in each.events if isinstance(line := event.line, Frame)]
    assert [frame.by for frame in frames[:2]] == ["client", "exchange"]

    async with replaying(read_wire_log(path), HOST, 0, None) as (_, port), aiohttp.ClientSession() as http:
        async with http.ws_connect(f"ws://{HOST}:{port}/market/ws") as socket:
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=0.2)
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 42})
            again = [await asyncio.wait_for(socket.receive_json(), SOON) for _ in range(3)]
            assert again[0] == {**first[0], "id": 42}
            assert again[1:] == first[1:]
        async with http.ws_connect(f"ws://{HOST}:{port}/ws-fapi/v1") as socket:
            await socket.send_json({"id": "b", "method": "time"})
            assert await asyncio.wait_for(socket.receive_json(), SOON) == {**answered, "id": "b"}


async def test_a_request_without_an_answer_gets_none_again(tmp_path: Path) -> None:
    """An answer that was lost is as much a part of the truth as one that came."""
    path = tmp_path / "session.jsonl"
    async with a_server() as server, a_hand(server) as hand, aiohttp.ClientSession() as http:
        with WireLogWriter(path) as log:
            async with recording(addresses(server.url), log, HOST, 0) as port:
                url = f"http://{HOST}:{port}/fapi/v1/ping"
                # aiohttp's client repeats a read by itself, once; the recorder must not do the same behind its back.
                await hand.fault("rest_outage", path="/fapi/v1/ping", count=2)
                with pytest.raises(aiohttp.ClientError):
                    await http.get(url)
                assert (await http.get(url)).status == 200

    async with replaying(read_wire_log(path), HOST, 0, None) as (_, port), aiohttp.ClientSession() as http:
        url = f"http://{HOST}:{port}/fapi/v1/ping"
        with pytest.raises(aiohttp.ClientError):
            await http.get(url)
        assert (await http.get(url)).status == 200


async def test_a_request_that_was_not_recorded_is_refused_in_the_exchange_s_shape(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text('{"kind":"session","at":1,"version":1,"rest":"https://a","streams":"wss://b"}\n')
    async with replaying(read_wire_log(path), HOST, 0, None) as (replay, port), aiohttp.ClientSession() as http:
        answer = await http.get(f"http://{HOST}:{port}/fapi/v1/depth?symbol=BTCUSDT")
        assert answer.status == 404
        told = await answer.json()
        assert told["code"] == -1000
        assert "GET /fapi/v1/depth with these parameters is not in the recording" in told["msg"]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"ws://{HOST}:{port}/market/ws/btcusdt@aggTrade")
        assert replay.state()["unknown"] == {
            "requests": ["GET /fapi/v1/depth"],
            "sockets": ["/market/ws/btcusdt@aggTrade"],
        }


async def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text("kept")
    with pytest.raises(WireLogBroken, match=r"session\.jsonl exists"):
        WireLogWriter(path)
    assert path.read_text() == "kept"


async def test_a_full_disk_ends_the_recording_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with WireLogWriter(path) as log:
        os.dup2(os.open("/dev/full", os.O_WRONLY), log._file.fileno())
        log.write(Frame(at=1, socket=1, by="exchange", text="{}"))
        assert "cannot be written any more after 0 lines: No space left on device" in str(await log.broken)
        log.write(Frame(at=2, socket=1, by="exchange", text="{}"))  # ignored, not raised
        assert log.lines == 0


def test_lines_are_json_that_other_tools_read(tmp_path: Path) -> None:
    async def run() -> None:
        with WireLogWriter(tmp_path / "session.jsonl") as log:
            log.write(Frame(at=1, socket=1, by="exchange", text='{"e":"aggTrade"}'))

    asyncio.run(run())
    row = json.loads((tmp_path / "session.jsonl").read_text())
    assert row == {"kind": "frame", "at": 1, "socket": 1, "by": "exchange", "text": '{"e":"aggTrade"}'}
