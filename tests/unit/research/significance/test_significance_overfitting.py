"""Probability of backtest overfitting, against the definition in plain loops."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from research.columns import Floats
from research.significance import overfitting as module
from research.significance.overfitting import overfitting
from tests.support.research.results import generator


def by_definition(returns: Floats, blocks: int) -> tuple[float, float, float]:
    """Bailey, Borwein, López de Prado and Zhu, step by step: probability, probability of loss, slope."""
    length = len(returns) // blocks
    parts = [returns[len(returns) - blocks * length :][place * length : (place + 1) * length] for place in range(blocks)]
    logits, here, there = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.vstack([parts[place] for place in chosen])
        outside = np.vstack([parts[place] for place in range(blocks) if place not in chosen])
        sharpes = [sample.mean(axis=0) / sample.std(axis=0, ddof=1) for sample in (inside, outside)]
        best = int(np.argmax(sharpes[0]))
        rank = 1 + int(np.sum(sharpes[1] < sharpes[1][best]))
        share = rank / (returns.shape[1] + 1)
        logits.append(np.log(share / (1.0 - share)))
        here.append(sharpes[0][best])
        there.append(sharpes[1][best])
    return (
        float(np.mean(np.array(logits) <= 0.0)),
        float(np.mean(np.array(there) < 0.0)),
        float(np.polyfit(here, there, 1)[0]),
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("trials", "observations", "blocks"), [(2, 30, 4), (7, 101, 6), (20, 200, 8)])
def test_probability_is_that_of_the_definition(seed: int, trials: int, observations: int, blocks: int) -> None:
    """BT-4, SIG-9: also with observations that fill no block."""
    returns = generator(seed).normal(np.linspace(-0.02, 0.02, trials) * seed, 0.05, size=(observations, trials))
    found = overfitting(returns, blocks)
    probability, loss, slope = by_definition(returns, blocks)
    assert (found.probability, found.loss_probability) == (pytest.approx(probability), pytest.approx(loss))
    assert found.slope == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert found.dropped == observations % blocks
    assert found.halves == len(list(combinations(range(blocks), blocks // 2)))


def test_choosing_among_coins_is_worth_nothing() -> None:
    """BT-4: the mean of many worlds without skill is near a half; one world alone may be far from it."""
    found = [overfitting(generator(seed).normal(size=(160, 20)), 8).probability for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_choosing_among_true_differences_is_not_overfitting() -> None:
    returns = generator().normal(size=(160, 10)) * 0.01
    returns[:, 3] += 0.02
    found = overfitting(returns)
    assert (found.probability, found.loss_probability) == (0.0, 0.0)
    assert found.rank > 0.9
    assert (found.blocks, found.halves) == (16, 12_870)


def test_the_specimen_of_overfitting_is_caught() -> None:
    """BT-4: each of the trials earns in one block only, so the best of any half has nothing left for the other."""
    returns = generator().normal(size=(80, 8)) * 0.001
    for trial in range(8):
        returns[trial * 10 : trial * 10 + 10, trial] += 0.02
        returns[:, trial] -= returns[:, trial].mean()
    found = overfitting(returns, 8)
    assert found.probability == 1.0
    assert found.loss_probability == 1.0


def test_trials_that_are_equal_share_their_ranks() -> None:
    """None is preferred by its place: copies of one trial stand in the middle, at a half."""
    returns = np.repeat(generator().normal(size=(40, 1)), 5, axis=1)
    found = overfitting(returns, 4)
    assert (found.rank, found.probability) == (pytest.approx(0.5), 1.0)


def test_a_trial_that_never_traded_counts_as_zero() -> None:
    losing = generator().normal(-0.05, 0.01, size=(40, 2))
    losing[:, 0] = 0.0
    found = overfitting(losing, 4)
    assert (found.probability, found.loss_probability, found.slope) == (0.0, 0.0, None)
    assert overfitting(np.full((40, 2), 0.1), 4).rank == pytest.approx(0.5)


def test_halves_come_in_parts_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by parts; their size must not be seen in the result."""
    returns = generator().normal(size=(60, 6))
    whole = overfitting(returns, 6)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    assert overfitting(returns, 6) == whole


@pytest.mark.parametrize(
    ("returns", "blocks", "told"),
    [
        (np.zeros((40, 1)), 4, "at least two trials"),
        (np.zeros(40), 4, "at least two trials"),
        (np.zeros((40, 2)), 5, "even number"),
        (np.zeros((40, 2)), 0, "even number"),
        (np.zeros((7, 2)), 4, "each block needs at least two"),
        (np.full((40, 2), np.nan), 4, "not finite"),
    ],
)
def test_arguments_that_cannot_be_are_refused(returns: Floats, blocks: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        overfitting(returns, blocks)
