"""The exchange's time as the core sees it: never backwards, never standing still, never more than twice as fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from shared.exchange.steady_clock import steady

#: Bounds of the speed while the stamps lag behind a measurement, or are ahead of one.
_SLOWEST: Final = 0.5
_FASTEST: Final = 2.0


class ExchangeTime:
    """Stamps for the core's inputs.

    measured: returns the exchange's time by the last measurement, UTC ms; one may set it back or forward. Until that is made
    up for, time goes on at half or double speed: what is counted in it still comes, and one wrong measurement neither ends
    what has an end nor stays in the state. elapsed: monotonic seconds.
    """

    def __init__(self, measured: Callable[[], int], elapsed: Callable[[], float] = steady) -> None:
        self._measured = measured
        self._elapsed = elapsed
        self._last = 0.0
        self._at: float | None = None

    def start_at(self, stamp: int) -> None:
        """Continue from a stamp that was given out before, by this process or another."""
        self._last = max(self._last, float(stamp))

    def now(self) -> int:
        """Return the time now, UTC ms. The first one is as measured."""
        at, measured = self._elapsed(), float(self._measured())
        if self._at is None:
            self._last = max(self._last, measured)
        else:
            passed = max(0.0, at - self._at) * 1000
            self._last = min(max(measured, self._last + passed * _SLOWEST), self._last + passed * _FASTEST)
        self._at = at
        return int(self._last)
