"""``ict bench pipeline``: measure candle-to-order latency in every layout against a raw aio-pika chain, and throughput."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import platform
import statistics
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import typer
import uvloop

from cli.bench.embedded import candles_per_second
from cli.bench.fleet import BenchFleet
from cli.bench.market import DRILL, DRILL_RISK, BenchMarket
from cli.bench.raw_chain import measure as raw_chain
from cli.run.broker import open_within
from cli.run.configuration import load_settings
from cli.settings import Settings
from cli.wiring import LAYOUTS, lane_policy, make_bus, make_memory_bus, service_spec, topology
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Bus
from shared.bus.topology import Layout, QueueKind
from shared.runtime.process.collection import quiet_collection
from shared.runtime.service import Service, running

#: Layout → the queues that a candle passes on its way to an order, which execution carries out itself.
PATHS: dict[Layout, tuple[str, ...]] = {
    "split": ("ingest.p0", "analysis.p0.1m", "signals.p0", "risk", "execution"),
    "fused": ("ingest.p0", "engine", "execution"),
}
#: The stage at which the messages of an hour become one again.
_MERGES: dict[Layout, str] = {"split": "signals.p0", "fused": "engine"}
_HOUR_BUNDLES = 5  # 1m 5m 15m 30m 1h
#: Case → symbols. All of them signal at every close. In ``fifty`` the account takes two entries of a close, as many
#: positions as it may hold by default; in ``fifty_enter`` all fifty.
CASES = {"one": 1, "hour": 2, "fifty": 50, "fifty_enter": 50}
_POSITIONS = {"fifty": 2}
_PAUSE = 0.02  # seconds between samples: candles are rare, so caches are cold in production too
#: In one process the journal writes a close 50 ms after it, in the thread of everybody: a minute before the next close in
#: production, and before the next sample here.
_PAUSE_EMBEDDED = 0.12


def main(samples: int, *, as_json: bool) -> None:
    """Measure everything and print it."""
    gc.collect()
    gc.freeze()  # pauses of this process would count as latency
    result = uvloop.run(_measure(samples))
    result["embedded_candles_per_s"] = _throughput()
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(json.dumps(result, indent=2))


async def _measure(samples: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "samples": samples},
        "candle_to_order_ms": {},
        "raw_chain_ms": {},
        "per_hop_ms": {},
        "rss_mb": {},
    }
    for layout in PATHS:
        figures, hops, memory, raw = await _distributed(layout, samples)
        result["candle_to_order_ms"][layout] = figures
        result["per_hop_ms"][layout] = hops
        result["rss_mb"][layout] = memory
        result["raw_chain_ms"][layout] = raw
    result["candle_to_order_ms"]["embedded"] = await _embedded_latency(samples)
    result["ratios"] = _ratios(result)
    return result


def _settings(layout: Layout, case: str, namespace: str) -> dict[str, object]:
    symbols = [f"SYM{index}USDT" for index in range(CASES[case])]
    risk = {"max_positions": _POSITIONS[case]} if case in _POSITIONS else {}
    return {
        "layout": layout,
        "namespace": namespace,
        "symbols": symbols,
        **DRILL,
        "risk": {**DRILL_RISK, **risk},
        "log": {"level": "WARNING"},
        "journal": {"url": "sqlite+aiosqlite:///:memory:"},
    }


async def _distributed(
    layout: Layout, samples: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, float], dict[str, Any]]:
    """Measure the three cases of one layout, and the raw chain between them."""
    figures: dict[str, Any] = {}
    hops: dict[str, Any] = {}
    memory: dict[str, float] = {}
    raw: list[float] = []
    raw_hour: list[float] = []
    services = [name for name in LAYOUTS[layout] if name not in ("journal", "notifier")]
    for case in CASES:
        namespace = f"bench-{uuid.uuid4().hex[:8]}"
        raw_settings = _settings(layout, case, namespace)
        settings = load_settings(None, raw_settings)
        bus = make_bus(settings, "bench")
        await open_within(bus, settings)
        try:
            fleet = BenchFleet(services, raw_settings)
            await asyncio.to_thread(fleet.__enter__)
            try:
                latencies = await _case(bus, settings, case, samples, _PAUSE)
                hops[case] = await asyncio.to_thread(fleet.hops)
                memory = {name: max(rss, memory.get(name, 0.0)) for name, rss in fleet.rss_mb().items()}
            finally:
                await asyncio.to_thread(fleet.__exit__, None, None, None)
        finally:
            await bus.destroy()
            await bus.close()
        figures[case] = _quantiles(latencies)
        kinds: list[QueueKind] = [topology(settings).queue(name).kind for name in PATHS[layout]]
        url = settings.bus.url.get_secret_value()
        if case == "hour":
            merge_at = PATHS[layout].index(_MERGES[layout])
            raw_hour = await raw_chain(url, kinds, samples // 2, _PAUSE, burst=_HOUR_BUNDLES, merge_at=merge_at)
        else:
            raw += await raw_chain(url, kinds, samples // 2, _PAUSE)
    return figures, hops, memory, {"hops": len(PATHS[layout]), **_quantiles(raw), "hour": _quantiles(raw_hour)}


async def _case(bus: Bus, settings: Settings, case: str, samples: int, pause: float) -> list[float]:
    market = BenchMarket(bus, settings.symbols)
    await market.start()
    if case == "hour":
        return await market.run(max(20, samples // 6), hourly=True, warm_up=60, pause=pause)
    return await market.run(samples, hourly=False, warm_up=120, pause=pause)


async def _embedded_latency(samples: int) -> dict[str, Any]:
    figures = {}
    for case in CASES:
        settings = load_settings(None, {**_settings("split", case, "bench"), "layout": "embedded"})
        async with _embedded_bus(settings) as bus:
            figures[case] = _quantiles(await _case(bus, settings, case, samples, _PAUSE_EMBEDDED))
    return figures


@contextlib.asynccontextmanager
async def _embedded_bus(settings: Settings) -> AsyncIterator[MemoryBus]:
    bus = make_memory_bus(settings)
    await bus.start()
    services = [Service(service_spec(name, settings), bus, None, lane_policy(settings)) for name in LAYOUTS["embedded"]]
    async with running(services), quiet_collection():
        yield bus
    await bus.close()


def _throughput() -> dict[str, Any]:
    """Return one-minute candles per second from ingest to exchange and journal, with two symbols and eight timeframes."""
    return candles_per_second(
        load_settings(None, {"market": {"days": 2.0}, "journal": {"url": "sqlite+aiosqlite:///:memory:"}})
    )


def _ratios(result: dict[str, Any]) -> dict[str, Any]:
    """Return the ratios: pipeline to raw chain, and fifty symbols to one."""
    ratios: dict[str, Any] = {}
    for layout in PATHS:
        ours, raw = result["candle_to_order_ms"][layout], result["raw_chain_ms"][layout]
        ratios[layout] = {
            "one_p50_over_raw": round(ours["one"]["p50"] / raw["p50"], 2),
            "one_p99_over_raw": round(ours["one"]["p99"] / raw["p99"], 2),
            "hour_p50_over_raw": round(ours["hour"]["p50"] / raw["p50"], 2),
            "hour_p50_over_raw_hour": round(ours["hour"]["p50"] / raw["hour"]["p50"], 2),
            "hour_p99_over_raw_hour": round(ours["hour"]["p99"] / raw["hour"]["p99"], 2),
            "fifty_p99_over_one": round(ours["fifty"]["p99"] / ours["one"]["p99"], 2),
        }
    return ratios


def _quantiles(latencies: Sequence[float]) -> dict[str, float]:
    ordered = sorted(latencies)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "n": len(ordered),
    }
