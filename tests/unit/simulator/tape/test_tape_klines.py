"""Klines of every interval."""

from __future__ import annotations

import pytest

from shared.domain.timeframes import DAY, MINUTE, TIMEFRAMES, open_time
from simulator.tape.day import rolling_day
from simulator.tape.events import MarketTrade
from simulator.tape.intervals import INTERVALS, closes_at, opens_at
from simulator.tape.klines import KlineBook

#: Monday 2025-01-06T00:00Z.
START = 1_736_121_600_000


def filled(minutes: int, kept: int = 10_000) -> KlineBook:
    """One trade a minute, at a price that goes up and down; every third minute nobody trades."""
    book = KlineBook(kept)
    for number in range(minutes):
        book.roll(START + number * MINUTE, 1_000)
        if number % 3 != 1:
            book.add(
                MarketTrade(
                    "BTCUSDT", START + number * MINUTE, number + 1, 1_000 + number * 7 % 50, 2 + number, number % 2 > 0
                )
            )
    book.roll(START + minutes * MINUTE, 1_000)
    return book


@pytest.fixture(scope="module")
def nine_days() -> KlineBook:
    return filled(9 * 1_440, kept=20_000)


@pytest.mark.parametrize("interval", [each for each in INTERVALS if each not in ("1m", "1M")])
def test_a_coarse_kline_is_the_sum_of_its_minutes(interval: str, nine_days: KlineBook) -> None:
    """DATA-2: open of the first, close of the last, extremes, and sums of all else."""
    minutes = list(nine_days.closed("1m"))
    assert nine_days.closed(interval)
    for kline in nine_days.closed(interval):
        first, after = ((at - START) // MINUTE for at in (kline.open_time, closes_at(kline.open_time, interval)))
        parts = [each for each in minutes[max(0, first) : after] if each.trades]
        assert kline.open == parts[0].open
        assert kline.close == parts[-1].close
        assert kline.high == max(each.high for each in parts)
        assert kline.low == min(each.low for each in parts)
        for name in ("volume", "turnover", "trades", "taker_volume", "taker_turnover"):
            assert getattr(kline, name) == sum(getattr(each, name) for each in parts)
        assert (kline.first_trade, kline.last_trade) == (parts[0].first_trade, parts[-1].last_trade)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_intervals_open_where_the_timeframes_do(timeframe: str) -> None:
    """DATA-2: one definition of the UTC boundaries, also of weeks."""
    for at in range(START - DAY, START + 8 * DAY, 3_599_000):
        assert opens_at(at, timeframe) == open_time(at, timeframe)  # type: ignore[arg-type]  # TIMEFRAMES are Timeframe


def test_months_are_those_of_the_calendar() -> None:
    """The exchange's 1M."""
    january, february, march = 1_735_689_600_000, 1_738_368_000_000, 1_740_787_200_000
    assert opens_at(START, "1M") == january
    assert (closes_at(january, "1M"), closes_at(february, "1M")) == (february, march)


def test_the_open_kline_has_what_was_traded_so_far() -> None:
    """DATA-2: the unfinished kline of a coarse interval is the finished minutes and the open one."""
    book = filled(7)
    book.add(MarketTrade("BTCUSDT", START + 7 * MINUTE, 99, 5_000, 1, buyer_is_maker=False))
    unfinished = book.open("5m")
    assert unfinished is not None
    assert (unfinished.open_time, unfinished.high, unfinished.close) == (START + 5 * MINUTE, 5_000, 5_000)
    assert unfinished.last_trade == 99


@pytest.mark.parametrize(
    ("start", "end", "limit", "expected"),
    [
        (None, None, 3, (8, 9, 10)),
        (2, None, 3, (2, 3, 4)),
        (None, 5, 3, (3, 4, 5)),
        (2, 3, 10, (2, 3)),
        (9, None, 10, (9, 10)),
        (50, None, 10, ()),
    ],
)
def test_a_span_is_cut_as_the_exchange_cuts_it(
    start: int | None, end: int | None, limit: int, expected: tuple[int, ...]
) -> None:
    """DATA-5: from a start the first ones, else the last ones; the unfinished kline comes along."""
    book = filled(10)
    times = [None if each is None else START + each * MINUTE for each in (start, end)]
    found = book.between("1m", *times, limit)
    assert [(kline.open_time - START) // MINUTE for kline in found] == list(expected)


def test_no_more_is_kept_than_was_asked_for() -> None:
    """Boundedness: klines do not pile up."""
    book = filled(5_000, kept=1_500)
    assert len(book.closed("1m")) == 1_500


def test_the_rolling_day_has_1440_minutes() -> None:
    """DATA-1: the 24 hours of the ticker end with the open minute."""
    book = filled(3_000)
    minute = book.open("1m")
    assert minute is not None
    day = rolling_day(book.closed("1m"), minute)
    assert day.open_time == START + (3_000 - 1_439) * MINUTE
    assert day.trades == sum(1 for number in range(3_000 - 1_439, 3_000) if number % 3 != 1)
