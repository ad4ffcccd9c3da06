"""Admits calls by the rules of ``windows``, over a count that all processes share in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
import structlog
from prometheus_client import Counter

from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import (
    DEFAULT_LIMITS,
    Admission,
    Cost,
    Limit,
    Urgency,
    Usage,
    admit,
    closed,
    counts_of,
    told,
)
from shared.store.port import Cell, StateStore, StoreError

T = TypeVar("T")
log = structlog.get_logger(__name__)

_WAITS: Final = Counter("ict_exchange_limit_waits_total", "Calls that waited for a rate limit", ["urgency"])
_ALONE: Final = Counter(
    "ict_exchange_limit_alone_total",
    "Calls counted by this process alone because the store with the shared rate limits did not answer",
)
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Usage)


class Throttled(Exception):
    """Raised when a call would have to wait longer than its urgency allows; nothing was sent.

    seconds: how long until the limits would admit it.
    """

    def __init__(self, seconds: float, urgency: Urgency) -> None:
        super().__init__(f"over the exchange's rate limits for another {seconds:.1f} s ({urgency}); nothing was sent")
        self.seconds = seconds


class RateLimiter:
    """Rate limiter of one exchange for one IP and account.

    store: holds the shared count; None = this process counts alone.
    name: name of the cell in the store. now: returns ms of the exchange's clock.

    If the store does not answer within ``store_timeout_s``, calls are admitted by this process's own count, so that a stop
    never waits for the store.
    """

    def __init__(
        self,
        store: StateStore | None,
        name: str,
        now: Callable[[], int],
        settings: LimiterSettings,
        limits: Sequence[Limit] = DEFAULT_LIMITS,
    ) -> None:
        self._store = store
        self._name = name
        self._now = now
        self._settings = settings
        self._shares = settings.shares()
        self._limits = tuple(limits)
        self._version = 0
        self._usage = Usage()

    async def admit(self, cost: Cost, urgency: Urgency) -> None:
        """Wait until the limits admit the call, and count it.

        Raises Throttled, with nothing counted, if it would wait longer than the settings allow for its urgency.
        """
        patience = self._settings.patience(urgency)
        waited = 0.0
        while True:
            wait = await self._update(lambda usage: self._decide(usage, cost, urgency))
            if not wait:
                return
            seconds = wait / 1000
            if waited + seconds > patience:
                raise Throttled(seconds, urgency)
            _WAITS.labels(urgency).inc()
            waited += seconds
            await asyncio.sleep(seconds)

    async def heard(self, headers: Mapping[str, str]) -> None:
        """Raise our counts to those in the headers of an answer, where the exchange's are higher."""
        counts = counts_of(headers)
        if told(self._usage, self._limits, counts, self._now()) is not self._usage:
            await self._update(lambda usage: Admission(told(usage, self._limits, counts, self._now()), 0))

    async def close_for(self, ms: int) -> None:
        """Admit no call of any process that shares this limiter for ``ms``, because the exchange asked for a pause."""
        until = self._now() + ms
        await self._update(lambda usage: Admission(closed(usage, until), 0))
        log.warning("rate_limit_pause", seconds=ms / 1000)

    @property
    def usage(self) -> Usage:
        """The shared counts as this process last read or wrote them."""
        return self._usage

    def _decide(self, usage: Usage, cost: Cost, urgency: Urgency) -> Admission:
        return admit(usage, self._limits, cost, urgency, self._shares, self._now())

    async def _update(self, change: Callable[[Usage], Admission]) -> int:
        """Apply ``change`` to the shared usage, or to our own copy if the store does not answer; return the wait, ms."""
        if self._store is not None:
            try:
                async with asyncio.timeout(self._settings.store_timeout_s):
                    return await self._update_shared(self._store, change)
            except (TimeoutError, StoreError) as error:
                _ALONE.inc()
                log.warning("rate_limits_not_shared", error=str(error) or "the store is slow")
        admission = change(self._usage)
        self._usage = admission.usage
        return admission.wait_ms

    async def _update_shared(self, store: StateStore, change: Callable[[Usage], Admission]) -> int:
        """Apply ``change`` by compare-and-swap, first to the usage read last; return the wait, ms.

        While no other process writes, this costs one round trip to the store.
        """
        while True:
            admission = change(self._usage)
            if admission.usage is self._usage:
                if await self._is_current(store):
                    return admission.wait_ms
            elif await store.swap(self._name, self._version, _ENCODER.encode(admission.usage)):
                self._version += 1
                self._usage = admission.usage
                return admission.wait_ms
            else:
                self._take(await store.read(self._name))

    async def _is_current(self, store: StateStore) -> bool:
        """Check that our copy is the store's newest, and take the store's if not.

        A call must not wait because of an old copy: another process may have moved to a new window.
        """
        cell = await store.read(self._name)
        if cell.version == self._version:
            return True
        self._take(cell)
        return False

    def _take(self, cell: Cell) -> None:
        self._version = cell.version
        self._usage = _DECODER.decode(cell.value) if cell.value is not None else Usage()
