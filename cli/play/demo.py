"""``ict demo``: the whole system in this process on a simulated exchange, without broker, store or network.

``play`` wires it: every service of the embedded layout (``cli.wiring.LAYOUTS``) on one in-memory bus, moved on minute by
minute by the replay driver. The simulated exchange is in execution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cli.data.options import CandleFiles
from cli.play.fundings import fundings_of
from cli.play.session import load_to_play, make_directory, open_market, play_session, speed_of
from cli.settings import Settings
from cli.wiring import LAYOUTS, lane_policy, make_memory_bus, service_spec
from services.ingest.candle_source import CandleSource
from shared.bus.port import Bus
from shared.runtime.process.collection import quiet_collection
from shared.runtime.service import Service, running
from shared.store.port import StateStore
from simulator.recorder import Recorder
from simulator.replay_driver import ReplayDriver


def demo(
    config: Sequence[Path] | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    speed: str,
    out: Path | None,
    *,
    json: bool,
    market: Mapping[str, object],
) -> None:
    """Open the market, play it, show the result. ``market``: options that override the configuration's ``market``."""
    overrides = {"store": {"url": "memory:"}} | ({"market": dict(market)} if market else {})  # lanes keep their state here
    settings = load_to_play(None, config, overrides)
    pace = speed_of(speed)
    settings, source = open_market(settings, data, start, end)
    settings = _with_own_journal(settings, out)  # only now: a refused run leaves the files of the one before alone
    play_session(play, settings, source, out, speed=pace, json=json)


def _with_own_journal(settings: Settings, out: Path | None) -> Settings:
    """Point the journal at a new file in ``out``, else at memory.

    A run must not write into the journal of an older one: the same closes have the same ids there, and what was
    written first stays.
    """
    url = "sqlite+aiosqlite:///:memory:"
    if out is not None:
        make_directory(out)
        for leftover in out.glob("journal.sqlite*"):
            leftover.unlink()
        url = f"sqlite+aiosqlite:///{out / 'journal.sqlite'}"
    return settings.model_copy(update={"journal": settings.journal.model_copy(update={"url": url})})


def embedded(settings: Settings) -> Settings:
    """Change the layout of the settings to embedded."""
    return Settings.model_validate({**settings.model_dump(), "layout": "embedded"})


async def play(
    settings: Settings,
    source: CandleSource,
    recorder: Recorder,
    *,
    speed: float | None,
    store: StateStore | None = None,
    on_step: Callable[[int], None] | None = None,
    on_services: Callable[[Sequence[Service]], None] | None = None,
    make_bus: Callable[[Settings], Bus] = make_memory_bus,
) -> None:
    """Run the whole system on ``source`` to its end.

    ``speed``: market seconds a second; None = as fast as it settles. ``store``: None = lanes keep their state in this
    process. ``on_step`` is called after each minute with its close time, ms; ``on_services`` once, with all that will run.
    Raises ServiceDied when a core fails.
    """
    settings = embedded(settings)
    bus = make_bus(settings)
    await bus.start()
    names = reversed(LAYOUTS["embedded"])  # whoever reads stands before whoever writes
    services = [Service(service_spec(name, settings), bus, store, lane_policy(settings)) for name in names]
    if on_services is not None:
        on_services(services)
    driver = ReplayDriver(
        bus, source, fundings_of(settings, source), recorder,
        partitions=settings.partitions.count, pinned=settings.partitions.pinned, speed=speed,
    )  # fmt: skip
    try:
        async with running(services, bus_ends=True), quiet_collection():
            await driver.run(on_step)
    finally:
        await bus.close()
