"""``ict replay``: play a market to separately running services over RabbitMQ."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.data.options import CandleFiles
from cli.play.session import load_to_play, open_market, play_session, speed_of
from cli.settings import Settings
from cli.wiring import make_bus
from services.ingest.candle_source import CandleSource
from simulator.market.funding import ConstantFunding
from simulator.recorder import Recorder
from simulator.replay_driver import ReplayDriver


def replay(
    config: Sequence[Path] | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    speed: str,
    out: Path | None,
    *,
    json: bool,
) -> None:
    """Open the market, play it to the running services, show the result."""
    settings = load_to_play(["market"], config)
    pace = speed_of(speed)
    settings, source = open_market(settings, data, start, end)
    play_session(play_to_services, settings, source, out, speed=pace, json=json)


async def play_to_services(
    settings: Settings,
    source: CandleSource,
    recorder: Recorder,
    *,
    speed: float | None,
    on_step: Callable[[int], None] | None = None,
) -> None:
    """Play ``source`` to its end, in lock-step. Resets the services' lanes first.

    Parameters as in ``cli.play.demo.play``.
    """
    bus = make_bus(settings, "market")
    await bus.start()
    funding = ConstantFunding(settings.symbols, settings.market.funding_rate)
    driver = ReplayDriver(
        bus, source, funding, recorder,
        partitions=settings.partitions.count, pinned=settings.partitions.pinned, speed=speed,
    )  # fmt: skip
    try:
        await driver.run(on_step, session=uuid.uuid4().hex)
    finally:
        await bus.close()
