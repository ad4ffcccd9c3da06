"""Measures what a healthy stream client of `ict simulator` receives beside clients that never read.

The same client is measured twice on one server: alone, then beside clients that subscribe to the same streams and read
nothing. A server that waited for one of them would go on faster afterwards, so that the mean rate hides it: the result is
the rate in the worst two seconds beside them, as a share of the rate in the worst two seconds alone.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import typer

from cli.bench.simulator_process import simulator
from cli.play.session import speed_of

#: Streams with many messages, so that the clients that never read are full soon.
_STREAMS: Final = "/".join(
    f"{symbol}@{kind}" for symbol in ("btcusdt", "ethusdt") for kind in ("depth@100ms", "bookTicker", "trade")
)
_PATH: Final = f"/public/stream?streams={_STREAMS}"
_WARM_UP_S: Final = 2.0
#: Length of the windows among which the worst is sought, seconds.
_WINDOW_S: Final = 2.0
#: A healthy client that gets nothing for so long has lost its server.
_PATIENCE_S: Final = 60.0
#: Receive buffer of a client that never reads, bytes: small, so that the server meets a full socket within the measurement.
_TINY: Final = 4_096


@dataclass(frozen=True, slots=True)
class Received:
    """What the healthy client got, messages a second: over all, and in the worst ``_WINDOW_S`` seconds.

    longest_gap_ms: longest time without a message.
    """

    per_s: float
    worst_per_s: float
    longest_gap_ms: float


def received(arrivals: list[float], began: float, seconds: float) -> Received:
    """Evaluate the times of arrival (s, ascending) of a measurement that began at ``began`` and lasted ``seconds``."""
    edges = [began, *arrivals, began + seconds]
    windows = [0] * max(1, int(seconds / _WINDOW_S))
    for each in arrivals:
        windows[min(len(windows) - 1, int((each - began) / seconds * len(windows)))] += 1
    return Received(
        len(arrivals) / seconds,
        min(windows) / (seconds / len(windows)),
        max(after - before for before, after in pairwise(edges)) * 1000,
    )


async def _receive(ws: aiohttp.ClientWebSocketResponse, seconds: float) -> Received:
    began = time.perf_counter()
    arrivals: list[float] = []
    while True:
        await asyncio.wait_for(ws.receive_str(), _PATIENCE_S)
        now = time.perf_counter()
        if now >= began + seconds:
            break
        arrivals.append(now)
    return received(arrivals, began, seconds)


async def _never_read(url: str) -> socket.socket:
    """Open a stream connection and read nothing from it, not even the answer to the handshake."""
    address = urlsplit(url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _TINY)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, (address.hostname, address.port))
    lines = (
        f"GET {_PATH} HTTP/1.1", f"Host: {address.netloc}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
    )  # fmt: skip
    await loop.sock_sendall(made, "\r\n".join(lines).encode())
    return made


async def _measure(stalled: int, seconds: float, speed: str) -> dict[str, Any]:
    async with (
        simulator("--speed", speed) as (url, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(url.replace("http", "ws", 1) + _PATH) as ws,
    ):
        await _receive(ws, _WARM_UP_S)
        alone = await _receive(ws, seconds)
        silent = [await _never_read(url) for _ in range(stalled)]
        try:
            beside = await _receive(ws, seconds)
        finally:
            for each in silent:
                each.close()
        async with http.get(f"{url}/sim/state") as answer:
            closed = (await answer.json())["streams"].get("overflows", 0)
    return {
        "speed": speed,
        "seconds": seconds,
        "stalled": stalled,
        "alone_per_s": round(alone.per_s, 1),
        "beside_per_s": round(beside.per_s, 1),
        "alone_worst_per_s": round(alone.worst_per_s, 1),
        "beside_worst_per_s": round(beside.worst_per_s, 1),
        "ratio": round(beside.worst_per_s / alone.worst_per_s, 3) if alone.worst_per_s else None,
        "alone_longest_gap_ms": round(alone.longest_gap_ms, 1),
        "beside_longest_gap_ms": round(beside.longest_gap_ms, 1),
        "stalled_closed": closed,
    }


def main(stalled: int, seconds: float, speed: str, *, as_json: bool) -> None:
    """Measure and print the figures. Exit 2 for a speed that is none."""
    import uvloop

    speed_of(speed)  # `ict simulator` would refuse it where nobody reads what it says
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_measure(stalled, seconds, speed))
    if as_json:
        typer.echo(json.dumps(result))
        return
    for name in ("alone", "beside"):
        typer.echo(
            f"{name}: {result[f'{name}_per_s']} messages/s, {result[f'{name}_worst_per_s']} in the worst two seconds,"
            f" longest gap {result[f'{name}_longest_gap_ms']} ms"
        )
    typer.echo(
        f"ratio of the worst: {result['ratio']}; {result['stalled_closed']} of {stalled} clients that never read closed"
    )
