"""One stream connection: opened, read, watched, dropped when it falls silent, opened again (DATA-4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from services.ingest.live.metrics import HEALTHY, LOST, SILENCES
from services.ingest.live.watchdog import Watchdog
from services.ingest.settings.live import LiveSettings
from shared.exchange.model.streams import Heard, MarketStream, StreamLost, StreamName
from shared.exchange.port import MarketData

log = structlog.get_logger(__name__)

#: Events after which everything else has a turn: a few milliseconds' worth.
_BREATH: Final = 200


class Connection:
    """``hear`` takes every event. ``opened`` is told each time the connection stands: what was missed before is not known.

    ``caught_up`` says whether anything that was missed is still missing. ``reachable`` asks the exchange for its time:
    while it answers, only the stream is ill, and the pauses stay short. ``chance`` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        label: str,
        exchange: MarketData,
        names: Sequence[StreamName],
        settings: LiveSettings,
        *,
        hear: Callable[[Heard], None],
        opened: Callable[[Sequence[StreamName]], None],
        caught_up: Callable[[Sequence[StreamName]], bool],
        reachable: Callable[[], Awaitable[bool]],
        chance: Callable[[], float],
    ) -> None:
        limits = {name: settings.silence.of(name.kind) for name in names}
        #: Seconds; kinds that may be silent for ever are left out.
        self._cadence = {name.kind: limit / 1_000 for name, limit in limits.items() if limit}
        self.names = tuple(names)
        self.label = label
        self.dog = Watchdog(limits, settings.backoff)
        self._exchange = exchange
        self._settings = settings
        self._hear = hear
        self._opened = opened
        self._caught_up = caught_up
        self._reachable = reachable
        self._chance = chance
        self._healthy = HEALTHY.labels(label)
        self._lost_by = ""

    def trouble(self) -> str:
        """What is wrong with it; empty while every stream speaks and nothing is missing."""
        return "" if self.dog.state == "live" else f"streams {self.label} are {self.dog.state}{self._lost_by}"

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                reason = await self._life()
                self._healthy.set(0)
                self._lost_by = f" (lost: {reason})"
                LOST.labels(self.label, reason).inc()
                pause = self.dog.lost(_own_ms(), self._chance())
                log.warning("stream_lost", connection=self.label, reason=reason, pause_ms=pause)
                await self._wait(pause)
                self.dog.retry()
        finally:
            self._healthy.set(0)

    async def _life(self) -> str:
        """From opening to the end of one connection; returns why it ended."""
        try:
            async with self._exchange.market_stream(self.names, cadence=self._cadence) as stream:
                self.dog.opened(_own_ms())
                self._opened(self.names)
                reading = asyncio.create_task(self._read(stream), name=f"stream {self.label}")
                try:
                    return await self._watch(reading)
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
        except StreamLost as lost:
            return lost.reason

    async def _read(self, stream: MarketStream) -> None:
        taken = 0
        async for heard in stream:
            self.dog.heard(heard.stream, int(heard.at * 1_000))
            self._hear(heard)
            taken += 1
            if taken % _BREATH == 0:
                await asyncio.sleep(0)  # a stream with a backlog never waits by itself: steps must leave beside it

    async def _watch(self, reading: asyncio.Task[None]) -> str:
        while True:
            done, _ = await asyncio.wait({reading}, timeout=self._settings.look_every_ms / 1_000)
            if done:
                reading.result()  # raises StreamLost: a stream ends in no other way
                return "closed"
            silent = self.dog.quiet(_own_ms())
            if silent:
                for name in silent:
                    SILENCES.labels(name.kind).inc()
                log.warning("streams_silent", connection=self.label, streams=[str(name) for name in silent])
                return "silent"
            if self.dog.state == "resyncing" and self._caught_up(self.names):
                self.dog.resynced()
                self._healthy.set(1)
                self._lost_by = ""
                log.info("stream_live", connection=self.label, streams=len(self.names))

    async def _wait(self, pause_ms: int) -> None:
        """The pause; cut short as soon as the exchange itself answers again."""
        short = self._settings.backoff.reachable_ms
        while pause_ms > short:
            await asyncio.sleep(short / 1_000)
            pause_ms -= short
            if await self._reachable():
                return
        await asyncio.sleep(pause_ms / 1_000)


def _own_ms() -> int:
    """Our own clock that never jumps, ms: that of ``Heard.at``."""
    return int(asyncio.get_running_loop().time() * 1_000)
