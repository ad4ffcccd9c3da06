"""What the signals core shows of its state."""

from __future__ import annotations

import msgspec

from services.signals.regimes.memory import RegimeReading


class SignalsOverview(msgspec.Struct, frozen=True):
    """faults: by strategy, how often it failed since the state began: reason → times. regimes: by symbol with a model."""

    faults: dict[str, dict[str, int]]
    regimes: dict[str, RegimeReading] = msgspec.field(default_factory=dict)
