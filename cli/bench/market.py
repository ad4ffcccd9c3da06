"""Plays the market for the benchmarks: publishes its steps and candles, and takes the time at which entries are carried out.

The exchange in execution refuses every entry of the drill (-4005, more than it takes in one order), so that the account
stays flat and every close causes the same work.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

from shared.bus.port import Bus, Delivery
from shared.domain.account import RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.market_step import MarketStep
from shared.domain.orders import OrderEvent, StepReport
from shared.domain.timeframes import MINUTE, is_boundary

#: A Monday, 00:00 UTC.
START = 1_746_403_200_000
#: Settings of risk with which the drill's entries all pass.
DRILL_RISK: dict[str, object] = {
    "risk_per_trade": "0.0001",
    "trades_per_day": 1_000_000,
    "max_positions": 1_000,
    "max_losing_streak": 100,
    "intents_per_minute": 10_000,
    "max_exposure": 150,
    "max_costs": 10,
}
#: Settings with which the drill enters at every close of a run.
DRILL: dict[str, object] = {
    "signals": {"strategies": ["every_close"], "drill": True},
    "risk": DRILL_RISK,
    "execution": {"entries_per_minute": 10_000},
    "simulator": {"starting_wallet": "1000000", "max_quantity": "1"},
}


class BenchMarket:
    """Plays minutes in lock-step on one partition; ``samples`` of the wanted kind of close are timed."""

    def __init__(self, bus: Bus, symbols: Sequence[str]) -> None:
        self._bus = bus
        self._symbols = tuple(symbols)
        self.first = self.now = START
        self._settled: dict[type, int] = {RiskReport: 0, StepReport: 0}
        self._news = asyncio.Event()
        self._entered_at: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self._bus.subscribe("replay", self._on_replay)
        for queue in ("journal", "notifier"):  # the benchmark runs neither, and their backlog would slow the broker down
            await self._bus.subscribe(queue, self._let_go)

    async def run(self, samples: int, *, hourly: bool, warm_up: int, pause: float) -> list[float]:
        """Return latencies in ms of ``samples`` closes: from the published candle to the published event of its entry.

        The event is published when every entry of the close was carried out. ``hourly``: measure only closes of a full hour;
        the minutes between are played without pause.
        """
        latencies: list[float] = []
        for _ in range(warm_up):
            await self._step()
        while len(latencies) < samples:
            at_hour = is_boundary(self.now + MINUTE, "1h")
            if at_hour == hourly and (hourly or not is_boundary(self.now + MINUTE, "5m")):
                await asyncio.sleep(pause)
                latencies.append(await self._step())
            else:
                await self._step()
        return latencies

    async def _step(self) -> float:
        self.now += MINUTE
        candles = tuple(self._candle(symbol) for symbol in self._symbols)
        await self._bus.publish([MarketStep(close_time=self.now, candles=candles)], now=self.now)
        await self._until(RiskReport)
        began = time.time_ns()
        await self._bus.publish([FeedStep(partition=0, close_time=self.now, candles=candles)], now=self.now)
        await self._until(StepReport)
        return (self._entered_at.pop(self.now) - began) / 1e6

    def _candle(self, symbol: str) -> RawCandle:
        """Return a candle on the sum of two waves: swings, gaps and blocks form, without randomness."""
        minute, shift = self.now // MINUTE, len(symbol) + sum(symbol.encode())

        def price(at: float) -> float:
            return round(1000.0 + 40.0 * math.sin(at / 97 + shift) + 9.0 * math.sin(at / 7.3 + 2 * shift), 2)

        first, last = price(minute), price(minute + 1)
        return RawCandle(
            symbol=symbol, open_time=self.now - MINUTE, open=first, close=last, volume=100.0,
            high=round(max(first, last) + 0.4, 2), low=round(min(first, last) - 0.4, 2),
        )  # fmt: skip

    def _let_go(self, delivery: Delivery) -> None:
        self._spawn(delivery.ack())

    def _on_replay(self, delivery: Delivery) -> None:
        message = delivery.decode()
        self._spawn(delivery.ack())
        if isinstance(message, OrderEvent):
            if message.purpose == "entry" and message.order.reject_code:
                self._entered_at.setdefault(self.now, delivery.sent_ns)
        elif isinstance(message, RiskReport):
            self._settled[RiskReport] = max(self._settled[RiskReport], message.time)
        elif isinstance(message, StepReport):
            self._settled[StepReport] = max(self._settled[StepReport], message.close_time)
        self._news.set()

    async def _until(self, kind: type) -> None:
        while self._settled[kind] < self.now:
            self._news.clear()
            async with asyncio.timeout(30):
                await self._news.wait()

    def _spawn(self, action: object) -> None:
        task = asyncio.ensure_future(action)  # type: ignore[call-overload]  # any awaitable of the bus port
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
