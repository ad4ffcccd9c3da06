"""What the signals core shows of its state."""

from __future__ import annotations

from typing import Literal

import msgspec

from services.signals.regimes.memory import RegimeReading
from shared.domain.zone_counts import ZoneCount


class PausedStrategy(msgspec.Struct, frozen=True):
    """A strategy that judges and may not signal. symbol: where; empty = in every one. by: who paused it."""

    strategy: str
    symbol: str
    by: Literal["configuration", "command"]


class SignalsOverview(msgspec.Struct, frozen=True):
    """faults: by strategy, how often it failed since the state began: reason → times. regimes: by symbol with a model.

    zones: by symbol, what hypothetical trades came to in each kill zone; empty while nothing is learnt.
    paused: strategies that may not signal in this partition.
    """

    faults: dict[str, dict[str, int]]
    regimes: dict[str, RegimeReading] = msgspec.field(default_factory=dict)
    zones: dict[str, dict[str, ZoneCount]] = msgspec.field(default_factory=dict)
    paused: tuple[PausedStrategy, ...] = ()
