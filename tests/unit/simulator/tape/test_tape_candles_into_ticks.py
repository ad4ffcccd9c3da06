"""Candles become ticks and come back the same; the market's time may be cut into any steps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.candle_source import CandleSource
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE
from simulator.market.funding import ConstantFunding
from simulator.market.generator import GeneratedMarket
from simulator.tape.events import Event, Mark, MarketTrade, Quote, Settlement
from simulator.tape.grid import Grid
from simulator.tape.minute import Bar, generator_of, trades_of
from simulator.tape.settings import TapeSettings
from simulator.tape.tape_market import TapeMarket
from simulator.tape.tick_source import CandleTicks, NoMarket

START = 1_736_121_600_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")
GRIDS = {
    "BTCUSDT": Grid.of("BTCUSDT", Decimal("0.10"), Decimal("0.001"), 2, 3),
    "ETHUSDT": Grid.of("ETHUSDT", Decimal("0.01"), Decimal("0.001"), 2, 3),
}


class Given:
    """A source of these candles, one symbol."""

    def __init__(self, candles: Sequence[RawCandle | None], symbol: str = "BTCUSDT") -> None:
        self._candles = candles
        self.symbols = (symbol,)
        self.first = START + MINUTE
        self.last = START + len(candles) * MINUTE

    def __len__(self) -> int:
        return len(self._candles)

    def steps(self):  # type: ignore[no-untyped-def]  # the port says what it gives
        for number, candle in enumerate(self._candles):
            yield START + (number + 1) * MINUTE, () if candle is None else (candle,)


def candle(number: int, *prices: float, volume: float = 1.0) -> RawCandle:
    first, high, low, last = prices
    return RawCandle(
        symbol="BTCUSDT", open_time=START + number * MINUTE, open=first, high=high, low=low, close=last, volume=volume
    )


def market_of(source: CandleSource, **changes: object) -> TapeMarket:
    tape = TapeSettings.model_validate({"history_minutes": 0, "trades_per_minute": 30, **changes})
    ticks = CandleTicks(source, GRIDS, tape, seed=3)
    return TapeMarket(ticks, GRIDS, ConstantFunding(source.symbols), tape)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low = draw(st.integers(1, 10**7))
    high = low + draw(st.integers(0, 10**4))
    inside = st.integers(low, high)
    return Bar(START, draw(inside), high, low, draw(inside), draw(st.integers(0, 10**6)))


@settings(max_examples=150, deadline=None)
@given(bar=bars(), seed=st.integers(0, 2**31), most=st.integers(4, 200))
def test_the_trades_of_a_minute_add_up_to_its_candle(bar: Bar, seed: int, most: int) -> None:
    """DATA-2: open, high, low, close and, from four steps on, volume; in time, within the minute, no more than asked for."""
    trades = trades_of(bar, generator_of(seed, "BTCUSDT", START), TapeSettings(trades_per_minute=most))
    if bar.volume == 0:
        assert trades == []
        return
    prices = [trade.price for trade in trades]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert sum(trade.quantity for trade in trades) == max(bar.volume, 4)
    assert all(trade.quantity >= 1 for trade in trades)
    times = [trade.time for trade in trades]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + MINUTE
    assert len(trades) <= most


def test_a_buyer_who_takes_trades_at_the_ask_and_a_seller_at_the_bid() -> None:
    """DATA-8: quote and trade agree, and the book is never crossed."""
    market = market_of(GeneratedMarket(("BTCUSDT",), START, 1.0, 5))
    quote: Quote | None = None
    for event in market.advance(START + 10 * MINUTE):
        if isinstance(event, Quote):
            quote = event
            assert quote.bid < quote.ask
        elif isinstance(event, MarketTrade):
            assert quote is not None
            assert event.price == (quote.bid if event.buyer_is_maker else quote.ask)


def test_the_klines_are_the_candles_that_the_market_is_made_of() -> None:
    """DATA-2: number for number, over an hour of two symbols."""
    source = GeneratedMarket(SYMBOLS, START, 1.0, 5)
    market = market_of(source)
    for _ in market.advance(START + 60 * MINUTE):
        pass
    expected = {(each.symbol, each.open_time): each for _, candles in source.steps() for each in candles}
    for symbol in SYMBOLS:
        closed = market[symbol].klines.closed("1m")
        assert len(closed) == 60
        for kline in closed:
            source_candle, grid = expected[symbol, kline.open_time], GRIDS[symbol]
            ours = (kline.open, kline.high, kline.low, kline.close)
            theirs = (source_candle.open, source_candle.high, source_candle.low, source_candle.close)
            assert ours == tuple(grid.ticks(price) for price in theirs)
            assert kline.volume == grid.steps(source_candle.volume)


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.integers(1, 90_000), min_size=1, max_size=12))
def test_time_may_be_cut_into_any_steps(steps: list[int]) -> None:
    """BT-1: the events are the same ones, however the market was advanced."""
    end = START + 3 * MINUTE
    whole = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5))
    cut = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5))
    expected = list(whole.advance(end))
    found: list[Event] = []
    for step in steps:
        if cut.time + step < end:
            found += cut.advance(cut.time + step)
    found += cut.advance(end)
    assert found == expected


def test_nothing_of_the_future_is_told() -> None:
    """Causality: what happens at T belongs to the next call; marks and funding of T do not."""
    market = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5))
    for to in range(START, START + 2 * MINUTE, 777):
        for event in market.advance(to):
            assert event.time < to or (event.time == to and isinstance(event, Mark | Settlement))


def test_a_minute_without_a_candle_is_flat() -> None:
    """DATA-4: the exchange makes a kline of every minute; nobody traded in this one."""
    market = market_of(Given([candle(0, 100, 102, 99, 101), None, candle(2, 101, 103, 101, 103)]))
    list(market.advance(START + 3 * MINUTE))
    rows = [(k.open, k.high, k.low, k.close, k.volume, k.trades) for k in market["BTCUSDT"].klines.closed("1m")]
    assert rows[1] == (1010, 1010, 1010, 1010, 0, 0)
    assert [row[:4] for row in (rows[0], rows[2])] == [(1000, 1020, 990, 1010), (1010, 1030, 1010, 1030)]


def test_after_the_last_candle_the_market_stands_still() -> None:
    """OPS-9: marks go on, prices do not move."""
    market = market_of(Given([candle(0, 100, 102, 99, 101)]))
    list(market.advance(START + MINUTE))
    later = list(market.advance(START + 2 * MINUTE))
    assert market.finished
    assert {type(event) for event in later} == {Mark}
    assert market["BTCUSDT"].last_price == 1010


def test_history_is_there_before_the_first_tick() -> None:
    """DATA-5: what a client asks for to warm up; its trades have numbers too."""
    market = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5), history_minutes=120)
    assert market.start == START + 120 * MINUTE
    klines = market["BTCUSDT"].klines
    assert [kline.open_time for kline in klines.closed("1m")] == [START + n * MINUTE for n in range(120)]
    assert len(klines.closed("1h")) == 2
    assert klines.closed("1h")[0].volume == sum(kline.volume for kline in list(klines.closed("1m"))[:60])
    assert market["BTCUSDT"].next_trade == 1 + sum(kline.trades for kline in klines.closed("1m"))


def test_a_market_that_is_shorter_than_its_history_is_refused() -> None:
    """The message says what to change."""
    with pytest.raises(NoMarket, match="history_minutes"):
        market_of(Given([candle(0, 100, 102, 99, 101)]), history_minutes=60)
    with pytest.raises(NoMarket, match="no candle at the start"):
        market_of(Given([None, candle(1, 100, 102, 99, 101)]))


def test_funding_is_settled_at_its_times_at_the_mark() -> None:
    """BT-1: every eight hours, and the next time is known before."""
    market = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5), history_minutes=470, trades_per_minute=4)
    list(market.advance(START + 479 * MINUTE))
    assert market["BTCUSDT"].mark.next_funding == START + 480 * MINUTE
    events = list(market.advance(START + 480 * MINUTE))
    settled = [event for event in events if isinstance(event, Settlement)]
    assert [(each.symbol, each.rate) for each in settled] == [(symbol, Decimal("0.0001")) for symbol in SYMBOLS]
    assert settled[0].mark == market["BTCUSDT"].mark.mark
    assert market["BTCUSDT"].mark.next_funding == START + 960 * MINUTE


class Hourly:
    """Funding at the first two full hours, then no more."""

    _DUE: Final = {START + 60 * MINUTE: Decimal("0.0003"), START + 120 * MINUTE: Decimal("-0.0002")}

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        return {"BTCUSDT": self._DUE[close_time]} if close_time in self._DUE else {}

    def next_of(self, symbol: str, now: int) -> tuple[int, Decimal] | None:
        return next(((at, rate) for at, rate in self._DUE.items() if at > now), None)


def test_the_schedules_next_funding_is_announced_with_its_rate() -> None:
    """EXEC-9: hourly rows hourly; after the last one neither time nor rate."""
    tape = TapeSettings(history_minutes=0, trades_per_minute=4)
    ticks = CandleTicks(GeneratedMarket(("BTCUSDT",), START, 0.25, 5), GRIDS, tape, seed=3)
    market = TapeMarket(ticks, GRIDS, Hourly(), tape)
    told, hours = [], []
    for minute in (1, 61, 121):
        list(market.advance(START + minute * MINUTE))
        told.append((market["BTCUSDT"].mark.next_funding, market["BTCUSDT"].mark.rate))
        hours.append(market.funding_hours("BTCUSDT"))
    assert hours == [1, 1, None]
    assert told == [(START + 60 * MINUTE, Decimal("0.0003")), (START + 120 * MINUTE, Decimal("-0.0002")), (0, Decimal(0))]
    assert [(each.time, each.rate) for each in market.settled["BTCUSDT"]] == told[:2]


def gapped(*prices: float, spread: float = 0.0) -> list[RawCandle | None]:
    """Flat candles at these prices, 0 = none."""
    return [candle(n, p, p + spread, p - spread, p, volume=10.0) if p else None for n, p in enumerate(prices)]


def test_mark_and_index_follow_a_price_gap_at_once_and_before_the_first_trade_after_it() -> None:
    """BT-1: between two candles, and after minutes without any; a small step is followed slowly."""
    market = market_of(Given(gapped(100, 100, 85, 0, 0, 850, 851)))
    events = list(market.advance(START + 7 * MINUTE))
    before: Mark | None = None
    for event in events:
        if isinstance(event, Mark):
            before = event
        elif isinstance(event, MarketTrade):
            price = GRIDS["BTCUSDT"].price(event.price)
            assert before is not None
            assert abs(before.mark / price - 1) < Decimal("0.003"), (price, before)
    leaps = [event.mark for event in events if isinstance(event, Mark) and event.time % 1_000]
    assert [round(float(mark)) for mark in leaps] == [85, 850]


def test_within_a_minute_the_index_follows_with_delay() -> None:
    """BT-1: however wild the minute is; that is what keeps a single trade from liquidating."""
    market = market_of(Given([candle(0, 100, 100, 100, 100), candle(1, 100, 130, 80, 120, volume=100.0)]))
    assert all(event.time % 1_000 == 0 for event in market.advance(START + 2 * MINUTE) if isinstance(event, Mark))


def test_funding_of_the_history_is_known() -> None:
    """DATA-7: what a client asks for at its start."""
    market = market_of(GeneratedMarket(SYMBOLS, START, 1.0, 5), history_minutes=1_000, trades_per_minute=4)
    settled = market.settled["BTCUSDT"]
    assert [each.time for each in settled] == [START + 480 * MINUTE, START + 960 * MINUTE]
    assert settled[0].mark == GRIDS["BTCUSDT"].price(market["BTCUSDT"].klines.closed("1m")[479].close)


def test_a_price_set_by_hand_moves_everything_after_it() -> None:
    """OPS-9: quote, trades, klines and mark move together; the later path keeps its shape."""
    market = market_of(GeneratedMarket(("BTCUSDT",), START, 1.0, 5))
    list(market.advance(START + MINUTE))
    wanted = Decimal("50000.0")
    mark, quote, trade = market.jump("BTCUSDT", market["BTCUSDT"].tilt_to(wanted))
    assert isinstance(mark, Mark)
    assert abs(mark.mark / wanted - 1) < Decimal("0.0002")
    assert isinstance(quote, Quote)
    assert isinstance(trade, MarketTrade)
    assert GRIDS["BTCUSDT"].price(quote.bid) == wanted == GRIDS["BTCUSDT"].price(trade.price)
    list(market.advance(START + 2 * MINUTE))
    assert abs(market["BTCUSDT"].mark.mark / wanted - 1) < Decimal("0.01")
    kline = market["BTCUSDT"].klines.closed("1m")[-1]
    assert GRIDS["BTCUSDT"].price(kline.high) < 52_000
    book = market["BTCUSDT"].book(market.time)
    assert max(book.bids) == market["BTCUSDT"].quote.bid < min(book.asks) == market["BTCUSDT"].quote.ask
