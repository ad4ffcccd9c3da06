"""Detects streams that are connected but send nothing. Pure: the caller passes in all times, in seconds."""

from __future__ import annotations

from collections.abc import Iterable


class Silence:
    """Time of the last frame of each stream of one connection.

    A stream is overdue once more than ``limit`` seconds have passed without a frame of it. ``now`` is the time from which
    the first frame is awaited.
    """

    def __init__(self, streams: Iterable[str], limit: float, now: float) -> None:
        self._limit = limit
        self._heard = dict.fromkeys(streams, now)

    def heard(self, stream: str, at: float) -> None:
        """Record that a frame of ``stream`` arrived at ``at``. Streams that are not watched are ignored."""
        if stream in self._heard:
            self._heard[stream] = at

    def overdue(self, now: float) -> tuple[str, ...]:
        """Return the streams that have been silent for longer than the limit, sorted by name."""
        return tuple(sorted(stream for stream, at in self._heard.items() if now - at > self._limit))

    def remaining(self, now: float) -> float:
        """Return the seconds until the next stream reaches its limit, at least 0."""
        return max(0.0, min(self._heard.values()) + self._limit - now)
