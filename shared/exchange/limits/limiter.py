"""Admits calls by the rules of ``windows``: by this process's own count, and by one that all processes share in the store.

Every call must fit into the part of the weight that its kind of process has (``parts``), by this process's own count and by
what the exchange told this process. What protects (stops, closing orders, cancels, their queries) asks nothing else: no
cell of the store can hold it back, forged or broken; its units follow to the store in the background.

All other calls must also fit into the shared count. Far from the limits, an order is counted by this process's own copy
(``unshared`` says why that is safe). Close to them, and for a call that places no order, the store is asked first. So a
pause that another process was told stops all calls but those that protect at once; of orders, one burst may leave before it
is heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import structlog
from prometheus_client import Counter

from shared.exchange.limits.cell import LONGEST_PAUSE_MS
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.parts import Part, of_part
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.shared_count import SharedCount
from shared.exchange.limits.stated import stated
from shared.exchange.limits.unshared import far
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
    uncounted,
)
from shared.exchange.model.market_data import RateLimit
from shared.store.port import StateStore

T = TypeVar("T")
log = structlog.get_logger(__name__)

_WAITS: Final = Counter("ict_exchange_limit_waits_total", "Calls that waited for a rate limit", ["urgency"])


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
    name: name of the cell in the store. now: returns ms of the exchange's clock. part: of which kind this process is.

    If the store does not answer within ``store_timeout_s``, this and the next calls are admitted by this process's own
    count; it is asked again after a while, and told what it has missed. Await ``close`` before the store is closed.
    """

    def __init__(
        self,
        store: StateStore | None,
        name: str,
        now: Callable[[], int],
        settings: LimiterSettings,
        limits: Sequence[Limit] = DEFAULT_LIMITS,
        part: Part = "rest",
    ) -> None:
        self._now = now
        self._settings = settings
        self._shares = settings.shares()
        self._part = part
        self._tell: Callable[[LimitsNews], None] | None = None
        self._odd: tuple[str, ...] = ()
        self._learned = False
        self._own = Usage()  # what this process used, and what the exchange told this process
        self._shared = SharedCount(store, name, now, settings.store_timeout_s, limits, self._forged)
        self._hold(tuple(limits))

    def watch(self, tell: Callable[[LimitsNews], None]) -> None:
        """Call ``tell`` from now on with what people should know of the limits."""
        self._tell = tell

    def learn(self, rows: Sequence[RateLimit]) -> None:
        """Keep to the limits that the exchange states; odd ones are left out and told once."""
        limits, odd = stated(self._base, rows)
        self._learned = True
        if limits != self._base:
            log.info("rate_limits", limits={limit.name: limit.ceiling for limit in limits})
            self._hold(limits)
        if odd and odd != self._odd:
            log.warning("rate_limits_odd", odd=odd)
            self._tell_people(LimitsNews(event="odd_limits", text=", ".join(odd)))
        self._odd = odd

    async def admit(self, cost: Cost, urgency: Urgency, *, states_limits: bool = False) -> None:
        """Wait until the limits admit the call, and count it.

        states_limits: the answer will say what they are. As long as none has, such a call waits for pauses alone: others may
        have counted under limits that are higher than those that hold until then, and it would wait for its own answer.

        Raises Throttled, with nothing counted, if it would wait longer than the settings allow for its urgency.
        """
        patience = self._settings.patience(urgency)
        waited = 0.0
        while True:
            unknown = states_limits and not self._learned
            wait = self._pause_ms(cost) if unknown else await self._wait_ms(cost, urgency)
            if not wait:
                return
            seconds = wait / 1000
            if waited + seconds > patience:
                raise Throttled(seconds, urgency)
            _WAITS.labels(urgency).inc()
            waited += seconds
            await asyncio.sleep(seconds)

    def _pause_ms(self, cost: Cost) -> int:
        """Count the call and return 0 unless the exchange has asked for a pause; else return how long it lasts, ms."""
        wait = max(self._own.closed_until, self.usage.closed_until) - self._now()
        if wait > 0:
            return wait
        self._own = counted(self._own, self._limits, cost, self._now())
        self._shared.count(cost)
        return 0

    async def _wait_ms(self, cost: Cost, urgency: Urgency) -> int:
        """Count the call and return 0 if it may be sent now; else return after how many ms to ask again."""
        at = self._now()
        own = admit(self._own, self._limits, cost, urgency, self._shares, at)
        if own.wait_ms:
            return own.wait_ms
        self._own = own.usage  # before the store is asked: other calls of this process go on meanwhile
        if urgency == "protect" or self._is_far(cost, urgency):
            self._shared.count(cost)
            return 0
        wait = await self._shared.update(lambda usage: self._decide(usage, cost, urgency))
        if wait is None:
            wait = self._alone_ms(cost, urgency)
            if not wait:
                self._shared.count(cost)
        if wait:
            self._own = uncounted(self._own, self._limits, cost, at)
        return wait

    def _alone_ms(self, cost: Cost, urgency: Urgency) -> int:
        """How long a call must wait while the store does not say what the others use, ms; its units are in ``_own``."""
        wait = self._decide(self.usage, cost, urgency).wait_ms
        if self._part == "rest":
            now = self._now()
            others = uncounted(self._own, self._alone, cost, now)
            wait = max(wait, admit(others, self._alone, cost, urgency, self._shares, now).wait_ms)
        return wait

    async def heard(self, headers: Mapping[str, str]) -> None:
        """Raise our counts to those in the headers of an answer, where the exchange's are higher."""
        counts, usage = counts_of(headers, self._base), self.usage
        self._own = told(self._own, self._base, counts, self._now())
        if told(usage, self._limits, counts, self._now()) is usage:
            return
        if await self._shared.update(lambda usage: Admission(told(usage, self._limits, counts, self._now()), 0)) is None:
            self._shared.raise_copy(lambda usage: told(usage, self._limits, counts, self._now()))

    async def close_for(self, ms: int) -> None:
        """Admit no call of this process for ``ms``, because the exchange asked for a pause, and of others none but what
        protects. At most for three days, which is the exchange's longest ban.
        """
        until = self._now() + min(ms, LONGEST_PAUSE_MS)
        self._own = closed(self._own, until)
        self._shared.close_until(until)
        if await self._shared.update(lambda usage: Admission(usage, 0)) is None:
            self._shared.tell_soon()
        log.warning("rate_limit_pause", seconds=ms / 1000)

    @property
    def usage(self) -> Usage:
        """The shared counts as this process last read or wrote them, and what it has counted since."""
        return self._shared.usage

    def banned(self, ms: int) -> None:
        """Tell people that the exchange has banned this address for ``ms``."""
        self._tell_people(LimitsNews(event="banned", until=self._now() + min(ms, LONGEST_PAUSE_MS)))

    async def close(self) -> None:
        """Bring the last counts to the store."""
        await self._shared.end()

    def _hold(self, limits: tuple[Limit, ...]) -> None:
        parts = self._settings.parts()
        self._base = limits
        self._limits = self._shared.limits = of_part(limits, self._part, parts)
        self._alone = of_part(limits, self._part, parts, self._settings.rest_alone)

    def _tell_people(self, news: LimitsNews) -> None:
        if self._tell is not None:
            self._tell(news)

    def _forged(self, why: str) -> Usage:
        self._tell_people(LimitsNews(event="forged", text=why))
        return self._own

    def _is_far(self, cost: Cost, urgency: Urgency) -> bool:
        if not cost.places or not self._shared.fresh:
            return False
        shared = self._shared
        return far(shared.usage, shared.untold, self._limits, cost, self._shares[urgency], self._now())

    def _decide(self, usage: Usage, cost: Cost, urgency: Urgency) -> Admission:
        return admit(usage, self._limits, cost, urgency, self._shares, self._now())
