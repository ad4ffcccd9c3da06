"""The exchange's clock, measured by its own time endpoint: signatures need the offset, and it goes stale (-1021)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Gauge

log = structlog.get_logger(__name__)

_OFFSET: Final = Gauge("ict_exchange_clock_offset_seconds", "The exchange's clock minus ours, as last measured")


def offset_of(samples: list[tuple[float, float, int]]) -> float:
    """Exchange minus local, ms, of (sent, answered, exchange's time) in ms: the quickest answer's, taken at its middle.

    Raises ValueError without a sample.
    """
    sent, answered, theirs = min(samples, key=lambda sample: sample[1] - sample[0])
    return theirs - (sent + answered) / 2


class ExchangeClock:
    """``ask``: the exchange's time, ms; ``local``: our wall clock, seconds; ``on_offset`` hears each measurement, ms."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[int]],
        samples: int,
        refresh_seconds: float,
        on_offset: Callable[[float], None],
        local: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._samples = samples
        self._refresh = refresh_seconds
        self._on_offset = on_offset
        self._local = local
        self._measuring: asyncio.Future[None] | None = None
        self.offset_ms = 0.0

    def now(self) -> int:
        """The exchange's time, ms."""
        return int(self._local() * 1000 + self.offset_ms)

    async def measure(self) -> None:
        """Measure now; callers at the same time share one measurement. Raises what ``ask`` raises."""
        if self._measuring is None:
            self._measuring = asyncio.ensure_future(self._measure())
            self._measuring.add_done_callback(lambda _: self._forget())
        await asyncio.shield(self._measuring)

    async def run(self, failed: Callable[[Exception], None]) -> None:
        """Measure anew every so often until cancelled; a measurement that fails is told and leaves the old offset."""
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
        _OFFSET.set(self.offset_ms / 1000)
        self._on_offset(self.offset_ms)
        log.debug("clock_measured", offset_ms=round(self.offset_ms, 1))
