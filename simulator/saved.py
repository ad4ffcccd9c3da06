"""What snapshots hold of the simulated exchange behind a lane, and of that lane."""

from __future__ import annotations

import msgspec

from services.execution.inputs import TIERS_EVERY_MS
from simulator.core.state.snapshot import ExchangeSnapshot


class MatchingState(msgspec.Struct):
    """What a snapshot holds.

    stepped_until: close time of the last market step, -1 before the first. priced_at: symbol → close time of its last
    candle. skipped: number of candles ignored, by symbol. tiers_told_at: of the last statement that had the margin tiers.
    Times in UTC ms.
    """

    core: ExchangeSnapshot
    stepped_until: int
    priced_at: dict[str, int]
    skipped: dict[str, int]
    tiers_told_at: int = -TIERS_EVERY_MS


class LaneState(msgspec.Struct):
    """What a snapshot holds. now: time of the last input; stated_at: of the last statement; both UTC ms."""

    core: bytes
    exchange: bytes
    now: int
    stated_at: int
