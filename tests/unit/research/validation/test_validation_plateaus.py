"""Plateaus and peaks on small grids."""

from __future__ import annotations

import numpy as np
import pytest

from research.validation.plateaus import Grid, plateau
from tests.support.research.results import array

NAN = float("nan")


def test_a_plateau_is_preferred_to_a_higher_peak() -> None:
    """BT-4: the best cell stands alone; its neighbours lose."""
    scores = np.array([
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 9.0, 0.0, 2.0, 2.1],
        [0.0, 0.0, 0.0, 2.2, 2.5],
        [0.0, 0.0, 0.0, 2.0, 2.3],
    ])  # fmt: skip
    found = plateau(scores)
    assert found.best is not None
    assert scores[found.best] < 9.0
    assert found.best[1] >= 3
    assert found.middle[1, 1] == 0.0
    assert found.worst[1, 1] == 0.0


def test_a_cell_is_judged_by_the_median_and_the_worst_of_its_neighbourhood() -> None:
    found = plateau(array(1, 5, 3, 10))
    assert found.middle.tolist() == [3.0, 3.0, 5.0, 6.5]
    assert found.worst.tolist() == [1.0, 1.0, 3.0, 3.0]
    assert found.known.tolist() == pytest.approx([2 / 3, 1.0, 1.0, 2 / 3])
    assert found.best == (3,)


def test_cells_that_were_not_tried_are_left_out() -> None:
    found = plateau(array(NAN, 4, float("inf"), 2))
    assert np.isnan(found.middle).tolist() == [True, False, True, False]
    assert (found.middle[1], found.middle[3]) == (4.0, 2.0)
    assert found.known.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1 / 3])
    assert found.best == (1,)


def test_of_equal_plateaus_the_one_with_the_better_worst_is_chosen() -> None:
    scores = array(0, 3, 3, 9, 9, 2.5, 3, 3, 3)
    found = plateau(scores, radius=1)
    tied = [place for place in range(len(scores)) if found.middle[place] == np.max(found.middle)]
    assert found.best is not None
    assert found.worst[found.best] == max(found.worst[place] for place in tied)


def test_a_grid_without_scores_has_no_best() -> None:
    found = plateau(np.full((2, 2), NAN))
    assert found.best is None
    assert found.known.max() == 0.0


def test_trials_become_a_grid_in_the_order_of_their_values() -> None:
    """BT-4: trials of a search come in any order, and some fail."""
    grid = Grid.of([
        ({"length": 20, "level": 0.5}, 3.0),
        ({"level": 0.25, "length": 5}, 1.0),
        ({"length": 20, "level": 0.25}, None),
    ])  # fmt: skip
    assert (grid.names, grid.axes) == (("length", "level"), ((5, 20), (0.25, 0.5)))
    assert np.array_equal(grid.scores, [[1.0, NAN], [NAN, 3.0]], equal_nan=True)
    assert grid.settings((1, 1)) == {"length": 20, "level": 0.5}


def test_trials_that_make_no_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="no trials"):
        Grid.of([])
    with pytest.raises(ValueError, match="trial with b beside trials with a"):
        Grid.of([({"a": 1}, 1.0), ({"b": 1}, 1.0)])
    with pytest.raises(ValueError, match="tried twice"):
        Grid.of([({"a": 1}, 1.0), ({"a": 1.0}, 2.0)])


def test_a_grid_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="radius 0"):
        plateau(array(1), radius=0)
    with pytest.raises(ValueError, match="0 dimension"):
        plateau(np.array(1.0))
    with pytest.raises(ValueError, match="too many"):
        plateau(np.zeros((10,) * 6), radius=1)
