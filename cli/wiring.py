"""The composition root: from settings to services, bus and store. Nothing else constructs these."""

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
from shared.bus.topology import Layout, Topology, build
from shared.runtime.lane.lane import LanePolicy
from shared.runtime.service import ServiceSpec
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

#: Services of each layout, in the order in which a candle meets them; beside them simulator or gateway, the exchange.
LAYOUTS: Final[dict[Layout, tuple[str, ...]]] = {
    "split": ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier"),
    "fused": ("ingest", "engine", "execution", "journal", "notifier"),
    "embedded": ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier"),
}


class NotInLayout(Exception):
    """The service is not one of the configured layout's; the text lists those that are."""


def service_spec(name: str, settings: Settings) -> ServiceSpec:
    """What the named service is made of. Raises NotInLayout."""
    behind_the_port = "simulator" if settings.mode in ("sim", "paper") else "gateway"
    allowed = (*LAYOUTS[settings.layout], behind_the_port)
    if name not in allowed:
        raise NotInLayout(f"layout {settings.layout} has no service {name!r}; it has: {', '.join(allowed)}")
    return _SPECS[name](settings)


def topology(settings: Settings) -> Topology:
    """The broker table of this configuration."""
    return build(settings.layout, settings.partitions.count, settings.timeframes, settings.namespace, settings.mode)


def lane_policy(settings: Settings) -> LanePolicy:
    """How lanes write, as configured."""
    return LanePolicy(
        snapshot_every=settings.lane.snapshot_every,
        commit_linger=settings.lane.commit_linger_ms / 1000,
        dedupe_window=settings.lane.dedupe_window,
        allow_reset=settings.mode == "sim",
    )
