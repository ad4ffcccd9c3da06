"""Connections of the WebSocket API. A fault set for a REST endpoint also hits the method that does the same here."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from simulator.server.clock import clock_ms
from simulator.server.fault_table import FaultTable
from simulator.server.motion import Motion
from simulator.server.rest.context import Context
from simulator.server.rest.order_api import Call, answer_call, failed, read_call, shows_limits
from simulator.server.rest_faults import judge
from simulator.server.settings import ServerSettings

_encode = msgspec.json.Encoder().encode


class OrderSockets:
    """Serves WebSocket API connections. ``counts``: requests by the REST method and path that they stand for."""

    def __init__(
        self, context: Context, faults: FaultTable, motion: Motion, settings: ServerSettings, counts: Counter[str]
    ) -> None:
        self._context = context
        self._faults = faults
        self._motion = motion
        self._ping_s = settings.ping_s
        self._most_waiting = settings.stream_buffer
        self._counts = counts

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it is closed. A request that a fault delays does not hold up the next one.

        A connection with more than ``stream_buffer`` requests whose answers are not sent yet is cut.
        """
        socket = web.WebSocketResponse(heartbeat=self._ping_s, compress=False)
        await socket.prepare(request)
        show_limits = shows_limits(request.query_string)
        waiting: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as answers:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                call = read_call(message.data, show_limits=show_limits)
                if not isinstance(call, Call):
                    await self._send(socket, call, request, show_limits=show_limits)
                    continue
                task = answers.create_task(self._answer(call, socket, request))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                if len(waiting) > self._most_waiting:
                    for each in waiting:
                        each.cancel()
                    if request.transport is not None:
                        request.transport.abort()
                    break
        return socket

    async def _answer(self, call: Call, socket: web.WebSocketResponse, request: web.Request) -> None:
        endpoint = call.endpoint
        self._counts[f"{endpoint.method} {endpoint.path}"] += 1
        verdict = judge(self._faults, endpoint.method, endpoint.path, call.parameters)
        if verdict.delay_ms > 0:
            await asyncio.sleep(verdict.delay_ms / 2000)
        answered = None if verdict.reply is None else failed(call, verdict.reply)
        if verdict.executed:
            self._motion.catch_up()
            done = answer_call(self._context, call, request.remote or "", clock_ms())
            self._motion.flush()
            answered = answered or done
        if verdict.delay_ms > 0:
            await asyncio.sleep(verdict.delay_ms / 2000)
        if verdict.cut and request.transport is not None:
            request.transport.close()
        elif not verdict.silent and answered is not None:
            orders = endpoint.orders != (0, 0)
            await self._send(socket, answered, request, show_limits=call.shows_limits, orders=orders)

    async def _send(
        self,
        socket: web.WebSocketResponse,
        answered: dict[str, Any],
        request: web.Request,
        *,
        show_limits: bool,
        orders: bool = False,
    ) -> None:
        """Send an answer, with the counts of weight, and of ``orders``, if it shows them."""
        if show_limits:
            answered["rateLimits"] = self._context.limiter.shown(request.remote or "", clock_ms(), orders=orders)
        if not socket.closed:
            await socket.send_str(_encode(answered).decode())
