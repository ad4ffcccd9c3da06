"""``ict run``: one service as a process, from configuration to drain."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from cli.run.configuration import load_to_start, refuse
from cli.run.halting import HaltRequests
from cli.run.opening import open_bus, open_store, until_stopped
from cli.settings import Settings
from cli.wiring import LAYOUTS, NotInLayout, lane_policy, make_bus, make_memory_bus, make_store, service_spec
from services.ingest.candle_source import CandleSource, SourceRefused
from shared.runtime.process.collection import quiet_collection
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.halt_request import HEADER, PATH
from shared.runtime.process.health import HealthServer
from shared.runtime.process.logs import configure
from shared.runtime.process.run import Stop, run_process
from shared.runtime.service import Service, running

log = structlog.get_logger(__name__)


def run_service(name: str, config: Sequence[Path] | None) -> None:
    """Run a service until SIGTERM. Exit 3 for a bad configuration, 2 for a service that the layout does not have."""
    try:
        settings = load_to_start(None if name == "all" else [name], config)
    except NotInLayout as error:
        refuse(str(error), Exit.USAGE)
    configure(settings.log.level, settings.log.format)
    if name == "all" and settings.mode not in ("sim", "paper"):
        refuse(f"`ict run all` is for modes sim and paper; mode {settings.mode} needs a process a service", Exit.USAGE)
    if name == "all":
        run_process("all", lambda stop: (_run_embedded if settings.mode == "sim" else _run_live_embedded)(settings, stop))
    if settings.layout == "embedded":
        refuse("layout embedded runs everything in one process: `ict run all`", Exit.USAGE)
    if name == "market":
        if settings.mode != "sim":
            refuse(f"mode {settings.mode} has a market of its own; one is played in mode sim only", Exit.USAGE)
        run_process("market", lambda stop: _run_market(settings, stop))
    run_process(name, lambda stop: _run_one(name, settings, stop))


async def _run_one(name: str, settings: Settings, stop: Stop) -> None:
    bus = make_bus(settings, name)
    store = make_store(settings)
    health = HealthServer(settings.http.host, settings.http.port)
    health.check("bus", bus.healthy)
    health.check("store", store.healthy)
    halting = HaltRequests(settings.guardian.halt_secret.get_secret_value())
    if name == "execution" and not settings.simulated and settings.guardian.halt_secret.get_secret_value():
        health.obey(PATH, HEADER, halting.obey)
    await health.start()
    try:
        async with AsyncExitStack() as started:
            async with until_stopped(stop):
                await open_bus(bus)
                await open_store(store)
                service = halting.service = Service(service_spec(name, settings), bus, store, lane_policy(settings))
                health.check("workers", service.workers_alive)
                health.show(name, settings.replica, service.overview)
                if service.spec.sources:
                    health.check("exchange", service.sources_ready)
                await started.enter_async_context(running([service], member=settings.replica))
            await _until_stop(health, stop)
    finally:
        await bus.close()
        await store.close()
        await health.stop()


async def _until_stop(health: HealthServer, stop: Stop) -> None:
    """Serve until the stop is requested; not at all if it was while the service started."""
    if not stop.is_set:
        async with quiet_collection():
            health.ready()
            await stop.wait()
    health.draining()


def _market(settings: Settings) -> CandleSource:
    """Open the market of the settings. Raises Leave with every defect of its files."""
    from cli.play.market import open_source

    try:
        return open_source(settings, {}, None, None)
    except SourceRefused as error:
        raise Leave(Exit.NEGATIVE, str(error)) from error


async def _run_market(settings: Settings, stop: Stop) -> None:
    """Mode sim: play the market to the services, which run as processes of their own."""
    from cli.play.forecast import forecast
    from cli.play.replay import play_to_services
    from simulator.recorder import Recorder

    health = HealthServer(settings.http.host, settings.http.port)
    await health.start()
    health.ready()
    source = _market(settings)
    log.info("market_began", expect=forecast(source, settings.market.speed))
    await _until_stopped(play_to_services(settings, source, Recorder(None), speed=settings.market.speed), stop)
    await health.stop()


async def _run_embedded(settings: Settings, stop: Stop) -> None:
    from cli.play.demo import play
    from cli.play.forecast import forecast
    from simulator.recorder import Recorder

    health = HealthServer(settings.http.host, settings.http.port)
    await health.start()
    health.ready()
    source = _market(settings)
    log.info("market_began", expect=forecast(source, settings.market.speed))

    def show(services: Sequence[Service]) -> None:
        for each in services:
            health.show(each.spec.name, settings.replica, each.overview)

    await _until_stopped(play(settings, source, Recorder(None), speed=settings.market.speed, on_services=show), stop)
    await health.stop()


async def _run_live_embedded(settings: Settings, stop: Stop) -> None:
    """Mode paper in one process: the live market, and every service over the in-memory bus."""
    from cli.play.demo import embedded

    settings = embedded(settings)
    bus = make_memory_bus(settings)
    store = make_store(settings)
    health = HealthServer(settings.http.host, settings.http.port)
    health.check("store", store.healthy)
    await health.start()
    try:
        async with AsyncExitStack() as started:
            async with until_stopped(stop):
                await open_bus(bus)
                await open_store(store)
                names = reversed(LAYOUTS["embedded"])  # whoever reads stands before whoever writes
                services = [Service(service_spec(name, settings), bus, store, lane_policy(settings)) for name in names]
                for service in services:
                    health.check(f"{service.spec.name} workers", service.workers_alive)
                    health.show(service.spec.name, settings.replica, service.overview)
                    if service.spec.sources:
                        health.check("exchange", service.sources_ready)
                await started.enter_async_context(running(services, bus_ends=True))
            await _until_stop(health, stop)
    finally:
        await bus.close()
        await store.close()
        await health.stop()


async def _until_stopped(playing: Coroutine[object, object, None], stop: Stop) -> None:
    """Play to the end of the market or to the stop signal, whichever comes first."""
    market = asyncio.ensure_future(playing)
    stopped = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait({market, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if market in done:
        stopped.cancel()
        await market
        log.info("market_ended")
        await stop.wait()
        return
    market.cancel()
    await asyncio.gather(market, return_exceptions=True)
