"""Runs the guardian's core: its clock, its user stream, the exchange, its metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from services.guardian.core import GuardianCore
from services.guardian.hand import GuardedExchange, Hand
from services.guardian.messages import Alarm, HaltEntries, Heard, Input, LegKey, Tick
from services.guardian.settings import GuardianSettings
from services.guardian.telling import Telling
from shared.exchange.errors import ExchangeError
from shared.exchange.exchange_time import ExchangeTime
from shared.exchange.model.streams import StreamLost
from shared.runtime.supervision import end_all, first_end

log = structlog.get_logger(__name__)

_UNPROTECTED: Final = Gauge(
    "ict_guardian_unprotected_seconds", "Longest time for which a position has shown no stop now, seconds; 0 = all have one"
)
_TOTAL: Final = Counter(
    "ict_guardian_unprotected_time_seconds_total", "Time for which positions have shown no stop, summed, seconds"
)
_HELD: Final = Gauge("ict_guardian_positions", "Positions that the guardian sees")
_AGE: Final = Gauge("ict_guardian_read_age_seconds", "Age of the last reading of the positions, seconds")
_STREAM: Final = Gauge("ict_guardian_stream_open", "1 while the guardian hears the account's user stream")
_TICK_S: Final = 0.1
_START_S: Final = 3.0
_LONGEST_PAUSE_S: Final = 3.0
#: Readings older than this are no sight of the account, ms.
_STALE_MS: Final = 10_000


class Guardian:
    """One guardian. lineage: of its deployment; exchange: built, not started."""

    def __init__(self, exchange: GuardedExchange, settings: GuardianSettings, lineage: str) -> None:
        self._exchange = exchange
        self._clock = ExchangeTime(exchange.now)
        self._core = GuardianCore(settings, lineage, time.time_ns() // 1_000_000)
        self._hand = Hand(exchange, self._clock.now, self.feed)
        self._telling = Telling(settings, lambda: time.time_ns() // 1_000_000, lambda: self.trouble() == "")
        self._counted_at: float | None = None
        self._naked: dict[LegKey, int] = {}

    def trouble(self) -> str:
        """Return what keeps it from guarding now, for ``/readyz``; empty if nothing does."""
        at = self._core.state.positions_at
        if not at:
            return "the positions were not read yet"
        age = self._clock.now() - at
        return f"the positions were read {age / 1000:.0f} s ago" if age > _STALE_MS else ""

    async def run(self) -> None:
        """Guard until cancelled. Raises what ends one of its parts."""
        await self._telling.start()
        starting = asyncio.create_task(self._start(), name="guardian starts")
        parts: list[asyncio.Task[Any]] = [starting]
        try:
            await asyncio.wait({starting}, timeout=_START_S)  # without the exchange's clock, ours has to do
            works: tuple[tuple[str, Callable[[], Coroutine[Any, Any, None]]], ...] = (
                ("ticks", self._tick), ("stream", self._listen), ("filters", self._hand.learn_filters),
                ("alarms", self._telling.run),
            )  # fmt: skip
            parts += [asyncio.create_task(work(), name=f"guardian {name}") for name, work in works]
            heart = asyncio.create_task(self._telling.beat(), name="guardian heartbeat")
            parts.append(heart)
            raise await first_end(parts[1:5])
        finally:
            await end_all(parts)
            await self._hand.end()
            await self._telling.close()
            await self._exchange.close()

    def feed(self, taken: Input) -> None:
        """Give the core an input, and do what it asks for."""
        for request in self._core.handle(taken, self._clock.now()):
            if isinstance(request, Alarm):
                self._telling.alarm(request)
            elif isinstance(request, HaltEntries):
                self._telling.halt(request.why)
            else:
                self._hand.start(request)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Measure the exchange's clock, again and again until it answers."""
        while True:
            try:
                await self._exchange.start()
            except ExchangeError as error:
                log.warning("guardian_clock_unmeasured", error=str(error))
                await asyncio.sleep(1.0)
            else:
                return

    async def _tick(self) -> None:
        while True:
            self.feed(Tick())
            self._measure()
            await asyncio.sleep(_TICK_S)

    def _measure(self) -> None:
        now, at = self._clock.now(), time.monotonic()
        naked = self._core.unprotected(now)
        _HELD.set(len(naked))
        _UNPROTECTED.set(max(naked.values(), default=0) / 1000)
        _AGE.set(max(0, now - self._core.state.positions_at) / 1000 if self._core.state.positions_at else 0.0)
        if self._counted_at is not None:
            _TOTAL.inc(sum(1 for each in naked.values() if each) * max(0.0, at - self._counted_at))
        self._counted_at = at
        for key, before in self._naked.items():
            if before and not naked.get(key):
                log.warning("unprotected_ended", leg=str(key), unprotected_seconds=before / 1000, held=key in naked)
        for key, lasts in naked.items():
            if lasts and not self._naked.get(key):
                log.warning("unprotected_began", leg=str(key), unprotected_seconds=lasts / 1000)
        self._naked = naked

    async def _listen(self) -> None:
        """Hear the account's user stream; open it again whenever it ends."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                async with self._exchange.user_stream() as stream:
                    _STREAM.set(1)
                    pause = 0.0
                    async for event in stream:
                        self.feed(Heard(event))
            except StreamLost as lost:
                _STREAM.set(0)
                log.warning("guardian_stream_lost", reason=lost.reason, text=str(lost))
                pause = min(max(pause * 2, 0.25), _LONGEST_PAUSE_S)
