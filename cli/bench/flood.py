"""``ict bench flood``: order flow by the hundred thousand while candles pass: its cost, what is dropped, what is kept."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from typing import Any

import typer
import uvloop

from cli.bench.fleet import BenchFleet
from cli.bench.market import BenchMarket
from cli.configuration import try_load
from cli.wiring import LAYOUTS, topology
from shared.bus.rabbitmq import RabbitBus
from shared.domain.timeframes import MINUTE

_PAUSE = 0.02


def main(messages: int, *, as_json: bool) -> None:
    """Measure and print."""
    result = uvloop.run(measure(messages))
    typer.echo(json.dumps(result) if as_json else json.dumps(result, indent=2))


async def measure(messages: int, *, quiet_samples: int = 300) -> dict[str, Any]:
    """The same pipeline first quiet, then under the flood.

    A lost candle stops the lock-step market: TimeoutError after 30 seconds, and no figures.
    """
    namespace = f"flood-{uuid.uuid4().hex[:8]}"
    raw_settings: dict[str, object] = {
        "namespace": namespace,
        "symbols": ["BTCUSDT"],
        "signals": {"strategies": ["every_close"], "drill": True},
        "risk": {"trades_per_day": 1_000_000, "max_positions": 1_000},
        "log": {"level": "WARNING"},
    }
    settings = try_load(None, raw_settings)
    bus = RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name="flood")
    await bus.start()
    fleet = BenchFleet([name for name in LAYOUTS["split"] if name not in ("journal", "notifier")], raw_settings)
    await asyncio.to_thread(fleet.__enter__)
    try:
        market = BenchMarket(bus, settings.symbols)
        await market.start()
        quiet = await market.run(quiet_samples, hourly=False, warm_up=120, pause=_PAUSE)
        command = [sys.executable, "-m", "cli.bench.flooder", str(fleet.config), str(messages)]
        flooder = subprocess.Popen(command)  # noqa: ASYNC220, S603  our own module; it must not share this loop
        under: list[float] = []
        deepest = 0
        rss_before = fleet.rss_mb()
        while flooder.poll() is None:
            under += await market.run(5, hourly=False, warm_up=0, pause=_PAUSE)
            deepest = max(deepest, await bus.depth("micro"))
        received, newest, dropped = await _accounted(fleet, settings.symbols[0], messages)
        return {
            "messages": messages,
            "received": received,
            "dropped_counted": dropped,
            "newest_kept": newest * 1000 == messages,
            "deepest_queue": deepest,
            "queue_bound": topology(settings).queue("micro").max_length,
            "every_message_accounted_for": received + dropped == messages,
            "candle_to_order_ms": {"quiet": _quantiles(quiet), "flooded": _quantiles(under)},
            "rss_mb": {"before": rss_before, "after": fleet.rss_mb()},
            "minutes_played": (market.now - market.first) // MINUTE,
        }
    finally:
        await asyncio.to_thread(fleet.__exit__, None, None, None)
        await bus.destroy()
        await bus.close()


async def _accounted(fleet: BenchFleet, symbol: str, messages: int) -> tuple[int, float, int]:
    """Received, newest and dropped, once every message is one or the other (or after a while that it is not)."""
    figures = (0, 0.0, 0)
    for _ in range(200):
        figures = await asyncio.to_thread(fleet.flow, symbol)
        if figures[0] + figures[2] >= messages:
            break
        await asyncio.sleep(0.05)  # the consumer is another process: it is asked until it has said it all
    return figures


def _quantiles(latencies: list[float]) -> dict[str, float]:
    ordered = sorted(latencies)
    return {
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "n": len(ordered),
    }
