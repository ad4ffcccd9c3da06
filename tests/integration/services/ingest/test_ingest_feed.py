"""The live feed against an exchange in the test's hands: start, gaps, outages, silence, takeover."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import msgspec
import pytest

from services.ingest.live.audit import Audit
from services.ingest.live.feed import Feed
from services.ingest.live.fetching import Questions, compare_with_exchange
from services.ingest.settings.live import LiveSettings
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.domain.candles import FeedHistory, FeedStep
from shared.domain.control import Alert, FundingDue, MarkPrices, Micro
from shared.domain.message import Message
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE, Timeframe
from shared.exchange.model import market_data
from shared.exchange.model.streams import KlineEvent
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from shared.store.port import Fenced
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, at, depth, diff, kline, ticker
from tests.support.ingest.scripted_exchange import ScriptedExchange

EVERYTHING = QueueSpec(
    "all", "test", ("feed.#", "control.#", "micro.#", "mark.#", "funding.#", "alert.#"), QueueKind.CLASSIC,
    Overflow.BLOCK, 100_000, 10_000,
)  # fmt: skip
TIMEFRAMES: tuple[Timeframe, ...] = ("1m", "5m", "1h")
#: Own time is short, so that a test is; the exchange's time is the script's.
QUICK = {
    "silence": {"kline": 0, "agg_trade": 0, "book_ticker": 0, "depth": 0, "mark_price": 0},
    "backoff": {"first_ms": 10, "longest_ms": 200, "reachable_ms": 100, "settled_ms": 0},
    "minutes": {"retry_ms": 10},
    "warm_up": {"candles": 20, "message_candles": 5},
    "look_every_ms": 5,
    "micro_every_ms": 100,
    "audit_every_minutes": 0,
}


class Stage:
    """A feed, its exchange, and all that it sent."""

    def __init__(self, exchange: ScriptedExchange, **changes: object) -> None:
        self.exchange = exchange
        self.sent: list[Message] = []
        self.store = MemoryStore()
        self.settings = LiveSettings.model_validate({**QUICK, **changes})
        self.bus = MemoryBus(Topology((EVERYTHING,)))

    def feed(self, symbols: tuple[str, ...] = (BTC, ETH)) -> Feed:
        return Feed(
            0, symbols, TIMEFRAMES, self.settings, self.bus, lambda: self.exchange, max_gap_minutes=10_080,
            chance=lambda: 0.0,
        )  # fmt: skip

    async def lease(self) -> Lease:
        state = await self.store.open("feed.p0")
        return Lease("feed.p0", self.store, state.epoch, state.snapshot)

    @contextlib.asynccontextmanager
    async def running(self, symbols: tuple[str, ...] = (BTC, ETH)) -> AsyncIterator[asyncio.Task[None]]:
        if not self.sent:
            await self.bus.start()
            await self.bus.subscribe("all", self._take)
        task = asyncio.create_task(self.feed(symbols).run(await self.lease()))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _take(self, delivery: Delivery) -> None:
        self.sent.append(delivery.decode())

    def of(self, kind: type[Message]) -> list:
        return [message for message in self.sent if isinstance(message, kind)]

    @property
    def minutes(self) -> list[int]:
        """The minutes after Monday whose steps have left, in order."""
        return [(step.close_time - MONDAY) // MINUTE - 1 for step in self.of(FeedStep)]

    async def until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110  many tasks lead there, and none of them tells
                await asyncio.sleep(0.002)

    async def live(self, minute: int) -> None:
        """Everything up to ``minute`` has left, and the streams are open."""
        await self.until(lambda: self.exchange.open and self.minutes and self.minutes[-1] >= minute)


async def test_a_session_begins_warm_and_goes_on_live() -> None:
    """DATA-1: the history of each timeframe, the minutes since the coarsest candle opened, then the stream."""
    stage = Stage(ScriptedExchange(at(62, 10.0)))
    async with stage.running():
        await stage.live(61)
        stage.exchange.close_minute(62)
        await stage.live(62)
        stage.exchange.close_minute(63)
        await stage.live(63)
    assert stage.minutes == [60, 61, 62, 63]
    history = stage.of(FeedHistory)
    assert [message.timeframe for message in history] == ["1h"] * 4 + ["5m"] * 4 + ["1m"] * 4
    newest = {message.timeframe: message.candles[-1].open_time for message in history}
    assert newest == {"1h": at(0), "5m": at(55), "1m": at(59)}
    first_step = stage.sent.index(stage.of(FeedStep)[0])
    assert max(stage.sent.index(message) for message in history) < first_step
    steps = stage.of(FeedStep)
    assert [[candle.backfilled for candle in step.candles] for step in steps] == [[True] * 2] * 2 + [[False] * 2] * 2


async def test_the_first_minutes_of_a_session_know_the_funding_settled_before_it() -> None:
    """RISK-6, DATA-8: read at the start; at most eight hours old."""
    stage = Stage(ScriptedExchange(at(62, 10.0)))
    async with stage.running():
        await stage.live(61)
    first, second, *_ = stage.of(FeedStep)
    assert [candle.funding for candle in first.candles] == [SettledFunding(rate=0.0007, time=at(-419))] * 2
    assert [candle.funding for candle in second.candles] == [None] * 2
    assert [candle.flow for candle in first.candles] == [CandleFlow(taker_bought=1.0, trades=3)] * 2


async def test_a_closing_frame_that_never_came_is_fetched() -> None:
    """DATA-3: the minute waits for it, and so does the next."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60, BTC)
        await stage.until(lambda: stage.exchange.heard)
        assert stage.minutes == []
        stage.exchange.close_minute(61)
        await stage.live(61)
        stage.exchange.close_minute(62)
        await stage.live(62)
    assert stage.minutes == [60, 61, 62]
    (first, *_) = stage.of(FeedStep)
    assert {candle.symbol: candle.backfilled for candle in first.candles} == {BTC: False, ETH: True}


