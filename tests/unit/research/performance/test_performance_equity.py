"""Equity curves: days, months, transfers and ruin, on a handful of points."""

from __future__ import annotations

from decimal import Decimal

import pytest

from research.performance.equity import BadCurve, EquityCurve
from tests.support.research.results import NEW_YEAR, curve, daily, day


def test_a_day_has_the_return_from_midnight_to_midnight() -> None:
    """BT-2: the change at midnight itself belongs to the day that ends there."""
    found = curve((0, 1000), (0.5, 1100), (1.0, 1050), (1.2, 1260), end=2).daily_returns()
    assert found.tolist() == pytest.approx([0.05, 0.2])


def test_days_without_a_change_are_zero_to_the_end_of_the_run() -> None:
    """BT-2: a strategy that rests a week has a week of zeros, which is part of its Sharpe ratio."""
    assert curve((0, 1000), (0.5, 1100), end=4).daily_returns().tolist() == pytest.approx([0.1, 0.0, 0.0, 0.0])


def test_first_and_last_day_are_counted_from_the_start_and_to_the_end() -> None:
    found = curve((0.75, 1000), (0.9, 1010), (1.5, 1111), end=1.6).daily_returns()
    assert found.tolist() == pytest.approx([0.01, 0.1])


def test_of_several_changes_at_one_moment_the_last_counts() -> None:
    assert curve((0, 1000), (0.5, 900), (0.5, 1200), end=1).daily_returns().tolist() == pytest.approx([0.2])


def test_a_single_point_has_no_days() -> None:
    assert len(daily(1000).daily_returns()) == 0
    assert daily(1000).monthly_returns() == []


def test_decimals_enter_as_floats() -> None:
    """BT-2: money is Decimal until here."""
    found = EquityCurve.of([(NEW_YEAR, Decimal("1000.10")), (day(1), Decimal("1000.20"))])
    assert found.values.tolist() == [1000.1, 1000.2]


def test_months_compound_their_days() -> None:
    """BT-3: the heat map of months."""
    found = curve((29.5, 1000), (30.5, 1100), (31.5, 1210), (40, 605), end=60).monthly_returns()
    assert [(row.year, row.month) for row in found] == [(2026, 1), (2026, 2), (2026, 3)]
    assert [row.value for row in found] == pytest.approx([0.1, -0.45, 0.0])


def test_a_transfer_is_no_return() -> None:
    """BT-2: what was paid in is not earned, what was taken out not lost."""
    found = curve((0, 1000), (1, 1600), (2, 1760), (3, 880), transfers=((0.5, 500), (2.5, -880)))
    assert found.daily_returns().tolist() == pytest.approx([0.1, 0.1, 0.0])
    assert found.values.tolist() == pytest.approx([1000, 1100, 1210, 1210])


def test_nothing_left_is_ruin_and_stays_at_zero() -> None:
    """BT-2: equity below zero would turn Sharpe round and drawdown above 100 %."""
    found = daily(1000, 1200, -300, -100, 500)
    assert found.values.tolist() == [1000, 1200, 0, 0, 0]
    assert found.ruined_at == day(2)
    assert found.daily_returns().tolist() == pytest.approx([0.2, -1.0, 0.0, 0.0])


def test_exactly_nothing_left_is_ruin_too() -> None:
    assert daily(1000, 0, 500).ruined_at == day(1)
    assert daily(1000, 1e-9, 500).ruined_at is None


def test_money_paid_in_does_not_hide_a_ruin() -> None:
    assert curve((0, 1000), (1, 50), (2, 60), transfers=((0.5, 100),)).ruined_at == day(1)


@pytest.mark.parametrize(
    ("points", "end", "transfers", "told"),
    [
        ([], None, (), "at least the starting point"),
        ([(0, 0.0)], None, (), "above zero"),
        ([(0, -5.0)], None, (), "above zero"),
        ([(0, 5.0), (9, float("nan"))], None, (), "equity at 9 is nan"),
        ([(0, 5.0), (9, float("inf"))], None, (), "finite"),
        ([(9, 5.0), (3, 5.0)], None, (), "sort the points"),
        ([(9, 5.0)], 3, (), "before its last point"),
        ([(0, 5.0), (1_767_225_600_000_000, 5.0)], None, (), "UTC milliseconds"),
        ([(0, 5.0), (9, 5.0)], None, ((0, 1.0),), "after the first"),
        ([(0, 5.0), (9, 5.0)], None, ((10, 1.0),), "not after the last"),
        ([(0, 5.0), (9, 5.0)], None, ((5, float("nan")),), "finite number"),
    ],
)
def test_a_curve_that_cannot_be_is_refused_with_its_place(
    points: list[tuple[int, float]], end: int | None, transfers: tuple[tuple[int, float], ...], told: str
) -> None:
    with pytest.raises(BadCurve, match=told):
        EquityCurve.of(points, end, transfers)
