"""The exchange of ``ict bench execution``, as a process of its own: `ict simulator` that notes when what arrives and leaves.

Usage: ``python -m cli.bench.execution_exchange WALLET SYMBOL …``; prints its address. ``GET /stamps`` returns
``[requests, events]`` and forgets them: client order id → ``time.monotonic_ns()`` at which the request to place it arrived,
and client order id and status → the time at which the event was handed to the user stream.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs

import msgspec
import uvloop
from aiohttp import web

from simulator.market.funding import ConstantFunding
from simulator.market.generator import GeneratedMarket
from simulator.server.fault_table import FaultTable
from simulator.server.http import Rest
from simulator.server.listener import Listener
from simulator.server.motion import Motion
from simulator.server.scenario import Scenario
from simulator.server.serving import build_context, symbols_of
from simulator.server.session import Message, UserMessage
from simulator.server.settings import ServerSettings
from simulator.server.sockets import Sockets
from simulator.settings import SimulatorSettings
from simulator.tape.settings import TapeSettings
from simulator.tape.tick_source import CandleTicks

_MINUTE: Final = 60_000
_HISTORY: Final = 5  # minutes


class StampingSockets(Sockets):
    """Notes when an event of an order is handed over for sending."""

    events: dict[str, int]

    def deliver(self, messages: Iterable[Message]) -> None:
        held = list(messages)
        for each in held:
            if isinstance(each, UserMessage) and each.event["e"] == "ORDER_TRADE_UPDATE":
                order = each.event["o"]
                self.events.setdefault(f"{order['c']} {order['X']}", time.monotonic_ns())
        super().deliver(held)


async def serve(wallet: Decimal, names: tuple[str, ...]) -> None:
    """Serve until SIGTERM."""
    settings = ServerSettings(
        port=0, start="now", days=1.0, weight_minute=10_000_000, orders_ten_seconds=10_000_000, orders_minute=10_000_000,
        tape=TapeSettings(history_minutes=_HISTORY),
    )  # fmt: skip
    now = int(time.time() * 1000)
    symbols = symbols_of(names, settings)
    market = GeneratedMarket(names, now - now % _MINUTE - _HISTORY * _MINUTE, settings.days, 1)
    ticks = CandleTicks(market, symbols.grids, settings.tape, 1)
    matching = SimulatorSettings(starting_wallet=wallet)
    context = build_context(ticks, symbols, ConstantFunding(names, Decimal(0)), settings, matching)
    while context.session.time + 50 < (now := int(time.time() * 1000)):
        context.session.advance(now)
    faults = context.faults = FaultTable(0)
    sockets = StampingSockets(context, faults, settings)
    sockets.events = {}
    requests: dict[str, int] = {}
    motion = Motion(context, faults, sockets, settings, Scenario(), 1.0)
    rest = Rest(context, faults, motion, settings)

    async def handle(request: web.Request) -> web.StreamResponse:
        arrived = time.monotonic_ns()
        if request.path == "/stamps":
            noted = msgspec.json.encode((requests, sockets.events))
            requests.clear()
            sockets.events.clear()
            return web.Response(body=noted)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await sockets.accept(request)
        if request.method == "POST" and request.path == "/fapi/v1/order":
            asked = request.query_string + "&" + await request.text()
            requests.setdefault(parse_qs(asked)["newClientOrderId"][0], arrived)
        return await rest.handle(request)

    runner = web.ServerRunner(Listener(handle))
    await runner.setup()
    await web.TCPSite(runner, settings.host, 0).start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    moving = asyncio.create_task(motion.run())
    sys.stdout.write(f"listening on http://{settings.host}:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.wait({moving, asyncio.create_task(stopped.wait())}, return_when=asyncio.FIRST_COMPLETED)
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    await sockets.close()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(Decimal(sys.argv[1]), tuple(sys.argv[2:])))