async def test_after_an_outage_nothing_is_missing() -> None:
    """OPS-9: connections cut and REST dead for half an hour, then everything back: all candles, in order, each once."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60)
        await stage.live(60)
        stage.exchange.refusing = stage.exchange.deaf = True
        stage.exchange.cut()
        for minute in range(61, 90):
            stage.exchange.close_minute(minute)
        tried = stage.exchange.attempts
        await stage.until(lambda: stage.exchange.attempts >= tried + 3)
        assert stage.minutes == [60]
        stage.exchange.refusing = stage.exchange.deaf = False
        stage.exchange.time = at(90, 3.0)
        await stage.live(89)
        stage.exchange.close_minute(90)
        await stage.live(90)
    assert stage.minutes == list(range(60, 91))


async def test_a_silent_stream_is_dropped_and_opened_again() -> None:
    """DATA-4: the socket stands, and one stream says nothing: health is a frame within its limit."""
    silence = {**QUICK["silence"], "mark_price": 60}  # type: ignore[dict-item]  # a section of the settings
    stage = Stage(ScriptedExchange(at(60)), silence=silence)
    async with stage.running():
        await stage.until(lambda: len(stage.exchange.open) == 2)
        first = stage.exchange.open[0]
        await stage.until(lambda: stage.exchange.attempts >= 3)
        assert first not in stage.exchange.open
        stage.exchange.close_minute(60)
        await stage.live(60)
    assert stage.minutes == [60]


async def test_while_the_exchange_answers_a_refused_stream_is_tried_often() -> None:
    """OPS-9: recovery within seconds of the fault's end, however long the fault was; no candle waits for the stream."""
    stage = Stage(
        ScriptedExchange(at(60)), backoff={"first_ms": 20, "longest_ms": 60_000, "reachable_ms": 100, "settled_ms": 0}
    )
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.refusing = True
        stage.exchange.cut()
        refused_from = stage.exchange.attempts
        await stage.until(lambda: stage.exchange.attempts >= refused_from + 2 * 10)  # two streams; doubled: 20 s
        stage.exchange.time = at(61, 3.0)
        await stage.until(lambda: stage.minutes == [60])
        stage.exchange.refusing = False
        await stage.until(lambda: len(stage.exchange.open) == 2, seconds=0.5)


async def test_whoever_takes_over_goes_on_with_the_next_minute() -> None:
    """OPS-1: takeover by backfill; no minute is lost or sent twice by the successor."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60)
        await stage.live(60)
    stage.exchange.time = at(65, 5.0)
    histories = len(stage.of(FeedHistory))
    async with stage.running():
        await stage.live(64)
    assert stage.minutes == [60, 61, 62, 63, 64]
    assert len(stage.of(FeedHistory)) == histories, "a successor needs no warm-up"
    assert stage.exchange.closed == 2


async def test_after_too_long_an_absence_a_new_session_begins() -> None:
    """DATA-3: beyond the longest gap that is made up for, the history is loaded again."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60)
        await stage.live(60)
    histories = len(stage.of(FeedHistory))
    weeks_later = 3 * 10_080 + 62
    stage.exchange.time = at(weeks_later, 3.0)
    async with stage.running():
        await stage.live(weeks_later - 1)
    assert stage.minutes == [60, weeks_later - 2, weeks_later - 1]
    assert len(stage.of(FeedHistory)) == 2 * histories


