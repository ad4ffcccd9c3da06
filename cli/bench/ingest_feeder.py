"""``python -m cli.bench.ingest_feeder RATE SECONDS``: sends stream frames at a rate, each stamped with its time.

It prints its port, serves ``/public/stream`` and ``/market/stream``, begins when both are connected, and closes
both at the end. Frames are made ahead except for their time, so that making them is not measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final

from aiohttp import web

from cli.bench.tick_frames import Frames

SYMBOL: Final = "BTCUSDT"
_PUBLIC: Final = frozenset({"bookTicker", "depthUpdate"})
_STAMP: Final = 1_700_000_000_000
_PERIOD: Final = 0.002


async def main(rate: int, seconds: float) -> None:
    """Serve until both connections are closed."""
    frames = Frames(SYMBOL, seed=3)
    made = [(kind in _PUBLIC, frames.make(kind, _STAMP)) for kind in frames.kinds(round(rate * seconds))]
    sockets: dict[str, web.WebSocketResponse] = {}
    ready, over = asyncio.Event(), asyncio.Event()

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets[request.match_info["route"]] = socket
        if len(sockets) == 2:
            ready.set()
        await over.wait()
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/{route}/stream", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None  # the only place where aiohttp shows which free port it got
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[attr-defined]  # asyncio.Server has it
    await ready.wait()
    await _send(made, rate, sockets)
    over.set()
    await asyncio.sleep(0.5)
    await runner.cleanup()


async def _send(made: list[tuple[bool, str]], rate: int, sockets: dict[str, web.WebSocketResponse]) -> None:
    public, market = sockets["public"], sockets["market"]
    began, sent = time.perf_counter(), 0
    while sent < len(made):
        due = min(len(made), int((time.perf_counter() - began) * rate))
        stamp = str(int(time.time() * 1_000))
        for is_public, frame in made[sent:due]:
            await (public if is_public else market).send_str(frame.replace(str(_STAMP), stamp))
        sent = due
        await asyncio.sleep(_PERIOD)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
