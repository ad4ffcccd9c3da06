"""Micro messages, mark prices, fundings: what is told of the high-rate streams."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.ingest.live.book import LocalBook
from services.ingest.live.funding import FundingPassed, FundingWatch
from services.ingest.live.micro import MicroMeter
from services.ingest.settings.live import BookSettings
from shared.domain.control import FundingDue, MarkPrice
from shared.domain.timeframes import MINUTE
from shared.exchange.model import market_data
from shared.exchange.model.streams import LiquidationEvent
from tests.support.ingest.live_scenes import BTC, MONDAY, depth, ticker, trade

HOUR = 60 * MINUTE


def forced(quantity: float, side: str) -> LiquidationEvent:
    return LiquidationEvent(symbol=BTC, time=MONDAY, side=side, quantity=quantity, price=100.0)  # type: ignore[arg-type]  # a Side


def test_a_second_of_flow_is_one_message() -> None:
    """ICT-14: spread, imbalance, trade delta; forced orders are counted apart."""
    meter = MicroMeter(BTC, 5_000)
    meter.ticker(ticker(MONDAY))
    for each in (trade(2.0), trade(0.5, sold=True)):
        meter.trade(each)
    meter.liquidation(forced(3.0, "SELL"))
    micro = meter.take(MONDAY + 1_000, None)
    assert micro is not None
    assert (micro.bid, micro.ask, micro.imbalance) == (99.0, 101.0, 0.5)
    assert (micro.trade_delta, micro.liquidated) == (1.5, -3.0)
    following = meter.take(MONDAY + 2_000, None)
    assert following is not None
    assert following.trade_delta == following.liquidated == 0.0


def test_the_imbalance_is_the_books_when_it_is_in_sequence() -> None:
    meter, book = MicroMeter(BTC, 5_000), LocalBook(BookSettings())
    meter.ticker(ticker(MONDAY))
    book.snapshot(depth(1, ((99.0, 1.0), (98.0, 2.0)), ((101.0, 1.0),)))
    micro = meter.take(MONDAY, book)
    assert micro is not None
    assert micro.imbalance == pytest.approx(0.5)


def test_nothing_is_told_from_a_stale_or_crossed_best_price() -> None:
    """RISK-2: wide-spread and stale-data checks must not rest on old flow."""
    meter = MicroMeter(BTC, 5_000)
    assert meter.take(MONDAY, None) is None
    meter.ticker(ticker(MONDAY))
    assert meter.take(MONDAY + 5_001, None) is None
    meter.ticker(ticker(MONDAY + 6_000, bid=102.0, ask=101.0))
    assert meter.take(MONDAY + 6_000, None) is None


def test_an_older_best_price_changes_nothing() -> None:
    meter = MicroMeter(BTC, 5_000)
    meter.ticker(ticker(MONDAY + 10, bid=100.0))
    meter.ticker(ticker(MONDAY, bid=50.0))
    micro = meter.take(MONDAY + 10, None)
    assert micro is not None
    assert micro.bid == 100.0
    assert meter.take(MONDAY + 10, None) is None, "time must move on between two messages"


def mark(time: int, rate: str = "0.0001", next_funding: int = MONDAY + 8 * HOUR) -> market_data.MarkPrice:
    return market_data.MarkPrice(
        symbol=BTC,
        time=time,
        mark=Decimal("100.5"),
        index=Decimal("100.4"),
        funding_rate=Decimal(rate),
        next_funding=next_funding,
    )


def test_the_mark_price_is_told_once_a_change() -> None:
    watch = FundingWatch(BTC, 60_000)
    assert watch.take() is None
    watch.hear(mark(MONDAY))
    told = watch.take()
    assert isinstance(told, MarkPrice)
    assert (told.mark, told.index, told.funding_rate) == (100.5, 100.4, 0.0001)
    assert watch.take() is None


def test_a_funding_time_that_passes_is_told_with_the_rate_that_held() -> None:
    """RISK-6: what was due is the last rate before the funding time."""
    watch = FundingWatch(BTC, 60_000)
    due = MONDAY + 8 * HOUR
    assert watch.hear(mark(due - 1_000, "0.0003")) is None
    assert watch.hear(mark(due + 500, "0.0001", due + 8 * HOUR)) == FundingDue(symbol=BTC, time=due, rate=Decimal("0.0003"))
    assert watch.hear(mark(due + 500, "0.0001", due + 8 * HOUR)) is None


def test_the_last_funding_of_a_schedule_that_ends_is_told_too() -> None:
    """RISK-6: after it the exchange announces none (0)."""
    watch = FundingWatch(BTC, 60_000)
    due = MONDAY + 8 * HOUR
    watch.hear(mark(due - 1_000, "0.0003"))
    assert watch.hear(mark(due + 500, "0", 0)) == FundingDue(symbol=BTC, time=due, rate=Decimal("0.0003"))
    assert watch.hear(mark(due + 1_500, "0", 0)) is None


def test_a_funding_time_that_passed_unheard_must_be_asked_for() -> None:
    watch = FundingWatch(BTC, 60_000)
    due = MONDAY + 8 * HOUR
    watch.hear(mark(due - 61_000))
    assert watch.hear(mark(due + HOUR, next_funding=due + 8 * HOUR)) == FundingPassed(symbol=BTC, time=due)


def test_a_funding_time_that_is_moved_has_not_passed() -> None:
    """RISK-6: the exchange changes intervals at short notice."""
    watch = FundingWatch(BTC, 60_000)
    watch.hear(mark(MONDAY))
    assert watch.hear(mark(MONDAY + 1_000, next_funding=MONDAY + 12 * HOUR)) is None
    assert watch.hear(mark(MONDAY + 2_000, next_funding=MONDAY + 4 * HOUR)) is None
    assert watch.hear(mark(MONDAY - 2_000, next_funding=MONDAY + 90 * HOUR)) is None, "older than what is known"
