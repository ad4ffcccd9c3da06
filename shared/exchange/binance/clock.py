"""The exchange's clock: measured again and again, and carried on in between by a clock that nobody sets.

With a wrong one, signed requests are refused (-1021), and what is counted in its time comes too early or too late. A jump
of the wall clock (a time server's step, a person, a virtual machine that is resumed) changes nothing here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Gauge

from shared.exchange.steady_clock import steady

log = structlog.get_logger(__name__)

_OFFSET: Final = Gauge("ict_exchange_clock_offset_seconds", "Exchange's clock minus ours at the last measurement, seconds")


def offset_of(samples: list[tuple[float, float, int]]) -> float:
    """Return the exchange's clock minus ours, ms, from samples (sent, answered, exchange's time), all in ms.

    The sample with the quickest answer counts; the exchange's time is taken to be that of the middle between sending and
    answer. Raises ValueError if there is no sample.
    """
    sent, answered, theirs = min(samples, key=lambda sample: sample[1] - sample[0])
    return theirs - (sent + answered) / 2


class ExchangeClock:
    """The exchange's time, which ``local`` carries on from one measurement to the next.

    ask: queries the exchange's time, ms. samples: queries for each measurement. refresh_seconds: pause between two.
    local: a clock that nobody sets, seconds; wall: ours, seconds, which serves until the first measurement.

    Await ``measure``, then keep ``run`` running in a task.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[int]],
        samples: int,
        refresh_seconds: float,
        local: Callable[[], float] = steady,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._samples = samples
        self._refresh = refresh_seconds
        self._local = local
        self._wall = wall
        self._measuring: asyncio.Future[None] | None = None
        self.offset_ms = (wall() - local()) * 1000

    def now(self) -> int:
        """Return the exchange's time by the last measurement, UTC ms."""
        return int(self._local() * 1000 + self.offset_ms)

    async def measure(self) -> None:
        """Measure the offset now. Concurrent callers share one measurement. Raises what ``ask`` raises."""
        if self._measuring is None:
            self._measuring = asyncio.ensure_future(self._measure())
            self._measuring.add_done_callback(lambda _: self._forget())
        await asyncio.shield(self._measuring)

    async def run(self, failed: Callable[[Exception], None]) -> None:
        """Measure every ``refresh_seconds`` until cancelled.

        If a measurement fails, the old offset stays and ``failed`` is called with the error.
        """
        while True:
            await asyncio.sleep(self._refresh)
            try:
                await self.measure()
            except Exception as error:  # noqa: BLE001  whatever the network says, the old offset serves until the next time
                failed(error)

    def _forget(self) -> None:
        self._measuring = None

    async def _measure(self) -> None:
        found: list[tuple[float, float, int]] = []
        for _ in range(self._samples):
            sent = self._local() * 1000
            theirs = await self._ask()
            found.append((sent, self._local() * 1000, theirs))
        self.offset_ms = offset_of(found)
        apart = self._local() + self.offset_ms / 1000 - self._wall()
        _OFFSET.set(apart)
        log.debug("clock_measured", offset_ms=round(apart * 1000, 1))
