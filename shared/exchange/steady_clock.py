"""A clock that nobody sets: for what must not move with the wall clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

_BOOT: Final = getattr(time, "CLOCK_BOOTTIME", None)

#: Returns a clock that only goes forward, ns; where the system has such a one, also while the machine sleeps. It goes on
#: while this process is stopped.
steady_ns: Final[Callable[[], int]] = time.monotonic_ns if _BOOT is None else partial(time.clock_gettime_ns, _BOOT)
#: The same in seconds.
steady: Final[Callable[[], float]] = time.monotonic if _BOOT is None else partial(time.clock_gettime, _BOOT)
