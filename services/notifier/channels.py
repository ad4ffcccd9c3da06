"""Where notifications go. A channel never raises into its caller: what it cannot deliver is counted and logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from prometheus_client import Counter

from services.notifier.notification import Notification

log = structlog.get_logger(__name__)

_SENT: Final = Counter("ict_notifier_sent_total", "Notifications delivered", ["channel"])
_FAILURES: Final = Counter("ict_notifier_failures_total", "Notifications that a channel could not deliver", ["channel"])


class Channel(Protocol):
    """One way to people."""

    @property
    def name(self) -> str: ...
    async def start(self) -> None: ...
    async def send(self, notification: Notification) -> None:
        """Deliver, or count the failure; never raises."""
        ...

    async def close(self) -> None: ...


def count_sent(channel: str) -> None:
    """One notification that ``channel`` delivered."""
    _SENT.labels(channel).inc()


def count_failure(channel: str) -> None:
    """One notification that ``channel`` did not deliver."""
    _FAILURES.labels(channel).inc()


class LogChannel:
    """The process's log: always there, also when nothing else is configured."""

    name: Final = "log"

    async def start(self) -> None:
        """Nothing to open."""

    async def send(self, notification: Notification) -> None:
        log.log(_LEVEL[notification.severity], notification.text, kind=notification.kind, key=notification.key)
        count_sent(self.name)

    async def close(self) -> None:
        """Nothing to close."""


_LEVEL: Final = {"info": 20, "warning": 30, "critical": 50}


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """``attempts`` of one notification, ``pause`` seconds before the second, doubled up to ``longest_pause``.

    After ``breaker_failures`` lost in a row nothing is tried for ``breaker_seconds``; then one, once, decides.
    """

    attempts: int = 3
    pause: float = 0.5
    longest_pause: float = 5.0
    breaker_failures: int = 5
    breaker_seconds: float = 60.0
