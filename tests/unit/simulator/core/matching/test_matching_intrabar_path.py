"""The path within one candle (BT-1): the table of simulator/core/matching/intrabar_path.py, row by row."""

from __future__ import annotations

import pytest

from simulator.core.matching.intrabar_path import IntrabarPath, Standing, low_first
from tests.support.simulator.simulated_trader import D

UP, DOWN = (100, 110, 90, 105), (100, 110, 90, 95)


def visited(row: tuple[int, int, int, int], standing: Standing) -> list[int]:
    opened, high, low, close = map(D, row)
    path = IntrabarPath(open=opened, high=high, low=low, close=close, point=opened)
    path.arrive(opened)
    places = [opened]
    while not path.finished:
        path.arrive(path.heading(standing))
        places.append(path.point)
    return [int(place) for place in places]


@pytest.mark.parametrize(
    ("position", "buys", "sells", "row", "expected"),
    [
        # position, entries resting, candle, path
        (1, False, False, UP, [100, 90, 110, 105]),
        (1, True, True, DOWN, [100, 90, 110, 95]),
        (-1, False, False, UP, [100, 110, 90, 105]),
        (-1, True, True, DOWN, [100, 110, 90, 95]),
        (0, True, False, UP, [100, 110, 90, 105]),
        (0, False, True, DOWN, [100, 90, 110, 95]),
        (0, False, False, UP, [100, 90, 110, 105]),
        (0, False, False, DOWN, [100, 110, 90, 95]),
        (0, True, True, UP, [100, 90, 110, 105]),
        (0, True, True, DOWN, [100, 110, 90, 95]),
        (0, True, True, (100, 110, 90, 100), [100, 90, 110, 100]),
        (1, False, False, (90, 110, 90, 105), [90, 110, 105]),  # the low is the open: it is behind already
        (-1, False, False, (110, 110, 90, 95), [110, 90, 95]),
        (1, False, False, (90, 110, 90, 110), [90, 110, 110]),
        (1, False, False, (100, 100, 100, 100), [100, 100]),
    ],
)
def test_the_path_takes_the_extreme_first_that_hurts(
    position: int, buys: bool, sells: bool, row: tuple[int, int, int, int], expected: list[int]
) -> None:
    """BT-1: worst case for the position; flat: for the entries that rest; else by the candle's colour."""
    assert visited(row, Standing(D(position), buys, sells)) == expected


def test_a_position_that_turns_on_the_way_turns_the_path() -> None:
    """BT-1: extremes not reached yet are still ahead, in the order that is the worst for the new position."""
    path = IntrabarPath(open=D(100), high=D(110), low=D(90), close=D(105), point=D(100))
    assert path.heading(Standing(D(0), True, False)) == 110
    path.point = D(105)  # a buy stop filled here
    assert path.heading(Standing(D(1), False, False)) == 90
    path.arrive(D(90))
    assert path.heading(Standing(D(1), False, False)) == 110
    assert path.heading(Standing(D(-1), False, False)) == 110  # the low is behind, whoever asks


def test_low_first_is_the_mirror_of_itself() -> None:
    """BT-1: long and short, buys and sells, up and down are treated alike."""
    for position in (-1, 1):
        assert low_first(Standing(D(position), False, False), True) == (position > 0)
    for rising in (True, False):
        assert not low_first(Standing(D(0), True, False), rising)
        assert low_first(Standing(D(0), False, True), rising)
        assert low_first(Standing(D(0), True, True), rising) == rising
