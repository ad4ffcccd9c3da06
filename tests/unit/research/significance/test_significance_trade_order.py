"""Monte Carlo of trades, against every order by hand."""

from __future__ import annotations

from itertools import permutations
from statistics import NormalDist

import numpy as np
import pytest

from research.significance import trade_order
from research.significance.trade_order import fractions, reordered
from tests.support.research.results import array, curve, daily, generator, trade


def deepest(order: tuple[float, ...]) -> float:
    worth = peak = 1.0
    found = 0.0
    for each in order:
        worth *= 1.0 + each
        peak = max(peak, worth)
        found = max(found, 1.0 - worth / peak)
    return found


def test_drawdowns_are_those_of_all_orders() -> None:
    """BT-4: of five trades there are 120 orders; ten thousand draws come near their distribution."""
    trades = (0.10, -0.08, 0.05, -0.12, -0.03)
    found = reordered(array(*trades), generator(), runs=20_000, ruin_level=0.82)
    assert found is not None
    exact = [deepest(order) for order in permutations(trades)]
    for share, drawdown in found.drawdown.items():
        nearby = np.quantile(exact, (max(0.0, share - 0.02), min(1.0, share + 0.02)))
        assert nearby[0] - 1e-9 <= drawdown <= nearby[1] + 1e-9, share
    assert found.drawdown[0.99] == pytest.approx(max(exact), abs=1e-12)
    low = [min(np.cumprod(1.0 + np.array(order))) for order in permutations(trades)]
    assert found.ruin_probability == pytest.approx(np.mean(np.array(low) <= 0.82), abs=0.01)


def test_shuffling_keeps_the_end_and_drawing_anew_does_not() -> None:
    """BT-4: the order decides how deep, not how much."""
    trades = array(0.02, -0.01, 0.03, -0.02)
    kept = reordered(trades, generator(), runs=500)
    drawn = reordered(trades, generator(), method="resample", runs=500)
    assert kept is not None
    assert drawn is not None
    assert set(np.round(list(kept.final.values()), 12)) == {round(float(np.prod(1.0 + trades)), 12)}
    assert drawn.final[0.05] < drawn.final[0.95]
    assert kept.loss_probability == 0.0 < drawn.loss_probability < 1.0


def test_a_trade_that_takes_all_is_ruin_in_every_order() -> None:
    """BT-4: a loss larger than the account does not make it negative."""
    found = reordered(array(0.5, -1.5, 0.5, -2.0), generator(), runs=50, ruin_level=0.0)
    assert found is not None
    assert (found.ruin_probability, found.drawdown[0.05], found.final[0.99]) == (1.0, 1.0, 0.0)


def test_the_gambler_s_ruin_of_the_textbook() -> None:
    """BT-4: a fair coin for 1 % each: the chance to touch 80 % within 400 throws is that of a random walk."""
    found = reordered(array(*([0.01] * 200 + [-0.01] * 200)), generator(), method="resample", runs=4_000, ruin_level=0.8)
    assert found is not None
    steps = np.log(0.8) / np.log(0.99)  # losses more than wins that it takes, nearly
    assert found.ruin_probability == pytest.approx(2 * NormalDist().cdf(-float(steps) / 20.0), abs=0.03)


def test_runs_come_in_parts_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by parts; their size must not be seen in the result."""
    trades = array(0.02, -0.01, 0.03, -0.02, 0.01)
    whole = reordered(trades, generator(), runs=333)
    monkeypatch.setattr(trade_order, "_AT_ONCE", 12)
    assert reordered(trades, generator(), runs=333) == whole


def test_each_trade_is_a_fraction_of_the_equity_at_its_opening() -> None:
    run = curve((0, 1000), (1, 2000), (3, 0), end=9)
    trades = [trade(100, 0.5, 0.7), trade(100, 1.0, 1.5), trade(-50, 5, 6)]
    assert fractions(trades, run).tolist() == pytest.approx([0.1, 0.05])
    with pytest.raises(ValueError, match="before the equity curve starts"):
        fractions([trade(1, -1, 0)], run)


def test_without_trades_there_is_no_distribution() -> None:
    assert reordered(array(), generator()) is None
    assert len(fractions([], daily(1000))) == 0


@pytest.mark.parametrize(("changes", "told"), [({"runs": 0}, "runs"), ({"ruin_level": 1.0}, "ruin level")])
def test_arguments_that_cannot_be_are_refused(changes: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        reordered(array(0.1), generator(), **changes)
