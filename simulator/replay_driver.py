"""Drives a market through the whole system, one minute a step (lock-step).

A step is one minute, in two settled phases, so that nothing depends on how fast or where the services run:

1. the exchange moves to close T (``MarketStep``): resting orders fill, funding is paid; execution applies the
   events and reports the account, risk takes it in. Done when the risk report of T is in.
2. the candles of T are fed (``FeedStep``): ingest, analysis, signals, risk, execution. Done when the step report of T is in.

Only then does time advance. An embedded run and a run over separate processes therefore decide alike, byte for byte. With a
finite speed the driver also waits for the wall clock. A step that is not settled within ``patience`` seconds is logged with
what is missing; time never advances past it, so a service that was killed comes back and completes the step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import structlog

from services.ingest.candle_source import CandleSource
from shared.bus.port import Bus, Delivery, InvalidMessage, Subscription
from shared.bus.topology import partition_of
from shared.domain.account import RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.control import Control
from shared.domain.exchange import MarketStep
from shared.domain.ids import derive
from shared.domain.orders import StepReport
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from simulator.recorder import Recorder

log = structlog.get_logger(__name__)


class FundingRates(Protocol):
    """Where funding rates come from."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Symbol → rate for those that have a funding time at ``close_time``; mostly empty."""
        ...


class ReplayDriver:
    """Plays ``source`` on ``bus``. ``speed``: market seconds per second, None = as fast as the system settles."""

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
        self._arrived = asyncio.Event()
        self._subscription: Subscription | None = None
        self._inbox: list[Delivery] = []

    async def run(self, on_step: Callable[[int], None] | None = None, *, session: str | None = None) -> None:
        """Play to the end. ``session``: begin with a reset of every lane, under this id; needed when they have a past."""
        self._subscription = await self._bus.subscribe("replay", self._receive)
        try:
            if session is not None:
                control = Control(id=derive("reset", session), command="reset", by="replay", reason="a new session begins")
                await self._bus.publish([control])
            started, first = time.monotonic(), self._source.first
            for close_time, candles in self._source.steps():
                if self._speed is not None:
                    due = started + (close_time - first) / 1000 / self._speed
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._step(close_time, candles)
                if on_step is not None:
                    on_step(close_time)
        finally:
            await self._subscription.cancel()

    async def _step(self, close_time: int, candles: Sequence[RawCandle]) -> None:
        market = MarketStep(close_time=close_time, candles=tuple(candles), funding_rates=self._funding.rates_at(close_time))
        await self._bus.publish([market])
        await self._until(RiskReport, close_time)
        await self._bus.publish(self._feeds(close_time, candles))
        await self._until(StepReport, close_time)
        self._recorder.step_done()

    def _feeds(self, close_time: int, candles: Sequence[RawCandle]) -> list[FeedStep]:
        parts: list[list[RawCandle]] = [[] for _ in range(self._partitions)]
        for candle in candles:
            parts[self._partition[candle.symbol]].append(candle)
        return [FeedStep(partition=index, close_time=close_time, candles=tuple(part)) for index, part in enumerate(parts)]

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        self._arrived.set()

    async def _until(self, kind: type, close_time: int) -> None:
        stuck = asyncio.get_running_loop().call_later(self._patience, self._say_stuck, kind.__name__, close_time)
        try:
            await self._settle(kind, close_time)
        finally:
            stuck.cancel()

    async def _settle(self, kind: type, close_time: int) -> None:
        while True:
            self._arrived.clear()  # before the inbox is taken: what arrives while it is worked through must wake us
            inbox, self._inbox = self._inbox, []
            for delivery in inbox:
                try:
                    message = delivery.decode()
                except InvalidMessage as error:
                    await dead_letter_and_alert(self._bus, delivery, "replay", str(error))
                    continue
                if isinstance(message, RiskReport):
                    self._settled[RiskReport] = max(self._settled[RiskReport], message.time)  # repeats come late
                elif isinstance(message, StepReport):
                    self._settled[StepReport] = max(self._settled[StepReport], message.close_time)
                self._recorder.take(message)
                await delivery.ack()
            if self._settled[kind] >= close_time:
                return
            await self._arrived.wait()

    @staticmethod
    def _say_stuck(waits_for: str, close_time: int) -> None:
        log.warning("step not settled, still waiting", waits_for=waits_for, close_time=close_time)
