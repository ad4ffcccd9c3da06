"""``ict bench flood``: measure the pipeline while order flow floods the bus: latency, drops, queue length."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from typing import Any

import typer
import uvloop

from cli.bench.fleet import BenchFleet
from cli.bench.market import DRILL, BenchMarket
from cli.run.broker import open_within
from cli.run.configuration import load_settings
from cli.wiring import LAYOUTS, make_bus, topology
from shared.bus.port import Bus
from shared.domain.timeframes import MINUTE

_PAUSE = 0.02


def main(messages: int, *, as_json: bool) -> None:
    """Measure and print the figures."""
    result = uvloop.run(measure(messages, elsewhere=True))
    typer.echo(json.dumps(result) if as_json else json.dumps(result, indent=2))


async def measure(messages: int, *, quiet_samples: int = 300, elsewhere: bool = False) -> dict[str, Any]:
    """Measure the same pipeline first quiet, then under the flood.

    ``elsewhere``: measure also while the same flood goes into another deployment's queues. That shows the cost of a busy
    broker and machine; the rest is the cost of the flood in the pipeline's own queues.

    Raises TimeoutError after 30 seconds if a candle is lost, as the market waits for each.
    """
    namespace = f"flood-{uuid.uuid4().hex[:8]}"
    raw_settings: dict[str, object] = {
        "namespace": namespace,
        "symbols": ["BTCUSDT"],
        **DRILL,
        "log": {"level": "WARNING"},
    }
    settings = load_settings(None, raw_settings)
    bus = make_bus(settings, "flood")
    await open_within(bus, settings)
    fleet = BenchFleet([name for name in LAYOUTS["split"] if name not in ("journal", "notifier")], raw_settings)
    await asyncio.to_thread(fleet.__enter__)
    try:
        market = BenchMarket(bus, settings.symbols)
        await market.start()
        quiet = await market.run(quiet_samples, hourly=False, warm_up=120, pause=_PAUSE)
        latencies = {"quiet": _quantiles(quiet)}
        if elsewhere:
            apart = load_settings(None, {**raw_settings, "namespace": f"{namespace}-apart"})
            other = make_bus(apart, "apart")
            await other.start()
            beside, _ = await _while_flooded(other, fleet, market, messages, apart.namespace)
            latencies["flooded_elsewhere"] = _quantiles(beside)
            await other.destroy()
            await other.close()
        rss_before = fleet.rss_mb()
        under, deepest = await _while_flooded(bus, fleet, market, messages, namespace)
        latencies["flooded"] = _quantiles(under)
        received, newest, dropped = await _accounted(fleet, settings.symbols[0], messages)
        return {
            "messages": messages,
            "received": received,
            "dropped_counted": dropped,
            "newest_kept": newest * 1000 == messages,
            "deepest_queue": deepest,
            "queue_bound": topology(settings).queue("micro").max_length,
            "every_message_accounted_for": received + dropped == messages,
            "candle_to_order_ms": latencies,
            "rss_mb": {"before": rss_before, "after": fleet.rss_mb()},
            "minutes_played": (market.now - market.first) // MINUTE,
        }
    finally:
        await asyncio.to_thread(fleet.__exit__, None, None, None)
        await bus.destroy()
        await bus.close()


async def _while_flooded(
    bus: Bus, fleet: BenchFleet, market: BenchMarket, messages: int, namespace: str
) -> tuple[list[float], int]:
    """Return the latencies of candles while ``namespace`` is flooded, and the greatest length of its queue."""
    command = [sys.executable, "-m", "cli.bench.flooder", str(fleet.config), str(messages)]
    environment = {**os.environ, "ICT_NAMESPACE": namespace}
    flooder = subprocess.Popen(command, env=environment)  # noqa: ASYNC220, S603  our own module; it must not share this loop
    latencies: list[float] = []
    deepest = 0
    while flooder.poll() is None:
        latencies += await market.run(5, hourly=False, warm_up=0, pause=_PAUSE)
        deepest = max(deepest, await bus.depth("micro"))
    return latencies, deepest


async def _accounted(fleet: BenchFleet, symbol: str, messages: int) -> tuple[int, float, int]:
    """Return received, newest and dropped, once every message is received or dropped, or at a time limit."""
    figures = (0, 0.0, 0)
    for _ in range(200):
        figures = await asyncio.to_thread(fleet.flow, symbol)
        if figures[0] + figures[2] >= messages:
            break
        await asyncio.sleep(
            0.05
        )  # the consumer is another process: its metrics are polled until they account for every message
    return figures


def _quantiles(latencies: list[float]) -> dict[str, float]:
    ordered = sorted(latencies)
    return {
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "n": len(ordered),
    }
