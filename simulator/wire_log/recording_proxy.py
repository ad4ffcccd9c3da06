"""Stands between a client and the exchange, passes everything on unchanged, and writes it to a wire log.

Requests are passed on byte for byte, because their signature covers every byte of query and body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from simulator.wire_log.line_kinds import VERSION, Answer, By, Closed, Frame, NoAnswer, NotOpened, Opened, Request, Session
from simulator.wire_log.writing import WireLogWriter

#: Of a request these are the connection's own; they are made anew. Of an answer only what tells something is passed back.
_OWN: Final = frozenset(
    {"host", "connection", "keep-alive", "upgrade", "transfer-encoding", "content-length", "accept-encoding"}
)
_TELLING: Final = ("content-type", "retry-after", "date", "x-mbx-", "x-response-time")
_AUTOMATIC: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_BROKEN: Final = 1006


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the exchange is, without a final slash. ``account``: the API under ``/sapi``; ``orders``: the WebSocket API."""

    rest: str
    streams: str
    orders: str
    account: str

    def http(self, path: str) -> str:
        """The address that serves this path."""
        return self.account if path.startswith(("/sapi/", "/api/")) else self.rest

    def socket(self, path: str) -> str:
        """The address that serves this WebSocket path."""
        return self.orders if path.startswith("/ws-fapi/") else self.streams


class RecordingProxy:
    """Serves HTTP requests and WebSockets by passing them to the exchange. Hand ``handle`` to an aiohttp application."""

    def __init__(self, addresses: Addresses, log: WireLogWriter, http: aiohttp.ClientSession) -> None:
        self._to = addresses
        self._log = log
        self._http = http
        self._requests = count(1)
        self._sockets = count(1)
        log.write(Session(at=log.now(), version=VERSION, rest=addresses.rest, streams=addresses.streams))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a request or a WebSocket on, and write down what passes."""
        self._log.learn(request.headers.get("X-MBX-APIKEY", ""))
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return await self._request(request)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        log, number = self._log, next(self._requests)
        body = await request.read()
        path, _, query = request.raw_path.partition("?")
        log.write(
            Request(
                at=log.now(),
                id=number,
                method=request.method,
                path=log.blank(path),
                query=log.blank(query),
                body=log.blank(body.decode(errors="replace")),
            )
        )
        url = URL(self._to.http(path) + request.raw_path, encoded=True)
        try:
            async with self._http.request(
                request.method, url, data=body or None, headers=_passed(request.headers), allow_redirects=False,
                skip_auto_headers=_AUTOMATIC,
            ) as answer:  # fmt: skip
                body = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            log.write(NoAnswer(at=log.now(), id=number, why=log.blank(f"{type(error).__name__}: {error}")))
            return cut(request)
        except asyncio.CancelledError:
            log.write(NoAnswer(at=log.now(), id=number, why="the client did not wait for the answer"))
            raise
        headers = {name: value for name, value in answer.headers.items() if name.lower().startswith(_TELLING)}
        text = log.blank(body.decode(errors="replace"))
        log.write(Answer(at=log.now(), id=number, status=answer.status, headers=headers, body=text))
        return web.Response(body=body, status=answer.status, headers=headers)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        log, number = self._log, next(self._sockets)
        raw_path, _, raw_query = request.raw_path.partition("?")
        path, query = log.blank(raw_path), log.blank(raw_query)
        url = URL(self._to.socket(raw_path) + request.raw_path, encoded=True)
        try:
            exchange = await self._http.ws_connect(url, max_msg_size=0, headers=_own_headers(request.headers))
        except aiohttp.WSServerHandshakeError as error:
            log.write(NotOpened(at=log.now(), socket=number, path=path, query=query, status=error.status, why=error.message))
            return web.Response(status=error.status, text=error.message)
        except (aiohttp.ClientError, OSError) as error:
            why = log.blank(f"{type(error).__name__}: {error}")
            log.write(NotOpened(at=log.now(), socket=number, path=path, query=query, status=0, why=why))
            return cut(request)
        client = web.WebSocketResponse(max_msg_size=0)
        log.write(Opened(at=log.now(), socket=number, path=path, query=query))
        try:
            await client.prepare(request)
            await self._pass_on(number, client, exchange)
        finally:
            await exchange.close()
        return client

    async def _pass_on(self, number: int, client: web.WebSocketResponse, exchange: aiohttp.ClientWebSocketResponse) -> None:
        """Carry frames both ways until either side ends; then end the other."""
        ways = {
            asyncio.create_task(self._carry(number, "exchange", exchange, client)): "exchange",
            asyncio.create_task(self._carry(number, "client", client, exchange)): "client",
        }
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        for way in done:
            trouble = way.exception()
            if trouble is not None and not isinstance(trouble, ConnectionError):  # the connection may break at any time
                raise trouble
        # Both at once: the exchange's word is the one that a replay must repeat.
        by: By = "exchange" if any(ways[way] == "exchange" for way in done) else "client"
        ended = exchange if by == "exchange" else client
        code = ended.close_code or _BROKEN
        self._log.write(Closed(at=self._log.now(), socket=number, by=by, code=code))
        if by == "exchange":
            await client.close(code=code if code != _BROKEN else 1001)

    async def _carry(
        self,
        number: int,
        by: By,
        source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    ) -> None:
        log = self._log
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                log.write(Frame(at=log.now(), socket=number, by=by, text=log.blank(message.data)))
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:  # text, as some clients send it
                log.write(Frame(at=log.now(), socket=number, by=by, text=log.blank(message.data.decode(errors="replace"))))
                await target.send_bytes(message.data)


@asynccontextmanager
async def recording(addresses: Addresses, log: WireLogWriter, host: str, port: int) -> AsyncIterator[int]:
    """Listen until the block ends; gives the port. Raises OSError if the port is taken."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as http:
        http._retry_connection = False
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", RecordingProxy(addresses, log, http).handle)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            yield int(runner.addresses[0][1])
        finally:
            await runner.cleanup()


def cut(request: web.Request) -> web.Response:
    """Close the connection without an answer. The response only satisfies aiohttp; the client never gets it."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=503)


def _passed(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The request's headers without the connection's own; the answer is asked for uncompressed, to be written as text."""
    kept = [(name, value) for name, value in headers.items() if name.lower() not in _OWN]
    return [*kept, ("Accept-Encoding", "identity")]


def _own_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """A WebSocket's headers without those of its handshake."""
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OWN and not name.lower().startswith("sec-websocket-")
    ]
