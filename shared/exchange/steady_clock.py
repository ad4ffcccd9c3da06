"""A clock that nobody sets: for what must not move with the wall clock."""

from __future__ import annotations

import time


def steady_ns() -> int:
    """Return a clock that only goes forward, ns; where the system has such a one, also while the machine sleeps.

    It goes on while this process is stopped.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if boot is None else time.clock_gettime_ns(boot)


def steady() -> float:
    """Return ``steady_ns`` in seconds."""
    return steady_ns() / 1e9
