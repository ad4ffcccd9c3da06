"""Computes growing pauses between attempts. Pure: the caller sleeps, and passes in random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

#: 2 to this power is beyond every longest pause; a larger exponent would only make large numbers.
_MAX_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from ``first`` up to ``longest``, in one unit of the caller's choice (seconds, ms).

    jitter: the share of a pause that chance may take away, 0 to 1; with it, clients that lost the same server do not all
        come back at the same instant.
    """

    first: float = 0.05
    longest: float = 2.0
    jitter: float = 0.0

    def pause(self, attempt: int, chance: float = 0.0) -> float:
        """Return the pause after attempt number ``attempt``, counted from 0.

        ``chance``: a random number, 0 to 1; 0 = the whole pause.
        """
        whole = min(self.longest, self.first * 2.0 ** min(attempt, _MAX_DOUBLINGS))
        return whole * (1.0 - self.jitter * chance)

    def pauses(self, chance: Callable[[], float] = lambda: 0.0) -> Iterator[float]:
        """Yield the pauses of one series of attempts, without end. ``chance`` is called for each."""
        attempt = 0
        while True:
            yield self.pause(attempt, chance())
            attempt += 1
