"""Lengths of blocks, against the arch package."""

from __future__ import annotations

import numpy as np
import pytest

from research.significance.block_length import stationary_block
from tests.support.research.results import array, generator


@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.3, 0.8])
@pytest.mark.parametrize("count", [12, 30, 100, 365, 1500])
def test_block_length_equals_that_of_arch(memory: float, count: int) -> None:
    """BT-2: the rule of Politis and White; a block has at least one value."""
    arch = pytest.importorskip("arch.bootstrap", reason="needs the extra research: make research")
    rng = generator(count)
    for _ in range(5):
        values = rng.normal(size=count)
        for place in range(1, count):
            values[place] += memory * values[place - 1]
        reference = float(arch.optimal_block_length(values)["stationary"].iloc[0])
        assert stationary_block(values) == pytest.approx(max(1.0, reference), abs=1e-9)


def test_days_that_hang_together_need_longer_blocks() -> None:
    steps = generator().normal(size=2_000)
    assert stationary_block(np.convolve(steps, np.ones(20), "valid")) > 3 * stationary_block(steps)


@pytest.mark.parametrize("values", [array(), array(1, 2, 3), np.zeros(50), np.full(50, 0.25)])
def test_too_few_or_equal_values_have_no_blocks(values: np.ndarray) -> None:
    assert stationary_block(values) == 1.0
