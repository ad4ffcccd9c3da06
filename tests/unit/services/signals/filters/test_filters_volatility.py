"""The volatility filter: too calm and too wild, by rank and by itself (SIG-6)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.signals.filters.volatility import VolatilitySettings, gates, rank_of, volatilities
from services.signals.gates import failed
from services.signals.view.history import Bars
from tests.support.signals.filter_scenes import market, market_view

ANY = {"lowest_rank": 0.0, "highest_rank": 1.0}


def candles(*ranges: float) -> list[tuple[float, float, float]]:
    """(high, low, close) of candles around 100 that close there."""
    return [(100.0 + each / 2.0, 100.0 - each / 2.0, 100.0) for each in ranges]


def reasons(ranges: list[float], **changes: object) -> tuple[str, ...]:
    settings = VolatilitySettings(**({"period": 1, "window": 4} | changes))
    return failed(gates(market_view(bars=candles(*ranges)), market(100.0, 99.0), settings))


@pytest.mark.parametrize(
    ("ranges", "changes", "expected"),
    [
        ([9.0, 1.0, 2.0, 3.0, 4.0, 2.5], {}, ()),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 5.0], {}, ("volatility_extreme",)),  # wilder than all four before
        ([9.0, 1.0, 2.0, 3.0, 4.0, 0.5], {}, ("volatility_extreme",)),  # calmer than all four before
        ([9.0, 1.0, 2.0, 3.0, 4.0, 5.0], ANY, ()),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 0.5], ANY, ()),
        ([9.0, 2.0, 2.0, 2.0, 2.0, 2.0], {}, ()),  # all alike is no extreme
        ([9.0, 1.0, 2.0, 3.0, 4.0, 3.5], {"highest_rank": 0.75}, ()),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 3.5], {"highest_rank": 0.74}, ("volatility_extreme",)),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 1.5], {"lowest_rank": 0.26}, ("volatility_extreme",)),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 2.5], {"lowest": 0.024}, ()),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 2.5], {"lowest": 0.026}, ("volatility_extreme",)),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 2.5], {"highest": 0.026}, ()),
        ([9.0, 1.0, 2.0, 3.0, 4.0, 2.5], {"highest": 0.024}, ("volatility_extreme",)),
        ([1.0, 2.0, 3.0, 4.0, 2.5], {}, ("warming_up",)),  # five candles make only three before
    ],
)
def test_markets_too_calm_or_too_wild_are_no_moment_to_enter(ranges, changes, expected) -> None:
    """SIG-6: no entries in extreme conditions, and none while nobody knows."""
    assert reasons(ranges, **changes) == expected


def test_the_true_range_reaches_to_the_close_before_and_is_averaged() -> None:
    """SIG-6: a candle that opens far from the last close is as wide as the jump."""
    bars = Bars([100.0, 111.0, 112.0], [100.0, 109.0, 108.0], [100.0, 110.0, 110.0])
    assert volatilities(bars, 1) == pytest.approx([11.0 / 110.0, 4.0 / 110.0])
    assert volatilities(bars, 2) == pytest.approx([7.5 / 110.0])


@pytest.mark.parametrize(("value", "rank"), [(0.0, 0.0), (1.0, 0.125), (2.0, 0.5), (2.5, 0.75), (9.0, 1.0)])
def test_of_equal_ones_half_are_lower(value, rank) -> None:
    assert rank_of(value, [1.0, 2.0, 2.0, 3.0]) == rank


def test_every_gate_says_its_numbers() -> None:
    """SIG-7: shown by why-not."""
    settings = VolatilitySettings(period=1, window=4, highest=0.02)
    found = gates(market_view(bars=candles(9.0, 1.0, 2.0, 3.0, 4.0, 2.5)), market(100.0, 99.0), settings)
    assert [each.name for each in found if not each.passed] == ["too_wild"]
    assert found[-1].text == "The mean true range is 2.500% of the price; at most 2.000% is accepted."
    assert found[1].text == "Volatility ranks 50.0% among the 4 candles before; at least 1.000% is accepted."


@pytest.mark.parametrize("wrong", [{"lowest_rank": 0.6, "highest_rank": 0.5}, {"lowest": 0.02, "highest": 0.01}])
def test_bounds_that_nothing_could_pass_are_refused(wrong) -> None:
    with pytest.raises(ValidationError, match="no market could pass"):
        VolatilitySettings(**wrong)
