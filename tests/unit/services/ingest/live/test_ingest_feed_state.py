"""Feed state: every kind of event ends where it belongs, and strangers end nowhere."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from services.ingest.live.feed_state import FeedState
from services.ingest.settings.live import LiveSettings
from shared.domain.control import FundingDue, MarkPrices, Micro
from shared.exchange.model import market_data
from shared.exchange.model.streams import Heard, KlineEvent, LiquidationEvent, MarketEvent, StreamKind, StreamName
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, at, depth, diff, kline, ticker, trade


def feed_state(**settings: object) -> FeedState:
    return FeedState(0, (BTC,), at(1), LiveSettings.model_validate(settings))


def say(to: FeedState, kind: StreamKind, event: MarketEvent, symbol: str = BTC) -> object:
    name = StreamName(kind, symbol, "1m" if kind == "kline" else None)
    return to.hear(Heard(name, event, 0.0), MONDAY)


def mark(time: int, next_funding: int) -> market_data.MarkPrice:
    return market_data.MarkPrice(
        symbol=BTC, time=time, mark=Decimal(100), index=Decimal(0), funding_rate=Decimal("0.0001"), next_funding=next_funding
    )


def test_every_kind_of_event_ends_where_it_belongs() -> None:
    """DATA-1: klines make minutes, the rest makes a second of flow and the mark price."""
    one = feed_state()
    one.books[BTC].snapshot(depth(100, ((99.0, 1.0),), ((101.0, 1.0),)))
    say(one, "kline", KlineEvent(time=at(1), kline=kline(0)))
    say(one, "book_ticker", ticker(at(1)))
    say(one, "agg_trade", trade(2.0))
    say(one, "depth", diff(99, 105, bids=((98.0, 2.0),)))
    say(one, "liquidation", LiquidationEvent(symbol=BTC, time=at(1), side="BUY", quantity=4.0, price=100.0))
    say(one, "mark_price", mark(at(1), at(480)))
    assert [step.close_time for step in one.board.ready(at(1), 0)] == [at(1)]
    micro, told = one.flow(at(1))
    assert isinstance(micro, Micro)
    assert (micro.trade_delta, micro.liquidated) == (2.0, 4.0)
    assert micro.imbalance == pytest.approx(0.5)
    assert isinstance(told, MarkPrices)
    (price,) = told.prices
    assert price.index == price.mark == 100.0, "without an index the mark serves"
    assert one.now == at(1)


def test_a_gap_in_the_book_is_reported_and_an_interrupted_stream_voids_it() -> None:
    """ICT-14."""
    one = feed_state()
    one.books[BTC].snapshot(depth(100, (), ()))
    say(one, "depth", diff(200, 205))
    assert one.broken == {BTC}
    one.broken.clear()
    one.books[BTC].snapshot(depth(205, (), ()))
    one.void_books([BTC, ETH])
    assert one.broken == {BTC}
    assert not one.books[BTC].synced


def test_without_depth_streams_there_is_no_book() -> None:
    one = feed_state(depth=False)
    assert one.books == {}
    assert say(one, "depth", diff(1, 2)) is None
    one.void_books([BTC])
    assert one.broken == set()


def test_a_funding_that_passed_is_a_consequence() -> None:
    """RISK-6."""
    one = feed_state()
    say(one, "mark_price", mark(at(479, 59.0), at(480)))
    due = say(one, "mark_price", mark(at(480, 1.0), at(960)))
    assert isinstance(due, FundingDue)
    assert (due.symbol, due.time) == (BTC, at(480))


def test_streams_that_nobody_asked_for_change_nothing() -> None:
    one = feed_state()
    assert say(one, "kline", KlineEvent(time=at(9), kline=kline(0, ETH)), ETH) is None
    assert one.now == 0


def test_time_is_that_of_the_newest_event() -> None:
    """DATA-3: events may come out of order; the exchange's time does not go back."""
    one = feed_state()
    for time in (at(3), at(2)):
        say(one, "book_ticker", msgspec.structs.replace(ticker(time), time=time))
    assert one.now == at(3)