async def test_a_feed_that_was_fenced_ends_at_once() -> None:
    """Invariant 3: a frozen replica that thaws finds a successor and goes."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running() as task:
        await stage.until(lambda: stage.exchange.open)
        await stage.store.open("feed.p0")
        stage.exchange.close_minute(60)
        async with asyncio.timeout(30):
            with pytest.raises(Fenced):
                await task


async def test_a_symbol_that_the_exchange_does_not_have_is_told_and_missing() -> None:
    """DATA-3: one wrong name in the configuration must not keep the others from trading, nor be silent."""
    stage = Stage(ScriptedExchange(at(60), (BTC,)))
    async with stage.running((BTC, ETH)):
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60)
        await stage.live(60)
    assert [alert.key for alert in stage.of(Alert)] == [f"unknown_symbol:{ETH}"]
    assert [candle.symbol for step in stage.of(FeedStep) for candle in step.candles] == [BTC]


async def test_a_symbol_whose_filters_cannot_be_read_has_its_candles_all_the_same() -> None:
    """DATA-3: what is held there is managed by them; execution says that nothing is entered."""

    class Odd(ScriptedExchange):
        async def exchange_info(self) -> market_data.ExchangeInfo:
            info = await super().exchange_info()
            left_out = (market_data.LeftOut(symbol=ETH, reason="has no PRICE_FILTER.tickSize"),)
            return msgspec.structs.replace(info, symbols={BTC: info.symbols[BTC]}, left_out=left_out)

    stage = Stage(Odd(at(60)))
    async with stage.running((BTC, ETH)):
        await stage.until(lambda: stage.exchange.open)
        stage.exchange.close_minute(60)
        await stage.live(60)
    assert stage.of(Alert) == []
    assert [candle.symbol for step in stage.of(FeedStep) for candle in step.candles] == [BTC, ETH]


async def test_a_partition_without_symbols_tells_that_minutes_pass() -> None:
    """OPS-1: nobody downstream must wait for a partition that has nothing to say."""
    stage = Stage(ScriptedExchange(at(62, 10.0)))
    async with stage.running(()):
        await stage.until(lambda: stage.minutes == [60, 61])
        stage.exchange.time = at(64)
        await stage.until(lambda: stage.minutes == [60, 61, 62, 63])
    assert stage.exchange.attempts == 0
    assert all(step.candles == () for step in stage.of(FeedStep))


async def test_published_candles_are_compared_with_the_exchange() -> None:
    """DATA-8: a candle that the exchange has otherwise is counted and told."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running((BTC,)):
        await stage.until(lambda: stage.exchange.open)
        event = KlineEvent(time=at(61), kline=kline(60, close=77.0))
        stage.exchange.time = at(61)
        stage.exchange.say(event, "kline", BTC)
        await stage.live(60)
    audit, questions = Audit((BTC,), 10), Questions(stage.settings, lambda: 0.0)
    audit.left(stage.of(FeedStep)[0])
    (difference,) = await compare_with_exchange(audit, (BTC,), stage.exchange, questions)
    assert difference.open_time == at(60)
    assert audit.accuracy == 0.0
    assert await compare_with_exchange(audit, (BTC,), stage.exchange, questions) == []


async def test_a_start_waits_for_an_exchange_that_is_away() -> None:
    """OPS-9: started during an outage, the feed begins when it is over."""
    exchange = ScriptedExchange(at(62, 10.0))
    exchange.deaf = exchange.refusing = True
    stage = Stage(exchange)
    async with stage.running():
        await stage.until(lambda: exchange.unanswered >= 3)
        assert stage.sent == []
        exchange.deaf = exchange.refusing = False
        await stage.live(61)
    assert stage.minutes == [60, 61]


async def test_a_second_of_flow_and_the_mark_price() -> None:
    """ICT-14: never the raw streams; the book is mended after a gap."""
    stage = Stage(ScriptedExchange(at(60, 1.0)))
    async with stage.running():
        await stage.until(lambda: len(stage.exchange.open) == 2)
        stage.exchange.say(msgspec.structs.replace(ticker(at(60, 1.0)), symbol=BTC), "book_ticker", BTC)
        stage.exchange.say(diff(99, 105, bids=((98.0, 5.0),)), "depth", BTC)
        stage.exchange.say(
            market_data.MarkPrice(
                symbol=BTC, time=at(60), mark=Decimal(100), index=Decimal(100), funding_rate=Decimal("0.0001"),
                next_funding=at(480),
            ),
            "mark_price",
            BTC,
        )  # fmt: skip
        stage.exchange.time += 100
        await stage.until(lambda: stage.of(Micro))
        stage.exchange.say(diff(200, 205), "depth", BTC)
        await stage.until(lambda: stage.of(MarkPrices))
    assert stage.of(Micro)[0].symbol == BTC
    assert {price.symbol for told in stage.of(MarkPrices) for price in told.prices} == {BTC}


