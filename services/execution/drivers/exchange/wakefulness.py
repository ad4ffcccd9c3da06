"""Notices that this process was frozen: what it then wants to send may be long decided by its successor."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from services.execution.drivers.exchange.metrics import FROZEN
from shared.exchange.steady_clock import steady

log = structlog.get_logger(__name__)


class Wakefulness:
    """deadline: seconds without a turn of the event loop, after which only stops leave until the account is read again.

    It is shorter than the time after which a standby takes the lease over. elapsed: monotonic seconds, which go on while a
    process is stopped. leads: False while another may have the lease, because it could not be renewed: the same holds then.
    """

    def __init__(
        self,
        deadline: float,
        elapsed: Callable[[], float] = steady,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._deadline = deadline
        self._elapsed = elapsed
        self._leads = leads
        self._led = True
        self._at = elapsed()
        self._stale_since = 0
        self._unsaid = False
        self._unread = False
        self.times = 0

    def look(self, now: int) -> bool:
        """Return True if it slept too long, and has not read the account since. Call it in every turn. now: UTC ms."""
        at = self._elapsed()
        slept, self._at = at - self._at, at
        if slept > self._deadline:
            self._stale_since = now
            self._unsaid = True
            self.times += 1
            FROZEN.inc()
            log.warning("process_was_frozen", seconds=round(slept, 3))
        elif self._led and not self._leads():
            self._stale_since = now
            self._unread = True
            log.warning("lease_uncertain")
        self._led = self._leads()
        return self._stale_since > 0

    def woke(self) -> bool:
        """Return True once after each time that it slept too long."""
        unsaid, self._unsaid = self._unsaid, False
        return unsaid

    def must_read(self) -> bool:
        """Return True once after each time that the lease became uncertain: the account is to be read now."""
        unread, self._unread = self._unread, False
        return unread

    def stated(self, asked_at: int) -> None:
        """The account was read; asked_at: when it was asked for, UTC ms."""
        if self._stale_since and asked_at >= self._stale_since:
            self._stale_since = 0
