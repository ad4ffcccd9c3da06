"""A clock that nobody sets: for what must not move with the wall clock."""

from __future__ import annotations

import time


def steady() -> float:
    """Return seconds of a clock that only goes forward and, where the system has such a one, while the machine sleeps.

    It also goes on while this process is stopped.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
