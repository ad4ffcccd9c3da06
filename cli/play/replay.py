"""Drive separately running services over RabbitMQ in lock-step, with the exchange and the market in this process."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from cli.settings import Settings
from cli.wiring import lane_policy, service_spec, topology
from services.ingest.source import CandleSource
from shared.bus.rabbitmq.bus import RabbitBus
from shared.runtime.service import Service, running
from simulator.market.funding import ConstantFunding
from simulator.recorder import Recorder
from simulator.replay_driver import Player


async def replay(
    settings: Settings,
    source: CandleSource,
    recorder: Recorder,
    *,
    speed: float | None,
    on_step: Callable[[int], None] | None = None,
) -> None:
    """Play ``source`` to its end. The services' lanes are reset first: a replay owes nothing to what ran before.

    The exchange lane keeps no state beyond this process: a simulated exchange that dies ends its session.
    """
    bus = RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name="simulator")
    await bus.start()
    exchange = Service(service_spec("simulator", settings), bus, None, lane_policy(settings))
    funding = ConstantFunding(settings.symbols, settings.market.funding_rate)
    player = Player(
        bus, source, funding, recorder,
        partitions=settings.partitions.count, pinned=settings.partitions.pinned, speed=speed,
    )  # fmt: skip
    try:
        async with running([exchange]):
            await player.run(on_step, session=uuid.uuid4().hex)
    finally:
        await bus.close()
