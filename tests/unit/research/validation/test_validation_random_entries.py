"""Entries by chance: each exit on a handful of candles, and baselines with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from research.columns import Columns
from research.validation.random_entries import ExitRule, baseline, luck, played
from tests.support.research.results import array, generator


def candles(*rows: tuple[float, float, float, float]) -> Columns:
    """Minutes of (open, high, low, close)."""
    table = np.array(rows, dtype=np.float64)
    times = 60_000 * np.arange(len(rows), dtype=np.int64)
    return Columns("BTCUSDT", "1m", times, table[:, 0], table[:, 1], table[:, 2], table[:, 3], np.ones(len(rows)))


def walk(steps: np.ndarray) -> Columns:
    """A market of candles whose opens are the closes before."""
    closes = 100.0 * np.exp(np.cumsum(steps))
    opens = np.concatenate(((100.0,), closes[:-1]))
    rows = np.stack([opens, np.maximum(opens, closes), np.minimum(opens, closes), closes], axis=1)
    return candles(*map(tuple, rows))


LONG = ExitRule(long=True, stop=0.02, target=0.04, candles=3)
SHORT = LONG._replace(long=False)
FLAT = (100.0, 101.0, 99.0, 100.0)


@pytest.mark.parametrize(
    ("rule", "rows", "r"),
    [
        (LONG, [FLAT, FLAT, (100, 104, 99, 103)], 2.0),
        (LONG, [FLAT, (100, 101, 98, 99), FLAT], -1.0),
        (LONG, [FLAT, (100, 105, 97, 104), FLAT], -1.0),  # both inside one candle: the stop comes first
        (LONG, [(100, 104, 98, 104), FLAT, FLAT], -1.0),  # also in the candle of the entry
        (LONG, [FLAT, (96, 97, 95, 96), FLAT], -2.0),  # the open jumped over the stop
        (LONG, [FLAT, (107, 108, 106, 107), FLAT], 2.0),  # over the target: no better than its price
        (LONG, [FLAT, FLAT, (100, 102, 99, 101)], 0.5),  # the time is over: at the close
        (LONG._replace(target=None), [FLAT, (100, 150, 99, 120), (120, 120, 119, 120)], 10.0),
        (SHORT, [FLAT, FLAT, (100, 101, 96, 97)], 2.0),
        (SHORT, [FLAT, (100, 102, 95, 96), FLAT], -1.0),
        (SHORT, [FLAT, (106, 107, 105, 106), FLAT], -3.0),
        (SHORT, [FLAT, FLAT, (100, 101, 98.5, 99)], 0.5),
        (LONG._replace(candles=1), [(100, 101, 99, 101)], 0.5),
    ],
)
def test_each_exit_by_hand(rule: ExitRule, rows: list[tuple[float, float, float, float]], r: float) -> None:
    """BT-4: entry at the first open, stop 2 %, target 4 %."""
    assert played(candles(*rows), np.array([0]), rule).tolist() == pytest.approx([r])


def test_costs_are_paid_on_both_sides() -> None:
    """BT-4: 0.1 % of 100 in and of 104 out, with a stop of 2."""
    (found,) = played(candles(FLAT, (100, 104, 99, 104), FLAT), np.array([0]), LONG, cost=0.001)
    assert found == pytest.approx(2.0 - (0.1 + 0.104) / 2.0)


def test_candles_after_the_longest_holding_change_nothing() -> None:
    """BT-4: the arithmetic reads no candle that a trade did not live in."""
    rows = [FLAT, FLAT, FLAT, (100, 200, 1, 100)]
    assert played(candles(*rows), np.array([0]), LONG).tolist() == played(candles(*rows[:3]), np.array([0]), LONG).tolist()


def test_entries_are_apart_from_each_other() -> None:
    market = walk(generator().normal(0.0, 0.01, size=300))
    places = np.arange(290)
    together = played(market, places, LONG, cost=0.0004)
    assert together.tolist() == [float(played(market, np.array([at]), LONG, cost=0.0004)[0]) for at in places]


def test_a_fair_market_gives_chance_nothing_but_its_costs() -> None:
    """BT-4: without drift the mean R of chance is minus its costs, 0.2 R on each side."""
    market = walk(generator(3).normal(0.0, 0.0005, size=20_000))
    rules = [ExitRule(long=bool(place % 2), stop=0.005, target=0.005, candles=600) for place in range(40)]
    found = baseline(market, rules, generator(4), runs=100, cost=0.001)
    assert found.mean() == pytest.approx(-0.4, abs=0.04)


def test_the_same_seed_draws_the_same_entries() -> None:
    market = walk(generator().normal(0.0, 0.01, size=100))
    first, second, other = (baseline(market, [LONG] * 5, generator(seed), runs=20) for seed in (1, 1, 2))
    assert first.tolist() == second.tolist() != other.tolist()


def test_chance_enters_only_where_the_strategy_may() -> None:
    """BT-4: a session that rises would else look like skill."""
    rising = walk(np.where(np.arange(200) % 100 < 50, 0.01, -0.01))
    hours = np.arange(200) % 100 < 40
    found = baseline(rising, [LONG] * 3, generator(), runs=50, eligible=hours)
    assert found.min() > 1.0 > baseline(rising, [LONG] * 3, generator(), runs=50).min()


def test_luck_is_the_share_of_chance_that_does_as_well() -> None:
    """SIG-9: with itself counted, so that a thousand draws never prove more than one in a thousand."""
    assert luck(2.0, array(1, 2, 3, 0)) == pytest.approx(3 / 5)
    assert luck(9.0, array(1, 2, 3, 0)) == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("rule", "entry", "cost", "told"),
    [
        (LONG._replace(stop=0.0), 0, 0.0, "away from the entry"),
        (LONG._replace(target=-0.1), 0, 0.0, "away from the entry"),
        (LONG._replace(candles=0), 0, 0.0, "a candle at least"),
        (LONG, 1, 0.0, "in 3 candles"),
        (LONG, -1, 0.0, "in 3 candles"),
        (LONG, 0, -0.1, "cost"),
    ],
)
def test_rules_and_entries_that_cannot_be_are_refused(rule: ExitRule, entry: int, cost: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        played(candles(FLAT, FLAT, FLAT), np.array([entry]), rule, cost)


def test_a_baseline_without_anything_to_draw_is_refused() -> None:
    three = candles(FLAT, FLAT, FLAT)
    with pytest.raises(ValueError, match="0 trades"):
        baseline(three, [], generator())
    with pytest.raises(ValueError, match="give more candles"):
        baseline(three, [LONG], generator(), eligible=np.array([False, True, True]))
