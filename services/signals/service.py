"""Wiring of signals: one lane a partition, and the newest order flow of every symbol beside it."""

from __future__ import annotations

from functools import partial

from services.signals.core import SignalsCore
from services.signals.flow import FlowSink
from services.signals.metrics import FIGURES
from services.signals.pauses import Operator
from services.signals.settings import SignalsSettings
from services.signals.stopwatch import Stopwatch
from shared.config.settings import CommonSettings
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec
from shared.runtime.sink import SinkSpec


def operator(common: CommonSettings) -> Operator:
    """Whose commands the lanes obey. Raises ValueError if the operator's public key must be set and is not."""
    return Operator(common.command_judge(), common.partition_of)


def stopwatch(settings: SignalsSettings) -> Stopwatch:
    """What measures the strategies of this process, for its metrics and alerts."""
    return Stopwatch(settings.slow_ms, FIGURES.timing)


def spec(common: CommonSettings, settings: SignalsSettings) -> ServiceSpec:
    """The lanes and sinks that this process takes."""
    partitions, whose = common.assigned_partitions(), operator(common)
    timer = stopwatch(settings)
    return ServiceSpec(
        name="signals",
        group=f"signals:{partitions}",
        lanes=tuple(
            LaneSpec(
                name=f"signals.p{p}",
                stage="signals",
                queue=f"signals.p{p}",
                commands=f"signals.p{p}.commands",
                build=partial(
                    SignalsCore, p, common.symbols_of(p), common.timeframes, settings, operator=whose, ask=timer.ask
                ),
                tick_ms=common.lane.tick_ms,
                show=partial(FIGURES.show, f"signals.p{p}"),
            )
            for p in partitions
        ),
        sinks=(SinkSpec(name="flow", queue="micro", build=FlowSink, max_batch=50, linger=0.0, pace=0.1),),
        watches=(timer.tell,),
    )
