"""The composition root: services, bus and store from the settings. No other module of cli/ builds a bus or a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cli.run import fused
from cli.settings import Settings
from services.analysis import service as analysis
from services.execution import service as execution
from services.gateway import service as gateway
from services.ingest import service as ingest
from services.journal import service as journal
from services.notifier import service as notifier
from services.risk import service as risk
from services.signals import service as signals
from services.signals.strategies import reads
from shared.bus.memory.bus import MemoryBus
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import Layout, Topology, build
from shared.runtime.lane.spec import LanePolicy
from shared.runtime.service import ServiceSpec
from shared.store import open as stores
from shared.store.port import StateStore
from simulator import service as simulator

_SPECS: Final[dict[str, Callable[[Settings], ServiceSpec]]] = {
    "ingest": lambda settings: ingest.spec(settings, settings.ingest),
    "analysis": lambda settings: analysis.spec(settings, settings.analysis, reads(settings.signals)),
    "signals": lambda settings: signals.spec(settings, settings.signals),
    "risk": lambda settings: risk.spec(settings, settings.risk),
    "engine": fused.spec,
    "execution": lambda settings: execution.spec(settings, settings.execution),
    "gateway": lambda settings: gateway.spec(settings, settings.gateway),
    "journal": lambda settings: journal.spec(settings, settings.journal),
    "notifier": lambda settings: notifier.spec(settings, settings.notifier),
    "simulator": lambda settings: simulator.spec(settings, settings.simulator),
}

#: Services of each layout, in the order in which a candle passes them. Beside them runs the simulator (modes sim and paper)
#: or the gateway (testnet, live), which answer for the exchange.
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
    """Name every service of the configured layout, and the one that answers for the exchange in the configured mode."""
    return (*LAYOUTS[settings.layout], "simulator" if settings.mode in ("sim", "paper") else "gateway")


def require_service(name: str, settings: Settings) -> None:
    """Raise NotInLayout unless the configured layout and mode have a service of this name."""
    allowed = services_of(settings)
    if name not in allowed:
        raise NotInLayout(
            f"layout {settings.layout} has no service {name!r} in mode {settings.mode}; it has: {', '.join(allowed)}"
        )


def topology(settings: Settings) -> Topology:
    """Build the table of queues and exchanges of this configuration."""
    return build(settings.layout, settings.partitions.count, settings.timeframes, settings.namespace, settings.mode)


def make_bus(settings: Settings, name: str) -> RabbitBus:
    """Build the connection of one process to RabbitMQ, not yet started; the broker lists it under ``name``."""
    return RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name=name)


def make_memory_bus(settings: Settings) -> MemoryBus:
    """Build the bus of the embedded layout, which stays in this process."""
    return MemoryBus(topology(settings))


def make_store(settings: Settings) -> StateStore:
    """Build the store of the lanes' state, not yet started."""
    return stores.make_store(settings.store.url.get_secret_value(), settings.namespace)


def lane_policy(settings: Settings) -> LanePolicy:
    """Read from the settings how lanes write their state."""
    return LanePolicy(
        snapshot_every=settings.lane.snapshot_every,
        commit_linger=settings.lane.commit_linger_ms / 1000,
        dedupe_window=settings.lane.dedupe_window,
        allow_reset=settings.mode == "sim",
    )
