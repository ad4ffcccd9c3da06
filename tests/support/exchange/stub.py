"""An exchange of a few lines: says what a test tells it to say, and remembers what it was asked.

What an order does is the simulator's business; here are the answers that a well-behaved exchange never gives.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import WSMsgType, web
from pydantic import SecretStr

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.settings import ExchangeSettings
from shared.store.port import StateStore

KEY, SECRET = "stub-key", "stub-secret"


@dataclass
class Seen:
    """One request: its parameters as sent, wherever they stood."""

    call: str
    params: dict[str, str]
    raw: str
    headers: dict[str, str]


@dataclass
class Answer:
    """``after`` seconds; ``drop``: the connection is cut instead of answered."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    drop: bool = False
    content_type: str = "application/json"


class ExchangeStub:
    """An HTTP and WebSocket server. ``say(call, *answers)`` queues answers; the last one is repeated.

    Unrealistic: no account, no market, no limits; a signature is checked only when the test wants it, parameters never.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.clock_ahead_ms = 0
        self.verify = True
        self.sockets: list[tuple[str, web.WebSocketResponse]] = []
        self.opened: list[str] = []
        self.commands: list[str] = []
        #: What every command on a socket is answered with.
        self.reply = '{"result":null,"id":1}'
        self.refuse_sockets = False
        self.arrived = asyncio.Event()
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.say("POST /fapi/v1/listenKey", {"listenKey": "key-1"})
        self.say("PUT /fapi/v1/listenKey", {"listenKey": "key-1"})

    def say(self, call: str, *answers: Any) -> None:
        self._answers[call] = deque(each if isinstance(each, Answer) else Answer(each) for each in answers)

    def calls(self, call: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.call == call]

    @property
    def open_sockets(self) -> int:
        return sum(not socket.closed for _, socket in self.sockets)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/public/{tail:.*}", self._socket)
        app.router.add_get("/market/{tail:.*}", self._socket)
        app.router.add_get("/private/{tail:.*}", self._socket)
        app.router.add_route("*", "/{tail:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        for _, socket in self.sockets:
            if not socket.closed:
                await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def send(self, *frames: Any) -> None:
        """To the newest socket."""
        for frame in frames:
            text = frame if isinstance(frame, str) else msgspec.json.encode(frame).decode()
            await self.sockets[-1][1].send_str(text)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        raw = request.query_string + body
        seen = Seen(f"{request.method} {request.path}", dict(parse_qsl(raw)), raw, dict(request.headers))
        self.seen.append(seen)
        if seen.call == "GET /fapi/v1/time" and not self._answers[seen.call]:
            return web.json_response({"serverTime": int(time.time() * 1000) + self.clock_ahead_ms})
        if self.verify and "signature" in seen.params:
            payload, _, signature = raw.rpartition("&signature=")
            wanted = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
            if signature != wanted:
                return web.json_response({"code": -1022, "msg": "Signature for this request is not valid."}, status=400)
        answers = self._answers[seen.call]
        if not answers:
            return web.json_response({"code": -1, "msg": f"the test says nothing of {seen.call}"}, status=404)
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if answer.after:
            await asyncio.sleep(answer.after)
        if answer.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer.body if isinstance(answer.body, str) else msgspec.json.encode(answer.body).decode()
        return web.Response(text=text, status=answer.status, headers=answer.headers, content_type=answer.content_type)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.sockets.append((request.path_qs, socket))
        self.opened.append(request.path_qs)
        self.arrived.set()
        async for message in socket:
            if message.type == WSMsgType.ERROR:
                break
            if message.type == WSMsgType.TEXT:
                self.commands.append(message.data)
                await socket.send_str(self.reply)
        return socket


def settings(stub: ExchangeStub, **changes: Any) -> ExchangeSettings:
    """Patience cut down to what a test can wait for."""
    quick: dict[str, Any] = {
        "key": SecretStr(KEY),
        "secret": SecretStr(SECRET),
        "rest_url": stub.url,
        "stream_url": stub.url.replace("http", "ws"),
        "retry_pause_s": 0.01,
        "retry_longest_s": 0.05,
        "request_timeout_s": 2.0,
    }
    return ExchangeSettings.model_validate({**quick, **changes})


@asynccontextmanager
async def adapter(stub: ExchangeStub, store: StateStore | None = None, **changes: Any) -> AsyncIterator[BinanceExchange]:
    """The adapter against the stub, started, closed at the end."""
    exchange = BinanceExchange("demo", settings(stub, **changes), store)
    try:
        await exchange.start()
        yield exchange
    finally:
        await exchange.close()


@asynccontextmanager
async def stub_exchange() -> AsyncIterator[ExchangeStub]:
    """A stub that listens."""
    stub = ExchangeStub()
    await stub.start()
    try:
        yield stub
    finally:
        await stub.stop()
