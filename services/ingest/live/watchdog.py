"""The silence watchdog of one connection: healthy is not connected, but a frame of every stream within its limit (DATA-4).

Pure: times are handed in (ms of any clock that does not jump), and so is chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, Literal, TypeVar

import msgspec

from services.ingest.settings.live import BackoffSettings
from shared.domain.backoff import Backoff
from shared.domain.transitions import next_state

Stream = TypeVar("Stream")

ConnectionState = Literal[
    "connecting",  # on its way; nothing is known
    "resyncing",  # frames arrive; what was missed before is still being fetched
    "live",  # every stream speaks, nothing is missing
    "silent",  # open, and a stream has said nothing for longer than its limit: it is dropped
    "reconnecting",  # lost; waits for the next attempt
]
ConnectionEvent = Literal[
    "opened",  # the connection stands
    "resynced",  # nothing that was missed is missing any more
    "missed",  # a frame was missed on a standing connection (a gap in the book's sequence)
    "quiet",  # a stream's limit has passed without a frame
    "lost",  # refused, closed, or dropped by us
    "retry",  # the pause is over
]
#: state → event → state. docs/lifecycles.md is drawn from it.
TRANSITIONS: Final[dict[ConnectionState, dict[ConnectionEvent, ConnectionState]]] = {
    "connecting": {"opened": "resyncing", "lost": "reconnecting"},
    "resyncing": {"resynced": "live", "quiet": "silent", "lost": "reconnecting"},
    "live": {"missed": "resyncing", "quiet": "silent", "lost": "reconnecting"},
    "silent": {"lost": "reconnecting"},
    "reconnecting": {"retry": "connecting"},
}


def advance(state: ConnectionState, event: ConnectionEvent) -> ConnectionState:
    """The next state. Raises IllegalTransition if the table has no such event in this state."""
    return next_state(TRANSITIONS, "connection", state, event)


def pause_ms(attempt: int, chance: float, settings: BackoffSettings) -> int:
    """The pause before attempt number ``attempt`` (the first is 0). ``chance``: 0 to 1, of ``jitter``."""
    backoff = Backoff(settings.first_ms, settings.longest_ms, settings.jitter)
    return max(1, round(backoff.pause(attempt, chance)))


class Watched(msgspec.Struct):
    """One stream: its limit (0 = none), and when it last spoke."""

    limit: int
    heard_at: int = 0


class Watchdog(Generic[Stream]):
    """The state of one connection.

    ``limits``: stream → longest silence, ms; streams are named by whatever the caller uses.
    """

    def __init__(self, limits: Mapping[Stream, int], backoff: BackoffSettings) -> None:
        self.state: ConnectionState = "connecting"
        self._streams = {stream: Watched(limit) for stream, limit in limits.items()}
        self._backoff = backoff
        self._attempt = 0
        self._opened_at: int | None = None
        self._retry_at = 0

    @property
    def healthy(self) -> bool:
        """Every stream speaks and nothing is missing."""
        return self.state == "live"

    def opened(self, now: int) -> None:
        """The connection stands; every stream has its whole limit from here."""
        self.state = advance(self.state, "opened")
        self._opened_at = now
        for watched in self._streams.values():
            watched.heard_at = now

    def heard(self, stream: Stream, now: int) -> None:
        """A frame of this stream. Streams that were not asked for are ignored."""
        watched = self._streams.get(stream)
        if watched is not None:
            watched.heard_at = now

    def quiet(self, now: int) -> tuple[Stream, ...]:
        """The streams that have been silent for too long. With the first of them the connection is ``silent``."""
        if self.state not in ("resyncing", "live"):
            return ()
        silent = tuple(
            stream for stream, watched in self._streams.items() if watched.limit and now - watched.heard_at > watched.limit
        )
        if silent:
            self.state = advance(self.state, "quiet")
        return silent

    def resynced(self) -> None:
        """Nothing that was missed is missing any more."""
        if self.state == "resyncing":
            self.state = advance(self.state, "resynced")

    def missed(self) -> None:
        """A frame was missed although the connection stands."""
        if self.state == "live":
            self.state = advance(self.state, "missed")

    def lost(self, now: int, chance: float) -> int:
        """It is over; returns the pause before the next attempt, ms. Only a connection that stood for long begins afresh."""
        if self._opened_at is not None and now - self._opened_at >= self._backoff.settled_ms:
            self._attempt = 0
        self.state = advance(self.state, "lost")
        self._opened_at = None
        pause = pause_ms(self._attempt, chance, self._backoff)
        self._attempt += 1
        self._retry_at = now + pause
        return pause

    def retry(self) -> None:
        """The pause is over."""
        self.state = advance(self.state, "retry")
