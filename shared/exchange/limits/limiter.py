"""Admits calls by the rules of ``windows``, over a count that all processes share in the store.

Far from the limits, an order is counted by this process's own copy, and its units follow to the store in the background
(``unshared`` says why that is safe). Close to them, and for a call that places no order, the store is asked first. So a
pause that another process was told stops all other calls at once; of orders, one burst may leave before it is heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
import structlog
from prometheus_client import Counter

from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.unshared import far, is_empty, joined, of_now, without
from shared.exchange.limits.windows import (
    DEFAULT_LIMITS,
    Admission,
    Cost,
    Limit,
    Urgency,
    Usage,
    admit,
    closed,
    counted,
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
#: Seconds for which a store that did not answer is not asked again.
_ALONE_FOR_S: Final = 2.0
#: Seconds for which units wait for more before they are brought to the store: the orders of a burst leave first, and are
#: one write.
_GATHER_S: Final = 0.005
#: Seconds after which our copy is too old to count by.
_FRESH_S: Final = 10.0
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

    If the store does not answer within ``store_timeout_s``, this and the next calls are admitted by this process's own
    count, so that a stop does not wait for the store; it is asked again after a while, and told what it has missed.
    Await ``close`` before the store is closed.
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
        self._shared = Usage()
        self._untold = Usage()
        self._known_at: float | None = None
        self._alone_until = 0.0
        self._turn = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None

    async def admit(self, cost: Cost, urgency: Urgency) -> None:
        """Wait until the limits admit the call, and count it.

        Raises Throttled, with nothing counted, if it would wait longer than the settings allow for its urgency.
        """
        if self._is_far(cost, urgency):
            self._count(cost)
            return
        patience = self._settings.patience(urgency)
        waited = 0.0
        while True:
            wait = await self._update(lambda usage: self._decide(usage, cost, urgency))
            if wait is None:
                wait = self._decide(self.usage, cost, urgency).wait_ms
                if not wait:
                    self._count(cost)
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
        counts, usage = counts_of(headers), self.usage
        if told(usage, self._limits, counts, self._now()) is usage:
            return
        if await self._update(lambda usage: Admission(told(usage, self._limits, counts, self._now()), 0)) is None:
            self._shared = told(self._shared, self._limits, counts, self._now())

    async def close_for(self, ms: int) -> None:
        """Admit no call of any process that shares this limiter for ``ms``, because the exchange asked for a pause."""
        self._untold = closed(self._untold, self._now() + ms)  # for this process at once, also while the store is asked
        if await self._update(lambda usage: Admission(usage, 0)) is None:
            self._tell_soon()
        log.warning("rate_limit_pause", seconds=ms / 1000)

    @property
    def usage(self) -> Usage:
        """The shared counts as this process last read or wrote them, and what it has counted since."""
        return joined(self._shared, self._untold)

    async def close(self) -> None:
        """End the background task, and bring what it has not brought yet to the store."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        if not is_empty(self._untold):
            await self._update(lambda usage: Admission(usage, 0))

    def _is_far(self, cost: Cost, urgency: Urgency) -> bool:
        fresh = self._known_at is not None and asyncio.get_running_loop().time() - self._known_at <= _FRESH_S
        if not fresh or not cost.places:
            return False
        return far(self.usage, self._untold, self._limits, cost, self._shares[urgency], self._now())

    def _decide(self, usage: Usage, cost: Cost, urgency: Urgency) -> Admission:
        return admit(usage, self._limits, cost, urgency, self._shares, self._now())

    # -- what the store does not know yet -----------------------------------------------------------------------------

    def _count(self, cost: Cost) -> None:
        self._untold = counted(of_now(self._untold, self._limits, self._now()), self._limits, cost, self._now())
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._store is not None and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell(), name="rate limits to the store")

    async def _tell(self) -> None:
        """Bring what is untold to the store, until nothing is."""
        loop = asyncio.get_running_loop()
        while not is_empty(self._untold):
            await asyncio.sleep(max(_GATHER_S, self._alone_until - loop.time()))
            await self._update(lambda usage: Admission(usage, 0))

    # -- the store ----------------------------------------------------------------------------------------------------

    async def _update(self, change: Callable[[Usage], Admission]) -> int | None:
        """Apply ``change`` to the shared usage, and bring what is untold; return the wait, ms.

        None = the store does not answer, or there is none: the caller decides by our own copy.
        """
        loop = asyncio.get_running_loop()
        self._untold = of_now(self._untold, self._limits, self._now())
        if self._store is None or loop.time() < self._alone_until:
            return None
        try:
            async with asyncio.timeout(self._settings.store_timeout_s), self._turn:
                wait = await self._update_shared(self._store, change)
        except (TimeoutError, StoreError) as error:
            _ALONE.inc()
            self._alone_until = loop.time() + _ALONE_FOR_S
            log.warning("rate_limits_not_shared", error=str(error) or "the store is slow")
            return None
        self._known_at = loop.time()
        return wait

    async def _update_shared(self, store: StateStore, change: Callable[[Usage], Admission]) -> int:
        """Apply ``change`` by compare-and-swap, first to the usage read last; return the wait, ms.

        While no other process writes, this costs one round trip to the store. Nothing is lost when another one does: what
        is untold stays so until a swap with it has succeeded.
        """
        while True:
            untold = self._untold
            admission = change(joined(self._shared, untold))
            if admission.usage is self._shared:
                if await self._is_current(store):
                    return admission.wait_ms
            elif await store.swap(self._name, self._version, _ENCODER.encode(admission.usage)):
                self._version += 1
                self._shared = admission.usage
                self._untold = without(self._untold, untold)
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
        self._shared = _DECODER.decode(cell.value) if cell.value is not None else Usage()
