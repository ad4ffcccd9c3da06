"""What a live minute tells beside its prices: its flow and means of its seconds, and the funding that was settled last."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.ingest.live.feed_state import FeedState
from services.ingest.live.minute_flow import MinuteFlow
from services.ingest.live.minutes import raw_of
from services.ingest.settings.live import LiveSettings
from shared.domain.candles import RawCandle
from shared.domain.control import FundingDue, Micro
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE
from shared.exchange.model import market_data
from shared.exchange.model.streams import Heard, KlineEvent, MarketEvent, StreamKind, StreamName
from simulator.market.funding import ConstantFunding
from tests.support.ingest.live_scenes import BTC, MONDAY, at, kline, ticker

EIGHT = 480  # minutes


def feed_state() -> FeedState:
    return FeedState(0, (BTC,), at(1), LiveSettings(depth=False))


def say(to: FeedState, kind: StreamKind, event: MarketEvent) -> object:
    return to.hear(Heard(StreamName(kind, BTC, "1m" if kind == "kline" else None), event, 0.0), MONDAY)


def mark(time: int, next_funding: int) -> market_data.MarkPrice:
    return market_data.MarkPrice(
        symbol=BTC, time=time, mark=Decimal(100), index=Decimal(100), funding_rate=Decimal("0.0001"),
        next_funding=next_funding,
    )  # fmt: skip


def minute(state: FeedState, number: int) -> RawCandle:
    """The candle of this minute, as it leaves when it is over."""
    say(state, "kline", KlineEvent(time=at(number + 1), kline=kline(number)))
    (step,) = state.ready(at(number + 1), 0, 10)
    return step.candles[0]


def micro(seconds: float, bid: float, ask: float, imbalance: float) -> Micro:
    return Micro(symbol=BTC, time=at(0, seconds), bid=bid, ask=ask, imbalance=imbalance, trade_delta=0.0)


def test_a_kline_tells_what_takers_bought_and_how_many_trades() -> None:
    """ICT-14, DATA-1: the stream and REST alike."""
    for backfilled in (False, True):
        assert raw_of(kline(0), backfilled=backfilled).flow == CandleFlow(taker_bought=1.0, trades=3)


def test_spread_and_imbalance_of_a_minute_are_the_means_of_its_seconds() -> None:
    """ICT-14: a second counts for the minute in which it lies; a minute without one tells neither."""
    flow, bare = MinuteFlow(), raw_of(kline(0), backfilled=False)
    for each in (micro(0.0, 99.0, 101.0, 0.5), micro(59.9, 99.5, 100.5, -0.1), micro(60.0, 1.0, 3.0, 1.0)):
        flow.take(each)
    told = flow.dressed(bare).flow
    assert told is not None
    assert told.spread == pytest.approx(0.015)
    assert told.imbalance == pytest.approx(0.2)
    assert (told.taker_bought, told.trades) == (1.0, 3)
    assert flow.dressed(bare) == bare, "it was told"
    assert flow.dressed(raw_of(kline(2), backfilled=True)).flow == CandleFlow(taker_bought=1.0, trades=3)


def test_seconds_of_minutes_that_never_leave_are_forgotten() -> None:
    """Invariant 6."""
    flow = MinuteFlow()
    for number in range(1_000):
        flow.take(micro(60.0 * number, 99.0, 101.0, 0.0))
    assert len(flow._minutes) <= 120


def test_a_step_leaves_with_the_flow_of_its_seconds() -> None:
    state = feed_state()
    for second in range(1, 60):
        say(state, "book_ticker", ticker(at(0, second)))
        state.flow(at(0, second))
    flow = minute(state, 0).flow
    assert flow is not None
    assert flow.spread == pytest.approx(0.02)
    assert flow.imbalance == pytest.approx(0.5)
    later = minute(state, 1).flow
    assert later is not None
    assert later.spread is None


def test_a_live_minute_knows_the_same_funding_as_a_replayed_one() -> None:
    """RISK-6, invariant 2: read at the start, then heard settlement by settlement."""
    state, replayed = feed_state(), ConstantFunding((BTC,), "0.0001")
    state.settle(BTC, [market_data.FundingRate(symbol=BTC, time=MONDAY + 3, rate=Decimal("0.0001"), mark=Decimal(100))])
    for number in range(2 * EIGHT + 3):
        upcoming = (number // EIGHT + 1) * EIGHT
        for second in (0.5, 30.0, 59.0):
            say(state, "mark_price", mark(at(number, second), at(upcoming)))
        if number and number % EIGHT == 0:
            assert minute(state, number).funding == SettledFunding(rate=0.0001, time=at(number))
        else:
            assert minute(state, number).funding == replayed.known(BTC, at(number + 1))


def test_no_funding_is_told_while_the_newest_settlement_has_not_been_heard() -> None:
    """Never guess: neither the rate before, nor the predicted one."""
    state = feed_state()
    assert minute(state, 0).funding is None, "none is known yet"
    state.settle(BTC, [market_data.FundingRate(symbol=BTC, time=MONDAY, rate=Decimal("0.0002"), mark=Decimal(100))])
    say(state, "mark_price", mark(at(1), at(3)))
    assert minute(state, 1).funding == SettledFunding(rate=0.0002, time=MONDAY)
    assert minute(state, 2).funding == SettledFunding(rate=0.0002, time=MONDAY)
    assert minute(state, 3).funding is None, "its time has passed, and no mark price said so"
    passed = say(state, "mark_price", mark(at(3) + MINUTE + 59_000, at(3 + EIGHT)))
    assert passed is not None
    assert not isinstance(passed, FundingDue), "the streams were silent: it must be asked for"
    assert minute(state, 4).funding is None
    state.settle(BTC, [market_data.FundingRate(symbol=BTC, time=at(3), rate=Decimal("-0.0003"), mark=Decimal(100))])
    assert minute(state, 5).funding == SettledFunding(rate=-0.0003, time=at(3))


def test_a_settlement_that_the_exchange_does_not_have_is_waited_for_no_longer() -> None:
    state = feed_state()
    state.settle(BTC, [market_data.FundingRate(symbol=BTC, time=MONDAY, rate=Decimal("0.0002"), mark=Decimal(100))])
    say(state, "mark_price", mark(at(0), at(1)))
    say(state, "mark_price", mark(at(2, 59.0), at(EIGHT)))
    assert [minute(state, number).funding is None for number in range(3)] == [False, True, True]
    state.settle(BTC, [])
    assert minute(state, 3).funding == SettledFunding(rate=0.0002, time=MONDAY)
