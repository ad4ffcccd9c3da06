"""The embedded layout: every handler in this process, over the in-memory bus, with the market in lock-step."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

from cli.settings import Settings
from cli.wiring import LAYOUTS, lane_policy, service_spec, topology
from services.ingest.source import CandleSource
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Bus
from shared.bus.topology import Topology
from shared.runtime.service import Service, running
from shared.store.port import StateStore
from simulator.market.funding import ConstantFunding
from simulator.recorder import Recorder
from simulator.replay_driver import Player

#: Allocations between two looks for cycles: a step of the market makes hundreds of messages, and no cycles.
_GARBAGE: Final = 20_000


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
    make_bus: Callable[[Topology], Bus] = MemoryBus,
) -> None:
    """Run the whole system on ``source`` to its end. Raises ServiceDied when a core fails."""
    settings = embedded(settings)
    bus = make_bus(topology(settings))
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
    thresholds = gc.get_threshold()
    gc.set_threshold(_GARBAGE, *thresholds[1:])
    try:
        async with running(services):
            await player.run(on_step)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        await bus.close()
