"""The HTTP side of the REST API: reads a request, applies the faults in force, sends the answer."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
from aiohttp import web

from shared.exchange.error_codes import ErrorCode
from simulator.server.clock import clock_ms
from simulator.server.fault_table import FaultTable
from simulator.server.motion import Motion
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused
from simulator.server.rest.answer import Reply, Request, answer
from simulator.server.rest.context import Context
from simulator.server.rest.endpoints import PATHS
from simulator.server.rest_faults import judge
from simulator.server.settings import ServerSettings

_encode = msgspec.json.Encoder().encode


class Rest:
    """Answers REST requests. ``counts``: requests by "METHOD path" and answers by status."""

    def __init__(self, context: Context, faults: FaultTable, motion: Motion, settings: ServerSettings) -> None:
        self._context = context
        self._faults = faults
        self._motion = motion
        self._hold = settings.hold_s
        self.counts: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, unless a fault delays, replaces or withholds the answer."""
        self.counts[f"{request.method} {request.path}" if request.path in PATHS else "other"] += 1
        query = _query(request)
        try:
            body = await _body(request)
        except Refused as refused:
            return _response(Reply(refused.status, refused.body))
        verdict = judge(self._faults, request.method, request.path, Parameters.of(query, body))
        if verdict.delay_ms > 0:
            await asyncio.sleep(verdict.delay_ms / 2000)
        reply = verdict.reply
        if verdict.executed:
            self._motion.catch_up()
            answered = answer(self._context, self._asked(request, query, body))
            self._motion.flush()
            reply = reply or answered
        if verdict.delay_ms > 0:
            await asyncio.sleep(verdict.delay_ms / 2000)
        if verdict.silent:
            await asyncio.sleep(self._hold)
        if verdict.silent or verdict.cut or reply is None:
            return _cut(request)
        self.counts[str(reply.status)] += 1
        return _response(reply)

    def _asked(self, request: web.Request, query: str, body: str) -> Request:
        return Request(
            method=request.method,
            path=request.path,
            query=query,
            body=body,
            key=request.headers.get("X-MBX-APIKEY", ""),
            address=request.remote or "",
            now=clock_ms(),
        )


def _query(request: web.Request) -> str:
    """Return the query string as it was sent; bytes that are no UTF-8 are replaced."""
    _, _, query = request.raw_path.partition("?")
    return query.encode(errors="surrogateescape").decode(errors="replace")


async def _body(request: web.Request) -> str:
    """Return the body of a request. Raises Refused: a GET has none, and no request has more than aiohttp's limit, 1 MiB."""
    if not request.body_exists:
        return ""
    try:
        body = (await request.read()).decode(errors="replace")
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(ErrorCode.INVALID_MESSAGE, "The body of a request may have 1 MiB at most.", 413) from error
    except web.RequestPayloadError as error:
        raise Refused(ErrorCode.INVALID_MESSAGE, "The body of the request cannot be decoded.") from error
    if body and request.method == "GET":
        text = "A GET request takes no body; send its parameters in the query string."
        raise Refused(ErrorCode.TOO_MANY_PARAMETERS, text, 403)
    return body


def _response(reply: Reply) -> web.Response:
    return web.Response(
        body=_encode(reply.body), status=reply.status, headers=reply.headers, content_type="application/json"
    )


def _cut(request: web.Request) -> web.Response:
    """Close the connection. The response only satisfies aiohttp; the client never gets it."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=503)
