"""Wiring of ingest: one lane a partition."""

from __future__ import annotations

from functools import partial

from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from shared.runtime.common import CommonSettings
from shared.runtime.lane import LaneSpec
from shared.runtime.service import ServiceSpec


def spec(common: CommonSettings, settings: IngestSettings) -> ServiceSpec:
    """The lanes that this process takes."""
    partitions = common.taken_partitions()
    return ServiceSpec(
        name="ingest",
        group=f"ingest:{partitions}",
        lanes=tuple(
            LaneSpec(
                name=f"ingest.p{p}",
                stage="ingest",
                queue=f"ingest.p{p}",
                build=partial(IngestCore, p, common.symbols_of(p), common.timeframes, settings),
            )
            for p in partitions
        ),
    )
