"""Measures an order's round trip over HTTP to `ict simulator` in its own process, against a ping of the same server.

The market runs in real time, and a socket listens to both symbols' streams and to user events. Half of the orders rest and
are cancelled, half are filled at once. The time is the client's, from sending the request to the answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import statistics
import time
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import psutil
import typer

from cli.bench.simulator_process import simulator
from simulator.server.settings import TEST_KEY, TEST_SECRET

_SYMBOL: Final = "BTCUSDT"
_WARM_UP: Final = 50
#: Price, ping, placing, cancelling, market order.
_REQUESTS_A_ROUND: Final = 5
#: The benchmark sends more requests than an account may.
_UNLIMITED: Final = {
    "ICT_SERVER__WEIGHT_MINUTE": "10000000",
    "ICT_SERVER__ORDERS_TEN_SECONDS": "10000000",
    "ICT_SERVER__ORDERS_MINUTE": "10000000",
}
_STREAMS: Final = "btcusdt@kline_1m/ethusdt@kline_1m/btcusdt@aggTrade/ethusdt@aggTrade/btcusdt@markPrice@1s"


class _Client:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def ask(self, method: str, path: str, **parameters: object) -> tuple[float, Any]:
        """Send a request; return the milliseconds until the answer was read, and the answer."""
        query = urlencode({**parameters, "timestamp": int(time.time() * 1000)})
        signature = hmac.new(TEST_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        began = time.perf_counter()
        async with self._http.request(
            method, f"{self._url}{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": TEST_KEY}
        ) as answer:
            body = await answer.json()
        taken = (time.perf_counter() - began) * 1000
        answer.raise_for_status()
        return taken, body


async def _listen(http: aiohttp.ClientSession, url: str) -> None:
    async with http.ws_connect(url) as socket:
        async for _ in socket:
            pass


async def _measure(samples: int) -> tuple[dict[str, list[float]], float]:
    """Return milliseconds by kind of request, and the server's CPU milliseconds per request."""
    taken: dict[str, list[float]] = {"ping": [], "place": [], "cancel": [], "market": []}
    async with simulator("--now", settings=_UNLIMITED) as (url, process), aiohttp.ClientSession() as http:
        client = _Client(url, http)
        _, key = await client.ask("POST", "/fapi/v1/listenKey")
        sockets = url.replace("http", "ws", 1)
        listeners = [
            asyncio.create_task(_listen(http, f"{sockets}/market/stream?streams={_STREAMS}")),
            asyncio.create_task(_listen(http, f"{sockets}/private/ws?listenKey={key['listenKey']}")),
        ]
        used = 0.0
        for number in range(_WARM_UP + samples):
            if number == _WARM_UP:
                used = _cpu(process)
            _, ticker = await client.ask("GET", "/fapi/v2/ticker/price", symbol=_SYMBOL)
            price = (Decimal(ticker["price"]) * Decimal("0.97")).quantize(Decimal("0.1"))
            order = {"symbol": _SYMBOL, "quantity": "0.002", "newOrderRespType": "RESULT"}
            ping, _ = await client.ask("GET", "/fapi/v1/ping")
            place, placed = await client.ask(
                "POST", "/fapi/v1/order", **order, side="BUY", type="LIMIT", timeInForce="GTC", price=price
            )
            cancel, _ = await client.ask("DELETE", "/fapi/v1/order", symbol=_SYMBOL, orderId=placed["orderId"])
            market, _ = await client.ask(
                "POST", "/fapi/v1/order", **order, side="SELL" if number % 2 else "BUY", type="MARKET"
            )
            if number >= _WARM_UP:
                for name, each in (("ping", ping), ("place", place), ("cancel", cancel), ("market", market)):
                    taken[name].append(each)
        used = _cpu(process) - used
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    return taken, used * 1000 / samples / _REQUESTS_A_ROUND


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _p99(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[98]


def main(samples: int, *, as_json: bool) -> None:
    """Measure and print the figures."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        taken, cpu = runner.run(_measure(samples))
    result = {
        "samples": samples,
        **{
            name: {"p50_ms": round(statistics.median(each), 2), "p99_ms": round(_p99(each), 2)}
            for name, each in taken.items()
        },
        "server_cpu_ms_per_request": round(cpu, 3),
        "place_to_ping_p50": round(statistics.median(taken["place"]) / statistics.median(taken["ping"]), 2),
    }
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"server: {cpu:.2f} ms of CPU per request")
    for name, each in taken.items():
        typer.echo(f"{name}: p50 {statistics.median(each):.2f} ms, p99 {_p99(each):.2f} ms")
