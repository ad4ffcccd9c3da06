"""The silence watch: connected is not healthy, a frame within N seconds is (DATA-4). Pure: times are handed in, seconds."""

from __future__ import annotations

from collections.abc import Iterable


class Silence:
    """Watches several streams of one connection. Each must be heard every ``limit`` seconds, the first time from ``now``."""

    def __init__(self, streams: Iterable[str], limit: float, now: float) -> None:
        self._limit = limit
        self._heard = dict.fromkeys(streams, now)

    def heard(self, stream: str, at: float) -> None:
        """A frame of the stream arrived. Streams that are not watched are ignored."""
        if stream in self._heard:
            self._heard[stream] = at

    def overdue(self, now: float) -> tuple[str, ...]:
        """The streams that were not heard for longer than the limit, sorted."""
        return tuple(sorted(stream for stream, at in self._heard.items() if now - at > self._limit))

    def remaining(self, now: float) -> float:
        """Seconds until a stream is overdue, at least 0."""
        return max(0.0, min(self._heard.values()) + self._limit - now)