async def test_a_funding_time_that_passed_unheard_is_asked_for() -> None:
    """RISK-6: the rate that was due, from the stream, else from REST."""
    stage = Stage(ScriptedExchange(at(479)))

    def say(time: int, due: int) -> None:
        event = market_data.MarkPrice(
            symbol=BTC, time=time, mark=Decimal(100), index=Decimal(100), funding_rate=Decimal("0.0001"), next_funding=due
        )
        stage.exchange.say(event, "mark_price", BTC)

    async with stage.running():
        await stage.until(lambda: len(stage.exchange.open) == 2)
        say(at(470), at(480))
        say(at(481), at(960))
        await stage.until(lambda: stage.of(FundingDue))
    assert stage.of(FundingDue) == [FundingDue(symbol=BTC, time=at(480), rate=Decimal("0.0007"))]


async def test_running_candles_wake_nobody() -> None:
    """DATA-3: a running candle is no step."""
    stage = Stage(ScriptedExchange(at(60)))
    async with stage.running():
        await stage.until(lambda: stage.exchange.open)
        for second in range(50):
            running = msgspec.structs.replace(kline(60, closed=False), volume=1.0 + second)
            stage.exchange.say(KlineEvent(time=at(60, second), kline=running), "kline", BTC)
        await stage.until(lambda: stage.exchange.heard)
        assert stage.minutes == []
        stage.exchange.close_minute(60)
        await stage.live(60)
    assert stage.minutes == [60]
    (step,) = stage.of(FeedStep)
    assert {candle.volume for candle in step.candles if candle.symbol == BTC} == {kline(60).volume}


async def test_a_book_that_keeps_breaking_is_mended_ever_less_often() -> None:
    """EXEC-6: snapshots are dear; a stream that loses frames must not use up the limit that backfill needs."""
    exchange = ScriptedExchange(at(60))
    asked: list[float] = []
    number = 0

    async def scripted(symbol: str, limit: int = 1000) -> market_data.Depth:
        asked.append(asyncio.get_running_loop().time())
        return depth(10 * number + 5, ((99.0, 1.0),), ())

    exchange.depth = scripted  # type: ignore[method-assign]  # the script of this test
    backoff = {"first_ms": 50, "longest_ms": 400, "reachable_ms": 100, "settled_ms": 30_000}
    stage = Stage(exchange, backoff=backoff)
    async with stage.running((BTC,)):
        await stage.until(lambda: len(exchange.open) == 2)
        while len(asked) < 5:
            number += 1
            exchange.say(diff(10 * number, 10 * number + 5), "depth", BTC)  # each one a gap
            await asyncio.sleep(0.002)
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert all(pause >= least for pause, least in zip(pauses, (0.045, 0.095, 0.195, 0.395), strict=True)), pauses


async def test_a_book_is_mended_by_a_snapshot_that_is_new_enough() -> None:
    """ICT-14: a snapshot older than the diffs at hand is asked for again."""
    exchange = ScriptedExchange(at(60))
    answers = [depth(10, (), ()), depth(10, (), ()), depth(100, ((99.0, 1.0),), ())]
    asked = 0

    async def scripted(symbol: str, limit: int = 1000) -> market_data.Depth:
        nonlocal asked
        asked += 1
        return answers[min(asked, len(answers)) - 1]

    exchange.depth = scripted  # type: ignore[method-assign]  # the script of this test
    stage = Stage(exchange)
    async with stage.running((BTC,)):
        await stage.until(lambda: len(exchange.open) == 2)
        exchange.say(diff(90, 105), "depth", BTC)
        await stage.until(lambda: asked == 3)
        exchange.say(diff(105, 110), "depth", BTC)  # follows what the third snapshot and the first diff made
        exchange.say(msgspec.structs.replace(ticker(at(60, 1.0)), symbol=BTC), "book_ticker", BTC)
        exchange.time += 1_100
        await stage.until(lambda: stage.of(Micro))
    assert asked == 3, "a book in order is not asked for again"
