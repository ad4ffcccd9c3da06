"""Falls of the equity, by hand."""

from __future__ import annotations

import pytest

from research.performance.drawdowns import below_peak, deepest, drawdowns, longest, under_water
from tests.support.research.results import curve, daily, day


def test_each_fall_has_its_depth_its_moments_and_its_length() -> None:
    """BT-2: max drawdown and duration."""
    found = drawdowns(daily(100, 80, 100, 90, 95, 110, 99))
    assert [(round(fall.depth, 9), fall.peak_at, fall.trough_at, fall.recovered_at) for fall in found] == [
        (0.2, day(0), day(1), day(2)),
        (0.1, day(2), day(3), day(5)),
        (0.1, day(5), day(6), None),
    ]
    assert [fall.length_ms for fall in found] == [day(2) - day(0), day(5) - day(2), day(6) - day(5)]


def test_the_deepest_fall_need_not_be_the_longest() -> None:
    falls = drawdowns(daily(100, 80, 100, 90, 95, 110, 99))
    assert deepest(falls) == falls[0]
    assert longest(falls) == falls[1]


def test_a_fall_that_is_not_recovered_lasts_until_the_end_of_the_run() -> None:
    """BT-2: a curve that stops changing under water has not recovered."""
    under = curve((0, 100), (1, 90), end=11)
    (fall,) = drawdowns(under)
    assert fall.length_ms == day(11) - day(0)
    assert under_water(under, [fall]) == 1.0


def test_equity_that_never_falls_has_no_drawdown() -> None:
    rising = daily(100, 100, 101)
    assert drawdowns(rising) == []
    assert deepest([]) is longest([]) is None
    assert under_water(rising, []) == under_water(daily(100), []) == 0.0


def test_ruin_is_a_fall_of_all_and_not_of_more() -> None:
    """BT-2: drawdowns above 100 % were seen elsewhere."""
    ruined = daily(100, 120, -50, 20)
    assert [fall.depth for fall in drawdowns(ruined)] == [1.0]
    assert below_peak(ruined).tolist() == pytest.approx([0.0, 0.0, 1.0, 1.0])
