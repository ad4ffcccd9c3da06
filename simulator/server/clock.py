"""The clock that limits, bans and listen keys live by: real time, whatever the market's time does."""

from __future__ import annotations

import time


def clock_ms() -> int:
    """UTC ms."""
    return time.time_ns() // 1_000_000
