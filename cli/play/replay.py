"""``ict replay``: play a market to separately running services over RabbitMQ."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cli.data.options import CandleFiles
from cli.play.fundings import fundings_of
from cli.play.session import load_to_play, open_market, play_session, speed_of
from cli.run.broker import PATIENCE, open_within
from cli.settings import Settings
from cli.wiring import make_bus
from services.ingest.candle_source import CandleSource
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
    play_session(partial(play_to_services, patience=PATIENCE), settings, source, out, speed=pace, json=json)


async def play_to_services(
    settings: Settings,
    source: CandleSource,
    recorder: Recorder,
    *,
    speed: float | None,
    on_step: Callable[[int], None] | None = None,
    patience: float | None = None,
) -> None:
    """Play ``source`` to its end, in lock-step. Resets the services' lanes first.

    ``patience``: seconds to wait for the broker, None = without a limit. Other parameters as in ``cli.play.demo.play``.
    Raises Leave when the broker refuses us, or does not answer in that time.
    """
    bus = make_bus(settings, "market")
    await open_within(bus, settings, patience)
    driver = ReplayDriver(
        bus, source, fundings_of(settings, source), recorder,
        partitions=settings.partitions.count, pinned=settings.partitions.pinned, speed=speed,
    )  # fmt: skip
    try:
        await driver.run(on_step, session=uuid.uuid4().hex)
    finally:
        await bus.close()
