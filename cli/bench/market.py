"""Plays market and exchange for the benchmarks: publishes candles, takes the time at which an order arrives, refuses it.

Refused orders keep the account flat, so that every close causes the same work.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from shared.bus.port import Bus, Delivery
from shared.domain.account import AccountState, RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.exchange import ExchangeEvents, ExchangeRequests, PlaceOrder
from shared.domain.orders import StepReport
from shared.domain.timeframes import MINUTE, is_boundary

_EQUITY = Decimal(1_000_000)
#: A Monday, 00:00 UTC.
START = 1_746_403_200_000


class BenchMarket:
    """Plays minutes in lock-step on one partition; ``samples`` of the wanted kind of close are timed."""

    def __init__(self, bus: Bus, symbols: Sequence[str]) -> None:
        self._bus = bus
        self._symbols = tuple(symbols)
        self.first = self.now = START
        self._settled: dict[type, int] = {RiskReport: 0, StepReport: 0}
        self._news = asyncio.Event()
        self._order_at: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self._bus.subscribe("exchange", self._on_exchange)
        await self._bus.subscribe("replay", self._on_replay)
        for queue in ("journal", "notifier"):  # the benchmark runs neither, and their backlog would slow the broker down
            await self._bus.subscribe(queue, self._let_go)

    async def run(self, samples: int, *, hourly: bool, warm_up: int, pause: float) -> list[float]:
        """Return latencies in ms, from the published candle to the received order request, of ``samples`` closes.

        ``hourly``: measure only closes of a full hour; the minutes between are played without pause.
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
        account = AccountState(time=self.now, wallet=_EQUITY, equity=_EQUITY)
        news = ExchangeEvents(time=self.now, reply_to="", orders=(), fills=(), funding=(), account=account)
        await self._bus.publish([news])
        await self._until(RiskReport)
        feed = FeedStep(partition=0, close_time=self.now, candles=tuple(self._candle(s) for s in self._symbols))
        began = time.monotonic_ns()
        await self._bus.publish([feed])
        await self._until(StepReport)
        return (self._order_at.pop(self.now) - began) / 1e6

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

    def _on_exchange(self, delivery: Delivery) -> None:
        arrived = time.monotonic_ns()
        message = delivery.decode()
        self._spawn(delivery.ack())
        if isinstance(message, ExchangeRequests):
            placed = [request.order for request in message.requests if isinstance(request, PlaceOrder)]
            if any(order.type == "MARKET" for order in placed):
                self._order_at.setdefault(self.now, arrived)
            refused = tuple(msgspec.structs.replace(order, status="REJECTED", reject_code=-2019) for order in placed)
            account = AccountState(time=self.now, wallet=_EQUITY, equity=_EQUITY)
            reply = ExchangeEvents(time=self.now, reply_to=message.id, orders=refused, fills=(), funding=(), account=account)
            self._spawn(self._bus.publish([reply]))

    def _let_go(self, delivery: Delivery) -> None:
        self._spawn(delivery.ack())

    def _on_replay(self, delivery: Delivery) -> None:
        message = delivery.decode()
        self._spawn(delivery.ack())
        if isinstance(message, RiskReport):
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
