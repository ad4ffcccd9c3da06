"""The webhook: notifications as JSON to one address, with retries and a breaker. Loaded only where one is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec
import structlog
from prometheus_client import Counter

from services.notifier.channels import WebhookPolicy, count_failure, count_sent
from services.notifier.notification import Notification
from shared.domain.backoff import Backoff

log = structlog.get_logger(__name__)

_BREAKER: Final = Counter("ict_notifier_breaker_opened_total", "Times a channel was given up for a while", ["channel"])
#: Answers after which the same request may succeed: too early, too many, the server's own trouble.
_RETRY_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class WebhookChannel:
    """POSTs JSON to ``url``; ``timeout`` in seconds. Raises ValueError for a url that is not http(s).

    The body has ``kind``, ``severity``, ``key``, ``time`` and the text, as ``text`` (Slack, Mattermost) and ``content``
    (Discord). The url is a secret, as a rule: it stands in no log.
    """

    name: Final = "webhook"

    def __init__(
        self,
        url: str,
        timeout: float,
        policy: WebhookPolicy | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("a webhook's url must begin with http:// or https://")
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._policy = policy or WebhookPolicy()
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._session: aiohttp.ClientSession | None = None
        self._lost_in_a_row = 0
        self._open_until: float | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def send(self, notification: Notification) -> None:
        attempts = self._policy.attempts
        if self._open_until is not None:
            if self._clock() < self._open_until:
                count_failure(self.name)
                return
            attempts = 1
        trouble = await self._deliver(notification, attempts)
        if trouble is None:
            self._lost_in_a_row, self._open_until = 0, None
            count_sent(self.name)
            return
        count_failure(self.name)
        log.warning("notification_lost", channel=self.name, key=notification.key, reason=trouble)
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= self._policy.breaker_failures:
            self._open_until = self._clock() + self._policy.breaker_seconds
            _BREAKER.labels(self.name).inc()
            log.warning("channel_suspended", channel=self.name, seconds=self._policy.breaker_seconds)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, notification: Notification, attempts: int) -> str | None:
        """None when delivered, else what stood against it the last time."""
        body = {**msgspec.structs.asdict(notification), "content": notification.text}
        pauses = Backoff(self._policy.pause, self._policy.longest_pause).pauses()
        for attempt in range(1, attempts + 1):
            trouble, again, wait = await self._post(body)
            if trouble is None or not again or attempt == attempts:
                return trouble
            await asyncio.sleep(min(max(next(pauses), wait), self._policy.longest_pause))
        raise AssertionError("a policy has at least one attempt")

    async def _post(self, body: dict[str, object]) -> tuple[str | None, bool, float]:
        """What went wrong, whether another try may help, and how long the server asks to wait (seconds)."""
        if self._session is None:
            return "the channel is not started", False, 0.0
        try:
            # a redirect would carry the text to an address that nobody configured
            async with self._session.post(self._url, json=body, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return None, False, 0.0
                return f"HTTP {response.status}", response.status in _RETRY_STATUS, _retry_after(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__, True, 0.0  # the type only: the text may hold the url


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds that the server asks for; 0 when it does not, or names a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
