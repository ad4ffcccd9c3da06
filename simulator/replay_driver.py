"""Replays a market through the whole system, one minute at a time (lock-step).

Each minute has two phases, and each waits for an answer, so results do not depend on how fast or where services run:

1. ``MarketStep``: the exchange moves to close T: resting orders fill, funding is paid; execution applies the events and
   reports the account; risk takes the report. Ends with the RiskReport of T.
2. ``FeedStep``: the candles of T go through ingest, analysis, signals, risk and execution. Ends with the StepReport of T.

Both carry T as the player's time, in which every lane lives. Only then does the next minute begin. A run in one process and
a run over separate processes therefore decide the same, byte for byte. With a finite speed the driver also waits for the
wall clock. If an answer is missing after ``patience`` seconds, a warning names it; the driver goes on waiting, so that a
killed service can restart and complete the step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol

import structlog

from services.ingest.candle_source import CandleSource
from shared.bus.port import Bus, Delivery, InvalidMessage, Subscription
from shared.bus.topology import partition_of
from shared.domain.account import RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.control import Control
from shared.domain.ids import derive
from shared.domain.market_step import MarketStep
from shared.domain.orders import REPORTS, StepReport
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from shared.runtime.waiting import Wake
from simulator.recorder import Recorder

log = structlog.get_logger(__name__)

#: Topics of the answers that a phase waits for. What else arrives meanwhile waits with it, up to so many deliveries: it is
#: taken at once with the answer, and the window of the queue never fills.
_ANSWERS: Final = frozenset({"risk.state", REPORTS})
_AT_ONCE: Final = 50


class FundingRates(Protocol):
    """A source of funding rates."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate (fraction) for symbols with funding at ``close_time`` (UTC ms); mostly empty."""
        ...


class ReplayDriver:
    """Replays the candles of ``source`` on ``bus``.

    speed: market seconds per real second; None = as fast as the services answer. patience: seconds until a warning.
    pinned: symbol → partition, for symbols that are not assigned by hash.
    """

    def __init__(
        self,
        bus: Bus,
        source: CandleSource,
        funding: FundingRates,
        recorder: Recorder,
        *,
        partitions: int,
        pinned: Mapping[str, int],
        speed: float | None = None,
        patience: float = 5.0,
    ) -> None:
        self._bus = bus
        self._source = source
        self._funding = funding
        self._recorder = recorder
        self._partition = {symbol: partition_of(symbol, partitions, pinned) for symbol in source.symbols}
        self._partitions = partitions
        self._speed = speed
        self._patience = patience
        self._settled: dict[type, int] = {RiskReport: -1, StepReport: -1}
        self._arrived = Wake()
        self._subscription: Subscription | None = None
        self._inbox: list[Delivery] = []
        self._waits: tuple[type, int] | None = None

    async def run(self, on_step: Callable[[int], None] | None = None, *, session: str | None = None) -> None:
        """Replay all candles. ``on_step``: called with the close time (UTC ms) after each minute.

        session: id of a new session, whose first message resets every lane; needed if the services hold state of an
        earlier run. None = no reset.
        """
        self._subscription = await self._bus.subscribe("replay", self._receive)
        watch = asyncio.create_task(self._watch(), name="replay watch")
        try:
            if session is not None:
                control = Control(id=derive("reset", session), command="reset", by="replay", reason="a new session begins")
                await self._bus.publish([control], now=self._source.first)
            started, first = time.monotonic(), self._source.first
            for close_time, candles in self._source.steps():
                if self._speed is not None:
                    due = started + (close_time - first) / 1000 / self._speed
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._step(close_time, candles)
                if on_step is not None:
                    on_step(close_time)
        finally:
            watch.cancel()
            await self._subscription.cancel()

    async def _step(self, close_time: int, candles: Sequence[RawCandle]) -> None:
        market = MarketStep(close_time=close_time, candles=tuple(candles), funding_rates=self._funding.rates_at(close_time))
        await self._bus.publish([market], now=close_time)
        await self._until(RiskReport, close_time)
        await self._bus.publish(self._feeds(close_time, candles), now=close_time)
        await self._until(StepReport, close_time)
        self._recorder.step_done()

    def _feeds(self, close_time: int, candles: Sequence[RawCandle]) -> list[FeedStep]:
        parts: list[list[RawCandle]] = [[] for _ in range(self._partitions)]
        for candle in candles:
            parts[self._partition[candle.symbol]].append(candle)
        return [FeedStep(partition=index, close_time=close_time, candles=tuple(part)) for index, part in enumerate(parts)]

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        if delivery.topic in _ANSWERS or len(self._inbox) >= _AT_ONCE:
            self._arrived.set()

    async def _watch(self) -> None:
        """Say once of a step that is not settled in time, until cancelled. One timer for all steps: most take no time."""
        said = None
        while True:
            waits = self._waits
            await asyncio.sleep(self._patience)
            if waits is not None and waits is self._waits and waits is not said:
                said = waits
                self._say_stuck(waits[0].__name__, waits[1])

    async def _until(self, kind: type, close_time: int) -> None:
        self._waits = kind, close_time
        while True:
            self._arrived.clear()  # before taking the inbox: a delivery during the loop below must set it again
            inbox, self._inbox = self._inbox, []
            for delivery in inbox:
                try:
                    message = delivery.decode()
                except InvalidMessage as error:
                    await dead_letter_and_alert(self._bus, delivery, "replay", str(error))
                    continue
                if isinstance(message, RiskReport):
                    self._settle(RiskReport, message.time)
                elif isinstance(message, StepReport):
                    self._settle(StepReport, message.close_time)
                self._recorder.take(message)
                await delivery.ack()
            if self._settled[kind] >= close_time:
                self._waits = None
                return
            await self._arrived.wait()

    @staticmethod
    def _say_stuck(waits_for: str, close_time: int) -> None:
        log.warning("step_unsettled", waits_for=waits_for, close_time=close_time)

    def _settle(self, kind: type, close_time: int) -> None:
        self._settled[kind] = max(self._settled[kind], close_time)  # a redelivered report may be older
