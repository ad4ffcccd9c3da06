"""What execution's driver sees of prices while an entry rests: the stream's quotes, and candles page by page (SIG-7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

from services.execution.core import ExecutionCore
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.price_watch import PriceWatch
from services.execution.inputs import Traded
from services.execution.plans.admission import Quote
from shared.domain.timeframes import MINUTE
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import Kline
from tests.support.execution.desk import BTC, START, Desk

D = Decimal
CLOSE = START // MINUTE * MINUTE


class Candles:
    """A market that stands at 100, but for the highs of some minutes after the decision; the last minute runs."""

    def __init__(self, minutes: int, highs: dict[int, float], fails: int = 0) -> None:
        self.minutes, self.highs, self.fails = minutes, highs, fails
        self.starts: list[int] = []
        self.asked = asyncio.Event()

    async def klines(
        self, symbol: str, timeframe: Any, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]:
        assert (symbol, timeframe, start is not None, limit <= 99) == (BTC, "1m", True, True)
        self.starts.append((start - CLOSE) // MINUTE if start is not None else -1)
        if self.fails:
            self.fails -= 1
            raise ExchangeError("retry", 0, "away", call="GET klines")
        found = [each for each in range(self.minutes) if CLOSE + each * MINUTE >= (start or 0)][:limit]
        if len(found) < limit:
            self.asked.set()
        return tuple(
            Kline(
                symbol=symbol, timeframe="1m", open_time=CLOSE + each * MINUTE, open=100.0, high=self.highs.get(each, 100.0),
                low=100.0, close=100.0, volume=1.0, quote_volume=100.0, trades=1, taker_volume=0.5,
                closed=each < self.minutes - 1,
            )
            for each in found
        )  # fmt: skip


class Fed:
    """A loop that hands inputs to its desk's core, and counts them."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.fed = desk, list[Any]()

    @property
    def core(self) -> ExecutionCore:
        return self.desk.core

    def feed(self, taken: Any) -> None:
        self.fed.append(taken)
        self.desk.driver.give(taken)


def resting() -> Fed:
    desk = Desk()
    desk.enter(
        kind="limit", price=D(99), bound=D(99), rests_until=START + 10**9, void_at=D(108), close_time=CLOSE,
    )  # fmt: skip
    desk.run(200)
    return Fed(desk)


def watch(loop: Fed, source: Candles, failed: Callable[[ExchangeError], None] = lambda error: None) -> PriceWatch:
    return PriceWatch(source, cast(MoneyLoop, loop), (BTC,), failed)


async def read(made: PriceWatch, source: Candles) -> None:
    """Let it read once, to the candle that runs."""
    source.asked.clear()
    running = asyncio.create_task(made.run())
    with suppress(TimeoutError):
        await asyncio.wait_for(source.asked.wait(), 1.0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def test_only_a_quote_that_voids_is_fed_and_only_once() -> None:
    """Invariant 6: the log does not grow with the stream."""
    loop = resting()
    made = watch(loop, Candles(1, {}))
    for bid in ("100", "107.9", "108", "109"):
        made.on_quote(BTC, Quote(time=START + 1, bid=D(bid), ask=D(bid) + 1))
        made.on_quote("ETHUSDT", Quote(time=START + 1, bid=D(999), ask=D(1_000)))
    assert loop.fed == [Traded(symbol=BTC, low=D(109), high=D(108), since=START + 1)]
    assert loop.desk.resting() == []


async def test_candles_since_the_decision_are_read_to_the_one_that_runs() -> None:
    """SIG-7: also when they are many."""
    loop, source = resting(), Candles(250, {230: 108.0})
    await read(watch(loop, source), source)
    assert source.starts == [0, 99, 198]
    assert [each.high for each in loop.fed] == [D("108.0")]
    assert loop.desk.resting() == []


async def test_a_candle_is_read_again_only_while_it_runs() -> None:
    """Invariant 6: one request of the least weight."""
    loop, source = resting(), Candles(3, {})
    made = watch(loop, source)
    await read(made, source)
    source.minutes, source.highs = 5, {2: 108.5}
    await read(made, source)
    assert source.starts == [0, 2]
    assert len(loop.fed) == 1


async def test_a_reading_that_fails_is_made_again_from_where_it_was() -> None:
    """EXEC-6: the error is passed on, and no candle is passed over."""
    loop, source, errors = resting(), Candles(3, {1: 110.0}, fails=1), list[ExchangeError]()
    made = watch(loop, source, errors.append)
    with suppress(TimeoutError):
        await asyncio.wait_for(made.run(), 0.05)
    assert (len(errors), loop.fed) == (1, [])
    await read(made, source)
    assert (source.starts, len(loop.fed)) == ([0, 0], 1)


async def test_without_an_entry_that_may_be_voided_nothing_is_asked() -> None:
    """Invariant 6."""
    source = Candles(3, {1: 110.0})
    made = watch(Fed(Desk()), source)
    with suppress(TimeoutError):
        await asyncio.wait_for(made.run(), 0.05)
    assert source.starts == []
