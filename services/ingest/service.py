"""Wiring of ingest: one lane a partition, and where the market is live one feed a partition."""

from __future__ import annotations

import random
from functools import partial
from typing import Final

from services.ingest.core import IngestCore
from services.ingest.live.feed import Feed
from services.ingest.settings import IngestSettings
from shared.bus.port import Bus
from shared.config.settings import CommonSettings
from shared.domain.modes import Mode
from shared.exchange.open import make_exchange
from shared.exchange.settings import Endpoint
from shared.runtime.lane.spec import LaneSpec
from shared.runtime.service import ServiceSpec
from shared.runtime.source import SourceSpec
from shared.store.port import StateStore

#: Where the live market of a mode is. Mode sim has none: its replay driver feeds the lanes.
ENDPOINTS: Final[dict[Mode, Endpoint]] = {"paper": "mainnet", "testnet": "demo", "live": "mainnet"}


def spec(common: CommonSettings, settings: IngestSettings) -> ServiceSpec:
    """The lanes, and the feeds, that this process takes."""
    partitions = common.assigned_partitions()
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
        sources=tuple(
            SourceSpec(f"feed.p{p}", partial(_feed, p, common, settings, ENDPOINTS[common.mode]))
            for p in (partitions if common.mode != "sim" else ())
        ),
    )


def _feed(
    partition: int, common: CommonSettings, settings: IngestSettings, endpoint: Endpoint, bus: Bus, store: StateStore | None
) -> Feed:
    return Feed(
        partition,
        common.symbols_of(partition),
        common.timeframes,
        settings.live,
        bus,
        partial(make_exchange, endpoint, common.exchange, store, "rest"),
        max_gap_minutes=settings.max_gap_minutes,
        chance=random.random,
    )
