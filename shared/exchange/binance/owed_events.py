"""Notices a user stream that says nothing of orders that the exchange has accepted. Pure; times are seconds of one clock.

A user stream has no cadence: a quiet account is silent for hours. But every accepted order and every cancel must show on it.
"""

from __future__ import annotations


class OwedEvents:
    """What the open user stream owes: an event for each order call that was accepted while it was open."""

    def __init__(self) -> None:
        self._opened_at: float | None = None
        self._heard_at: float | None = None
        self._owed_since: float | None = None

    @property
    def heard(self) -> bool:
        """True if an event came since the stream was opened."""
        return self._heard_at is not None

    def opened(self, now: float) -> None:
        """A stream is open; what was owed by the one before is read by REST."""
        self._opened_at, self._heard_at, self._owed_since = now, None, None

    def closed(self) -> None:
        """No stream is open, so none owes anything."""
        self._opened_at = self._owed_since = None

    def came(self, now: float) -> None:
        """An event came: the stream delivers."""
        self._heard_at, self._owed_since = now, None

    def accepted(self, sent_at: float, now: float) -> None:
        """An order call that began at ``sent_at`` was accepted. Its event may have come before the answer."""
        if self._opened_at is None or sent_at < self._opened_at:
            return
        if self._owed_since is None and (self._heard_at is None or self._heard_at < sent_at):
            self._owed_since = now

    def overdue(self, now: float, limit: float) -> bool:
        """Return True if an event has been owed for longer than ``limit`` seconds."""
        return self._owed_since is not None and now - self._owed_since > limit
