"""Wiring of analysis: one lane a partition and timeframe, so that replicas share them and htf, mtf, ltf can run apart."""

from __future__ import annotations

from functools import partial

import structlog

from services.analysis.core import AnalysisCore
from services.analysis.cross.placement import unread_pairs
from services.analysis.settings import AnalysisSettings
from shared.config.settings import CommonSettings
from shared.domain.facts import FactKind
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec


def spec(common: CommonSettings, settings: AnalysisSettings, reads: frozenset[FactKind]) -> ServiceSpec:
    """The lanes that this process takes. ``reads``: the kinds of facts that its readers need. Pairs that cannot be read as
    it is configured are said once."""
    for note in unread_pairs(settings.cross, common):
        structlog.get_logger(__name__).warning("pair_not_read", why=note)
    published = settings.published(reads)
    partitions, timeframes = common.assigned_partitions(), common.assigned_timeframes()
    return ServiceSpec(
        name="analysis",
        group=f"analysis:{partitions}:{','.join(timeframes)}",
        lanes=tuple(
            LaneSpec(
                name=f"analysis.p{p}.{timeframe}",
                stage="analysis",
                queue=f"analysis.p{p}.{timeframe}",
                build=partial(AnalysisCore, p, timeframe, settings, published),
            )
            for p in partitions
            for timeframe in timeframes
        ),
    )
