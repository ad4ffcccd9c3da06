"""Confidence intervals: coverage on distributions with known answers, and what is absent."""

from __future__ import annotations

import numpy as np
import pytest

from research.performance.returns import sharpe, total_return
from research.performance.trades import profit_factor
from research.significance import bootstrap
from research.significance.bootstrap import Method, indices, intervals
from research.significance.confidence import OF_MULTIPLES, OF_RESULTS, OF_RETURNS, confidence
from tests.support.research.results import array, daily, generator, trade


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_interval_of_a_mean_is_that_of_the_textbook() -> None:
    """BT-2: of 400 normal values: mean ± 1.96 deviations of the mean."""
    values = generator().normal(3.0, 2.0, size=400)
    found = intervals(values, {"mean": mean}, "plain", generator(2), resamples=4_000)["mean"]
    error = values.std(ddof=1) / 20.0
    assert found.estimate == mean(values)
    assert (found.low, found.high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.01)


@pytest.mark.parametrize(("method", "covers"), [("stationary", True), ("plain", False)])
def test_blocks_cover_the_truth_of_days_that_hang_together(method: Method, covers: bool) -> None:
    """BT-2: plain draws are the specimen: of days that hang together their intervals are far too narrow."""
    rng, hits = generator(3), 0
    for _ in range(40):
        values = np.convolve(rng.normal(size=409), np.ones(10) / 10, "valid")
        found = intervals(values, {"mean": mean}, method, rng, resamples=150, level=0.9)["mean"]
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.0 <= found.high
    assert (hits >= 24) is covers


def test_the_same_seed_gives_the_same_interval() -> None:
    values = generator().normal(size=60)
    first, second = (intervals(values, {"mean": mean}, "stationary", generator(7), resamples=50) for _ in range(2))
    assert first == second
    assert first != intervals(values, {"mean": mean}, "stationary", generator(8), resamples=50)


def test_a_draw_is_made_of_blocks_round_the_end() -> None:
    """Politis and Romano: lengths are geometric around their mean."""
    places = indices(100_000, 10.0, generator())
    assert places.min() >= 0
    assert places.max() < 100_000
    breaks = np.count_nonzero((np.diff(places) != 1) & (np.diff(places) != -99_999))
    assert 100_000 / breaks == pytest.approx(10.0, rel=0.05)
    assert np.bincount(indices(5, 1.0, generator()), minlength=5).sum() == 5


def test_a_statistic_that_most_draws_lack_has_no_interval() -> None:
    """BT-2: the profit factor of trades of which one lost: a third of the draws have no loss at all."""
    found = intervals(array(1, 2, 3, -1), {"": profit_factor}, "plain", generator(), resamples=500)[""]
    assert found.estimate == pytest.approx(6.0)
    assert found.low is found.high is None
    assert 0.2 < found.absent / 500 < 0.45


def test_without_values_there_is_neither_estimate_nor_interval() -> None:
    found = intervals(array(), {"sharpe": sharpe, "total": total_return}, "stationary", generator(), resamples=10)
    assert {name: (each.estimate, each.low, each.absent) for name, each in found.items()} == {
        "sharpe": (None, None, 10), "total": (None, None, 10),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"), [({"level": 95.0}, "level"), ({"resamples": 0}, "resamples"), ({"block": 0.5}, "block")]
)
def test_arguments_that_cannot_be_are_refused(changes: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        intervals(array(1, 2), {"mean": mean}, "stationary", generator(), **changes)


def test_a_block_that_is_given_is_taken() -> None:
    assert intervals(array(1, 2), {"mean": mean}, "stationary", generator(), resamples=3, block=2.0)["mean"].block == 2.0


def test_every_measure_that_people_decide_by_has_its_interval() -> None:
    """BT-2: under its name in the record of the run, around its value there."""
    run = daily(*(1000 + 3 * day + 40 * (day % 3) for day in range(90)))
    trades = [trade(20 if number % 3 else -15, number, number + 0.5) for number in range(30)]
    found = confidence(run, trades, generator(), resamples=200)
    assert set(found) == {*OF_RETURNS, *OF_RESULTS, *OF_MULTIPLES}
    for name, each in found.items():
        assert each.estimate is not None, name
        assert each.low is not None, name
        assert each.high is not None, name
        assert each.low <= each.high
    assert {each.method for name, each in found.items() if name in OF_RETURNS} == {"stationary"}
    assert found["expectancy_r"].method == "plain"


def test_a_ruined_account_has_intervals_of_its_trades_only() -> None:
    found = confidence(daily(1000, 1100, -1), [trade(1)], generator(), resamples=10)
    assert set(found) == {*OF_RESULTS, *OF_MULTIPLES}


@pytest.mark.parametrize("values", [(0.0,) * 30, (0.0123,), (0.0, -0.0, 0.0), (0.01, 0.02)])
def test_values_that_do_not_differ_are_drawn_as_others_are(
    values: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BT-2: the measures are computed once then; the intervals, and what is drawn after them, are the same."""
    asked: list[object] = []

    def total(drawn: np.ndarray) -> float | None:
        asked.append(drawn)
        return total_return(drawn)

    def drawn() -> tuple[object, int]:
        rng = generator(5)
        found = intervals(array(*values), {"total": total, "sharpe": sharpe}, "stationary", rng, resamples=200)
        return found, int(rng.integers(1 << 60))

    quick, once = drawn(), len(asked)
    monkeypatch.setattr(bootstrap, "_all_the_same", lambda _: False)
    assert drawn() == quick
    assert (once == 1) is (len({np.float64(each).tobytes() for each in values}) == 1)
