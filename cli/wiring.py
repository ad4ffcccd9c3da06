"""The composition root: services, bus and store from the settings. No other module of cli/ builds a bus or a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cli.settings import Settings
from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Layout, Topology, build
from shared.runtime.lane.spec import LanePolicy
from shared.runtime.service import ServiceSpec
from shared.store import open as stores
from shared.store.port import StateStore

if TYPE_CHECKING:
    from shared.bus.rabbitmq.bus import RabbitBus

# Each imports its own service: a process that runs one neither waits for the others' libraries nor keeps them in memory.


def _ingest(settings: Settings) -> ServiceSpec:
    from services.ingest import service

    return service.spec(settings, settings.ingest)


def _analysis(settings: Settings) -> ServiceSpec:
    from services.analysis import service

    return service.spec(settings, settings.analysis, settings.signals.reads())


def _signals(settings: Settings) -> ServiceSpec:
    from services.signals import service

    return service.spec(settings, settings.signals)


def _risk(settings: Settings) -> ServiceSpec:
    from services.risk import service

    return service.spec(settings, settings.risk)


def _engine(settings: Settings) -> ServiceSpec:
    from cli.run import fused

    return fused.spec(settings)


def _execution(settings: Settings) -> ServiceSpec:
    if settings.mode in ("sim", "paper"):
        from simulator import execution_service

        return execution_service.spec(settings, settings.execution, settings.simulator)
    from services.execution import service

    return service.spec(settings, settings.execution)


def _journal(settings: Settings) -> ServiceSpec:
    from services.journal import service

    return service.spec(settings, settings.journal)


def _notifier(settings: Settings) -> ServiceSpec:
    from services.notifier import service

    return service.spec(settings, settings.notifier)


_SPECS: Final[dict[str, Callable[[Settings], ServiceSpec]]] = {
    "ingest": _ingest,
    "analysis": _analysis,
    "signals": _signals,
    "risk": _risk,
    "engine": _engine,
    "execution": _execution,
    "journal": _journal,
    "notifier": _notifier,
}

#: Services of each layout, in the order in which a candle passes them.
LAYOUTS: Final[dict[Layout, tuple[str, ...]]] = {
    "split": ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier"),
    "fused": ("ingest", "engine", "execution", "journal", "notifier"),
    "embedded": ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier"),
}


class NotInLayout(Exception):
    """The configured layout has no such service; the text lists those that it has."""


def service_spec(name: str, settings: Settings) -> ServiceSpec:
    """Build the parts of the named service: lanes, sources and sinks. Raises NotInLayout."""
    require_service(name, settings)
    return _SPECS[name](settings)


def services_of(settings: Settings) -> tuple[str, ...]:
    """Name every service of the configured layout."""
    return LAYOUTS[settings.layout]


def require_service(name: str, settings: Settings) -> None:
    """Raise NotInLayout unless the configured layout and mode have a service of this name."""
    allowed = services_of(settings)
    if name not in allowed:
        raise NotInLayout(f"layout {settings.layout} has no service {name!r}; it has: {', '.join(allowed)}")


def topology(settings: Settings) -> Topology:
    """Build the table of queues and exchanges of this configuration."""
    return build(settings.layout, settings.partitions.count, settings.timeframes, settings.namespace, settings.mode)


def make_bus(settings: Settings, name: str) -> RabbitBus:
    """Build the connection of one process to RabbitMQ, not yet started; the broker lists it under ``name``."""
    from shared.bus.rabbitmq.bus import RabbitBus  # the embedded layout has none

    return RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name=name)


def make_memory_bus(settings: Settings, *, codec: bool = False) -> MemoryBus:
    """Build the bus of the embedded layout, which stays in this process. codec: encode and decode as on a wire."""
    return MemoryBus(topology(settings), codec=codec)


def make_store(settings: Settings) -> StateStore:
    """Build the store of the lanes' state, not yet started."""
    return stores.make_store(settings.store.url.get_secret_value(), settings.state_name())


def lane_policy(settings: Settings) -> LanePolicy:
    """Read from the settings how lanes write their state, and whose time they live in."""
    return LanePolicy(
        snapshot_every=settings.lane.snapshot_every,
        commit_linger=settings.lane.commit_linger_ms / 1000,
        dedupe_window=settings.lane.dedupe_window,
        allow_reset=settings.mode == "sim",
        clock="player" if settings.mode == "sim" else "own",
    )
