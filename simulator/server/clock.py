"""The wall clock, which rate limits, bans and listen keys use; the simulated market has a clock of its own."""

from __future__ import annotations

import time


def clock_ms() -> int:
    """Return the wall-clock time, UTC ms."""
    return time.time_ns() // 1_000_000
