"""What the signals core shows of its state."""

from __future__ import annotations

import msgspec


class SignalsOverview(msgspec.Struct, frozen=True):
    """faults: by strategy, how often it failed since the state began: reason → times."""

    faults: dict[str, dict[str, int]]
