"""Indicators over a window are TA-Lib's batch over it; those that forget are its batch over the whole series (SIG-4)."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from services.signals.indicators import deviation, macd, rsi, sma
from services.signals.strategies.classical import moving_averages
from services.signals.strategies.classical.macd import STRATEGY as MACD
from services.signals.strategies.classical.macd import MacdSettings
from services.signals.strategies.classical.rsi_extremes import STRATEGY as RSI
from services.signals.strategies.classical.rsi_extremes import RsiExtremesSettings
from services.signals.view.history import Bars

#: Tick sizes of cheap and dear markets; the first price is some ten thousand ticks.
TICKS = st.sampled_from([1e-7, 1e-4, 0.01, 0.1])


@st.composite
def series(draw: st.DrawFn, least: int = 60, most: int = 200) -> list[float]:
    """Prices on a grid of ticks that walk at random, sometimes standing still."""
    tick = draw(TICKS)
    at, found = draw(st.integers(20_000, 900_000)), []
    for step in draw(st.lists(st.integers(-60, 60) | st.just(0), min_size=least, max_size=most)):
        at += step
        found.append(round(at * tick, 7))
    return found


def near(value: float, expected: float, scale: float) -> bool:
    """Whether two numbers agree to nine digits of ``scale``."""
    return math.isclose(value, expected, rel_tol=0.0, abs_tol=1e-9 * scale)


@given(prices=series(), period=st.integers(2, 50))
def test_an_average_that_forgets_equals_the_batch_over_the_whole_series(prices: list[float], period: int) -> None:
    """SIG-4: a strategy that keeps a window loses nothing."""
    whole = np.array(prices)
    averages, deviations = talib.SMA(whole, period), talib.STDDEV(whole, period)
    for end in range(period, len(prices) + 1, 7):
        window = prices[end - period : end]
        assert near(sma(window, period), averages[end - 1], prices[0])
        assert near(deviation(window, period), deviations[end - 1], prices[0])


@given(prices=series(), fast=st.integers(2, 11), slow=st.integers(12, 30), signal=st.integers(2, 12))
def test_an_index_that_never_forgets_equals_the_batch_over_the_window(
    prices: list[float], fast: int, slow: int, signal: int
) -> None:
    batch = talib.MACD(np.array(prices), fast, slow, signal)
    for own, theirs in zip(macd(prices, fast, slow, signal), batch, strict=False):
        assert not np.isnan(theirs[-len(own) :]).any()
        assert np.isnan(theirs[: -len(own)]).all()
        assert all(near(one, other, prices[0]) for one, other in zip(own, theirs[-len(own) :], strict=True))
    strengths, theirs = rsi(prices, slow), talib.RSI(np.array(prices), slow)[slow:]
    still = [len(set(prices[: end + 1])) == 1 for end in range(slow, len(prices))]  # there TA-Lib says 0, and we 50
    expected = [50.0 if quiet else other for quiet, other in zip(still, theirs, strict=True)]
    assert all(near(one, other, 1e4) for one, other in zip(strengths, expected, strict=True))


@given(prices=series(least=50, most=50))
def test_average_and_deviation_are_exact_to_fourteen_digits_of_the_moves(prices: list[float]) -> None:
    """Against rational arithmetic: nothing is lost to the size of the price."""
    exact = [Fraction(price) for price in prices]
    mean = sum(exact) / 50
    spread = math.sqrt(sum((price - mean) ** 2 for price in exact) / 50)
    assert math.isclose(sma(prices, 50), float(mean), rel_tol=4e-16)
    assert math.isclose(deviation(prices, 50), spread, rel_tol=1e-12, abs_tol=1e-14 * prices[0])


@given(price=st.floats(1e-7, 1e6), before=st.lists(st.floats(1e-7, 1e6), max_size=40), period=st.integers(2, 60))
def test_where_nothing_moves_averages_are_the_price_and_spreads_are_zero(
    price: float, before: list[float], period: int
) -> None:
    still = [*before, *[price] * period]
    assert sma(still, period) == price
    assert deviation(still, period) == 0.0


def crosses(prices: list[float]) -> bool:
    return (
        moving_averages.read(Bars(prices, prices, prices), moving_averages.MovingAveragesSettings(), told=False).side
        is not None
    )


@given(falls=st.lists(st.integers(1, 300), min_size=51, max_size=80), start=st.integers(30_000, 900_000), tick=TICKS)
def test_a_market_that_falls_and_then_stands_still_has_no_cross(falls: list[int], start: int, tick: float) -> None:
    """The fast average comes up to the slow one from below, and never lies above it."""
    at, prices = start, []
    for fall in falls:
        at -= fall
        prices.append(round(at * tick, 7))
    prices += [prices[-1]] * 70
    assert [end for end in range(52, len(prices) + 1) if crosses(prices[:end])] == []


@pytest.mark.parametrize(
    "average",
    [
        lambda prices, period: float(talib.SMA(np.array(prices[-period:]), period)[-1]),
        lambda prices, period: math.fsum(prices[-period:]) / period,
    ],
    ids=["TA-Lib over prices", "exact sums of prices"],
)
def test_averages_that_are_rounded_on_the_scale_of_the_price_are_caught(
    monkeypatch: pytest.MonkeyPatch, average: Callable[[list[float], int], float]
) -> None:
    """The specimens: with either of them a market that stands still seems to cross."""
    monkeypatch.setattr(moving_averages, "sma", average)
    found = 0
    for market in range(40):
        prices = [round((1.2345 + 0.37 * market) * 0.998**step, 4) for step in range(60)]
        prices += [prices[-1]] * 60
        found += sum(crosses(prices[:end]) for end in range(100, 120))
    assert found > 0


@given(slow=st.integers(3, 180), signal=st.integers(2, 60))
def test_the_windows_of_averages_that_never_forget_are_long_enough(slow: int, signal: int) -> None:
    """What an average began with weighs less than a hundredth at the newest close, for all settings that are allowed."""
    window = MACD.history(MacdSettings(fast=2, slow=slow, signal=signal))["15m"]
    line = window - slow  # values of the line after the slow average's first
    assert (1.0 - 2.0 / (slow + 1)) ** line < 0.01
    assert (1.0 - 2.0 / (signal + 1)) ** (line - signal) < 0.01
    period = min(slow, 150)
    window = RSI.history(RsiExtremesSettings(period=period))["15m"]
    assert (1.0 - 1.0 / period) ** (window - 1 - period) < 0.01


@given(prices=series(least=150, most=200), slow=st.integers(3, 26), signal=st.integers(2, 9))
def test_a_window_differs_from_the_whole_series_by_the_weight_of_its_beginning(
    prices: list[float], slow: int, signal: int
) -> None:
    """The line at the newest close, against TA-Lib's over everything: what the averages began with, and nothing else."""
    window = MACD.history(MacdSettings(fast=2, slow=slow, signal=signal))["15m"]
    whole, begun = np.array(prices), len(prices) - window + slow - 1
    own = macd(prices[-window:], 2, slow, signal)[0][-1]

    def left(period: int, seed: float) -> float:
        average = talib.EMA(whole, period)
        return float((average[begun] - seed) * (1.0 - 2.0 / (period + 1)) ** (len(prices) - 1 - begun))

    seeds = {period: math.fsum(prices[begun - period + 1 : begun + 1]) / period for period in (2, slow)}
    expected = talib.EMA(whole, 2)[-1] - talib.EMA(whole, slow)[-1] - left(2, seeds[2]) + left(slow, seeds[slow])
    assert near(own, expected, prices[0])
