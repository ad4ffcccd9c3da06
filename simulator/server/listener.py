"""The listening side of HTTP: like aiohttp's, but a request that cannot be parsed gets an error in Binance's shape.

aiohttp answers such a request with plain text and logs it with a traceback, as if the server were at fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from shared.exchange.error_codes import ErrorCode

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Listener(web.Server):
    """Makes a protocol for each connection. A handler is cancelled when its client goes away."""

    def __init__(self, handle: Handle) -> None:
        async def welcome(request: web.Request) -> web.StreamResponse:
            await _ask_for_body(request)
            return await handle(request)

        super().__init__(welcome, request_factory=_request, handler_cancellation=True)  # type: ignore[arg-type]  # each request is made by _request

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), access_log=None)  # type: ignore[arg-type]  # None: no log


class _Connection(web.RequestHandler):
    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer a request that cannot be read, or whose handler raised an error; only the latter is logged."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("Error handling request from %s", request.remote, exc_info=exc)
            return _error(status, ErrorCode.UNKNOWN, "The simulator failed; its log says where.")
        if isinstance(exc, LineTooLong):
            text = "The request's address, or one of its headers, is longer than 8190 bytes."
            return _error(HTTPStatus.REQUEST_URI_TOO_LONG, ErrorCode.INVALID_MESSAGE, text)
        return _error(status, ErrorCode.INVALID_MESSAGE, "The request is no valid HTTP.")


async def _ask_for_body(request: web.Request) -> None:
    """Tell a client that waits to be asked, as curl does with a large body, to send it."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun


def _error(status: int, code: ErrorCode, text: str) -> web.Response:
    body = msgspec.json.encode({"code": code, "msg": text})
    answer = web.Response(body=body, status=status, content_type="application/json")
    answer.force_close()
    return answer


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[Any],
) -> web.Request:
    """Make the kind of request that an application makes, with its limit of 1 MiB for a body."""
    return web.Request(message, payload, protocol, writer, task, asyncio.get_running_loop())
