"""A server that answers from a wire log, as the exchange answered when it was recorded."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import web

from shared.exchange.error_codes import ErrorCode
from simulator.wire_log.client_ids import ClientIds
from simulator.wire_log.line_kinds import Answer
from simulator.wire_log.reading import Asked, WireLog
from simulator.wire_log.recording_proxy import cut
from simulator.wire_log.replayed_requests import RecordedRequests
from simulator.wire_log.replayed_sockets import Orders, RecordedSockets, SocketReplay

_TIME: Final = "/fapi/v1/time"
_OK: Final = 200
_encode: Final = msgspec.json.Encoder().encode
_OPEN_ENDED: Final = frozenset({"content-type", "date"})


class ReplayServer:
    """Answers requests and WebSockets from ``log``. ``speed``: how fast streams play; None = without pauses."""

    def __init__(self, log: WireLog, speed: float | None) -> None:
        self._log = log
        self._speed = speed
        self._ids = ClientIds()
        # The clock is answered from `now`, not from the recording.
        self._requests = RecordedRequests([each for each in log.asked if each.request.path != _TIME], self._ids)
        self._sockets = RecordedSockets(log.sockets)
        self._orders = Orders()
        self._answered = 0
        self._started = time.monotonic()
        self._recorded_start = _exchange_time_at_start(log)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request or play one WebSocket."""
        path, _, query = request.raw_path.partition("?")
        if path == "/sim/state":
            return web.Response(body=_encode(self.state()), content_type="application/json")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            recorded = self._sockets.find(path, query)
            if recorded is None:
                return _unknown(f"no WebSocket {path} with these streams was recorded")
            return await SocketReplay(recorded, self._ids, self._orders, self._speed).play(request)
        if path == _TIME:
            return web.Response(body=_encode({"serverTime": self.now()}), content_type="application/json")
        body = (await request.read()).decode(errors="replace")
        found = self._requests.find(request.method, path, query, body)
        await self._orders.made(self._requests.orders)
        if found is None:
            return _unknown(f"{request.method} {path} with these parameters is not in the recording, or used up")
        return self._answer(request, found)

    def now(self) -> int:
        """The exchange's time, UTC ms: that of the recording's start, and what passed since this server's."""
        return self._recorded_start + round((time.monotonic() - self._started) * 1000)

    def state(self) -> dict[str, Any]:
        """What was answered, what of the recording was not asked for, and what was asked for that it lacks."""
        return {
            "time": self.now(),
            "torn": self._log.torn,
            "answered": self._answered,
            "left": {"requests": self._requests.left(), "sockets": self._sockets.left()},
            "unknown": {"requests": self._requests.unknown, "sockets": self._sockets.unknown},
        }

    def _answer(self, request: web.Request, found: Asked) -> web.Response:
        self._answered += 1
        answer = found.answer
        if not isinstance(answer, Answer):  # none came when it was recorded
            return cut(request)
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OPEN_ENDED}
        kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "application/json")
        body = self._ids.now(answer.body).encode()
        return web.Response(body=body, status=answer.status, headers={**headers, "Content-Type": kind})


def _exchange_time_at_start(log: WireLog) -> int:
    """The exchange's clock when the recording began, by the first answer that told it; else the recording machine's."""
    for each in log.asked:
        if each.request.path == _TIME and isinstance(each.answer, Answer) and each.answer.status == _OK:
            time = int(msgspec.json.decode(each.answer.body)["serverTime"])
            return time - (each.answer.at - log.session.at)
    return log.session.at


def _unknown(why: str) -> web.Response:
    """The exchange's shape of an error, with a text that no exchange sends."""
    return web.Response(
        body=_encode({"code": int(ErrorCode.UNKNOWN), "msg": f"replay: {why}"}), status=404, content_type="application/json"
    )


@asynccontextmanager
async def replaying(log: WireLog, host: str, port: int, speed: float | None) -> AsyncIterator[tuple[ReplayServer, int]]:
    """Listen until the block ends; gives the server and its port. Raises OSError if the port is taken."""
    server = ReplayServer(log, speed)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield server, int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
