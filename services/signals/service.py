"""Wiring of signals: one lane a partition, and the newest order flow of every symbol beside it."""

from __future__ import annotations

from functools import partial

from services.signals.core import SignalsCore
from services.signals.flow import FlowSink
from services.signals.metrics import FIGURES
from services.signals.settings import SignalsSettings
from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec
from shared.runtime.sink import SinkSpec


def spec(common: CommonSettings, settings: SignalsSettings) -> ServiceSpec:
    """The lanes and sinks that this process takes."""
    partitions = common.assigned_partitions()
    return ServiceSpec(
        name="signals",
        group=f"signals:{partitions}",
        lanes=tuple(
            LaneSpec(
                name=f"signals.p{p}",
                stage="signals",
                queue=f"signals.p{p}",
                build=partial(SignalsCore, p, common.symbols_of(p), common.timeframes, settings),
                tick_ms=common.lane.tick_ms,
                show=partial(FIGURES.show, f"signals.p{p}"),
            )
            for p in partitions
        ),
        sinks=(SinkSpec(name="flow", queue="micro", build=FlowSink, max_batch=50, linger=0.0, pace=0.1),),
    )
