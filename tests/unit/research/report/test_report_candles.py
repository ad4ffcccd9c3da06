"""The candles of a chart: the very prices, on a timeframe on which the trade fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.backtest.tape import HIGH, LOW
from research.report.candles import Chart, chart_of, digits_of
from shared.domain.timeframes import DAY, MINUTE
from tests.support.research.results import NEW_YEAR
from tests.support.research.runs import walk

TAPE = walk(minutes=20 * 1_440)


def decoded(chart: Chart) -> list[tuple[float, ...] | None]:
    """As trade.js reads them: open, high, low, close."""
    found: list[tuple[float, ...] | None] = []
    close = place = 0
    while place < len(chart.bars):
        first = chart.bars[place]
        if first is None:
            found.append(None)
            place += 1
            continue
        change, above, below = (each or 0 for each in chart.bars[place + 1 : place + 4])
        opened = close + first
        close = opened + change
        high, low = max(opened, close) + above, min(opened, close) - below
        found.append(tuple(each / 10**chart.digits for each in (opened, high, low, close)))
        place += 4
    return found


@pytest.mark.parametrize(
    ("minutes", "timeframe"),
    [
        (0, "1m"),
        (80, "1m"),
        (81, "5m"),
        (400, "5m"),
        (1_200, "15m"),
        (4_800, "1h"),
        (4_801, "4h"),
        (19_200, "4h"),
        (20_000, "1d"),
    ],
)
def test_timeframe_is_the_finest_on_which_the_trade_fits(minutes: int, timeframe: str) -> None:
    """BT-3: a trade of an hour is drawn in minutes, one of a week in hours."""
    begin = NEW_YEAR + DAY
    chart = chart_of(TAPE, "BTCUSDT", begin, begin + minutes * MINUTE, begin, 1)
    assert chart.timeframe == timeframe
    assert len(decoded(chart)) <= 202


@given(st.integers(0, 18_000), st.integers(0, 3_000), st.integers(0, 5_000))
def test_drawn_prices_are_those_of_the_minutes(start: int, length: int, back: int) -> None:
    """BT-3: highest and lowest of every drawn stretch are those that were played."""
    begin = NEW_YEAR + start * MINUTE
    chart = chart_of(TAPE, "BTCUSDT", begin, begin + length * MINUTE, begin - back * MINUTE, 1)
    columns = TAPE.columns["BTCUSDT"]
    assert chart.start % chart.step == 0
    for place, candle in enumerate(decoded(chart)):
        row = (chart.start - NEW_YEAR) // MINUTE + place * chart.step // MINUTE
        part = columns[:, max(row, 0) : row + chart.step // MINUTE]
        assert candle is not None
        assert candle == pytest.approx((part[0, 0], part[HIGH].max(), part[LOW].min(), part[3, -1]), abs=1e-9)


def test_minutes_without_a_candle_leave_a_hole() -> None:
    """BT-3: a gap of the data is no flat line."""
    tape = walk(minutes=300)
    tape.columns["BTCUSDT"][:, 100:110] = np.nan
    begin = NEW_YEAR + 90 * MINUTE
    found = decoded(chart_of(tape, "BTCUSDT", begin, begin + 30 * MINUTE, begin, 1))
    assert found.count(None) == 10


@pytest.mark.parametrize(
    ("prices", "digits"), [((50_000.0, 49_999.5), 1), ((3.0, 4.0), 0), ((0.00001234, 0.1), 8), ((np.nan, 1.25), 2)]
)
def test_digits_are_those_of_the_prices(prices: tuple[float, ...], digits: int) -> None:
    """BT-3: no price is rounded, none has digits that the exchange does not know."""
    assert digits_of(np.array(prices)) == digits
