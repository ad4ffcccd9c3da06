"""Who leads an account: one process, by a lease in the store that names the account and belongs to no namespace (EXEC-2).

Deployments that share a store thus elect one leader, whatever their namespaces. The holder renews the lease; a process that
dies, or stands still, loses it after ``LeasePolicy.ttl``. It may be sure of it for so long only after it *asked*, by a
clock that goes on while a process is stopped; what the exchange takes late must be over by then.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from shared.exchange.steady_clock import steady
from shared.store.port import Fenced, StateStore, StoreError

log = structlog.get_logger(__name__)

#: What the store says of the lease now: we have it, another has it, or it does not answer.
Standing = Literal["ours", "lost", "unknown"]
#: Seconds that giving the lease back may take; after that it ends by itself.
_RELEASE_S: Final = 1.0


class MayNotLead(Exception):
    """What leads sees that another deployment trades the account: give the lease back, stand by, look again later."""


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """Seconds. ttl: without a renewal, until another may lead. beat: between renewals. look: between a standby's looks.

    again: until a process that may not lead looks again; what it asks of the exchange is dear.
    """

    ttl: float = 2.0
    beat: float = 0.4
    look: float = 0.2
    again: float = 60.0


class Leadership:
    """The lease as one process sees it. name: of the account. who: the process, as people know it.

    elapsed: seconds, which go on while a process is stopped and a machine sleeps. now: UTC ms; no new epoch is below it,
    so that an emptied store begins none that looks older.
    """

    def __init__(
        self,
        store: StateStore,
        name: str,
        who: str,
        now: Callable[[], int],
        policy: LeasePolicy | None = None,
        elapsed: Callable[[], float] = steady,
    ) -> None:
        self._store = store
        self._epochs: dict[str, int | None] = {name: None}
        self._holder = f"{who} {secrets.token_hex(4)}"  # a process of the same name that was started again is another one
        self._now = now
        self._policy = policy or LeasePolicy()
        self._elapsed = elapsed
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[str] | None = None
        self.lost = False

    @property
    def epoch(self) -> int:
        """Number of this leadership; 0 before it leads."""
        return max(epoch or 0 for epoch in self._epochs.values())

    async def take(self) -> str:
        """Try once to take the lease, or to renew it; returns who has it instead, empty = we have it."""
        asked_at = self._elapsed()
        for name, epoch in tuple(self._epochs.items()):
            claim = await self._store.claim(name, self._holder, self._policy.ttl, self._now())
            if claim.holder != self._holder or epoch not in (None, claim.epoch):
                self.lost = epoch is not None
                return claim.holder
            self._epochs[name] = claim.epoch
        self._asked_at = asked_at
        return ""

    async def also(self, name: str) -> str:
        """Lead under a second name of the account, too; returns who does instead, empty = we do."""
        self._epochs.setdefault(name, None)
        other = await self.take()
        if other:
            self.lost = True
        return other

    async def keep(self) -> None:
        """Renew until another leads, then raise Fenced."""
        while True:
            if await self._asked() == "lost":
                raise Fenced("another process leads the account now")
            await asyncio.sleep(self._policy.beat)

    def covers(self, seconds: float) -> bool:
        """True if nobody else can lead for so long from now on."""
        return not self.lost and self._elapsed() + seconds <= self._asked_at + self._policy.ttl

    async def sure(self, seconds: float, patience: float) -> bool:
        """True if nobody else can lead for so long from now on; asks the store if need be, for ``patience`` at most."""
        if not self.covers(seconds):
            await self.standing(patience)
        return self.covers(seconds)

    async def standing(self, patience: float) -> Standing:
        """Ask the store now, for ``patience`` seconds at most."""
        asking = asyncio.ensure_future(self._asked())
        await asyncio.wait({asking}, timeout=patience)
        if asking.done():
            return asking.result()
        asking.cancel()
        return "lost" if self.lost else "unknown"

    async def release(self) -> None:
        """Give the lease back, so that the next one need not wait."""
        if self._asking is not None:
            self._asking.cancel()
        try:
            async with asyncio.timeout(_RELEASE_S):
                for name in self._epochs:
                    await self._store.release(name, self._holder)
        except (TimeoutError, StoreError) as error:
            log.info("lease_not_released", error=str(error) or "the store does not answer")  # it ends by itself

    async def _asked(self) -> Standing:
        """Renew; whoever asks meanwhile shares the question. An answer that is older than the lease says nothing: again."""
        while True:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self.take(), name="lease")
            try:
                other = await asyncio.shield(self._asking)
            except StoreError as error:
                log.warning("lease_not_renewed", error=str(error))
                return "unknown"
            if self.lost:
                log.warning("lease_lost", to=other)
                return "lost"
            if self.covers(0):
                return "ours"
