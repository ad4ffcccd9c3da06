"""The exchange's time as the core sees it: never backwards, and never standing still."""

from __future__ import annotations

import time
from collections.abc import Callable


class ExchangeTime:
    """Stamps for the core's inputs.

    measured: returns the exchange's time by the last measured offset, UTC ms; a measurement may set it back. Until it has
    caught up, time goes on at half speed, so that whatever is counted in it still comes. elapsed: monotonic seconds.
    """

    def __init__(self, measured: Callable[[], int], elapsed: Callable[[], float] = time.monotonic) -> None:
        self._measured = measured
        self._elapsed = elapsed
        self._last = 0.0
        self._at = elapsed()

    def start_at(self, stamp: int) -> None:
        """Continue from a stamp that was given out before, by this process or another."""
        self._last = max(self._last, float(stamp))

    def now(self) -> int:
        """Return the time now, UTC ms."""
        at = self._elapsed()
        slow = self._last + max(0.0, at - self._at) * 500
        self._last, self._at = max(slow, float(self._measured())), at
        return int(self._last)
