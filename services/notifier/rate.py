"""The token bucket: bursts are let through, a flood is not, and critical ones have a reserve."""

from __future__ import annotations

from typing import Final

import msgspec

_MINUTE: Final = 60_000  # milliseconds


class Bucket(msgspec.Struct):
    """``tokens`` as of ``filled_at`` (ms); starts full."""

    tokens: float
    filled_at: int = 0

    def refill(self, now: int, per_minute: float, burst: int) -> None:
        """Time only moves on; never more than ``burst`` tokens."""
        if now > self.filled_at:
            self.tokens = min(float(burst), self.tokens + (now - self.filled_at) * per_minute / _MINUTE)
            self.filled_at = now

    def take(self, reserve: int) -> bool:
        """Take one token, leaving at least ``reserve``; False when there is none to take."""
        if self.tokens < reserve + 1:
            return False
        self.tokens -= 1
        return True
