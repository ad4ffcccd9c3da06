"""The embedded layout: every handler in this process, over the in-memory bus, with the market in lock-step."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

from cli.settings import Settings
from cli.wiring import LAYOUTS, lane_policy, service_spec, topology
from services.ingest.source import CandleSource
from shared.bus.memory import MemoryBus
from shared.runtime.service import Service, running
from shared.store.port import StateStore
from simulator.market.funding import ConstantFunding
from simulator.player import Player
from simulator.recorder import Recorder


def embedded(settings: Settings) -> Settings:
    """The settings in the embedded layout, whatever layout they name."""
    return Settings.model_validate({**settings.model_dump(), "layout": "embedded"})


async def play(
    settings: Settings,
    source: CandleSource,
    recorder: Recorder,
    *,
    speed: float | None,
    store: StateStore | None = None,
    on_step: Callable[[int], None] | None = None,
    codec: bool = False,
) -> None:
    """Run the whole system on ``source`` to its end. Raises ServiceDied when a core fails."""
    settings = embedded(settings)
    bus = MemoryBus(topology(settings), codec=codec)
    await bus.start()
    services = [
        Service(service_spec(name, settings), bus, store, lane_policy(settings))
        for name in (*LAYOUTS["embedded"], "simulator")
    ]
    funding = ConstantFunding(settings.symbols, settings.market.funding_rate)
    player = Player(
        bus, source, funding, recorder,
        partitions=settings.partitions.count, pinned=settings.partitions.pinned, speed=speed,
    )  # fmt: skip
    gc.freeze()  # what is imported and built by now lives as long as the process: the collector need not look at it again
    try:
        async with running(services):
            await player.run(on_step)
    finally:
        gc.unfreeze()
        await bus.close()


def play_blocking(
    settings: Settings,
    source: CandleSource,
    out: Path | None,
    *,
    speed: float | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Recorder:
    """``play`` for callers without an event loop; returns the closed recorder with its summary."""
    import uvloop

    with Recorder(out) as recorder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play(settings, source, recorder, speed=speed, on_step=on_step))
    return recorder
