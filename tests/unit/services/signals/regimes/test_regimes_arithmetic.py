"""The forward step, the expected variance, the whipsaw filter and the memory of one symbol, by hand and by simulation."""

from __future__ import annotations

from math import exp, log, pi, sqrt

import msgspec
import pytest

from services.signals.regimes.garch import Garch
from services.signals.regimes.hmm import GaussianHmm
from services.signals.regimes.memory import LONGEST_GAP, RegimeMemory
from services.signals.regimes.whipsaw import Whipsaw
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION
from tests.support.signals.regime_scenes import GARCH, THREE, TWO, candles, drawn, model

QUARTER = DURATION["15m"]


def density(value: float, mean: float, variance: float) -> float:
    return exp(-((value - mean) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)


def remember(rows: list[Candle], shown=None, candles_held: int = 3, enough: float = 0.95) -> RegimeMemory:
    shown = shown or model()
    memory = RegimeMemory(model=shown.content_hash)
    for row in rows:
        memory.absorb(row, shown, candles_held, enough)
    return memory


def test_the_forward_step_is_bayes_rule_after_one_move_of_the_chain() -> None:
    """SIG-5."""
    first = TWO.step([], 0.002)
    weights = [start * density(0.002, m, v) for start, m, v in zip(TWO.start, TWO.means, TWO.variances, strict=True)]
    assert first == pytest.approx([each / sum(weights) for each in weights], rel=1e-12)
    ahead = [first[0] * 0.98 + first[1] * 0.03, first[0] * 0.02 + first[1] * 0.97]
    assert TWO.step(first, None) == pytest.approx(ahead, rel=1e-12)
    likely = sum(p * density(0.01, m, v) for p, m, v in zip(ahead, TWO.means, TWO.variances, strict=True))
    assert TWO.log_density(first, 0.01) == pytest.approx(log(likely), rel=1e-12)
    assert TWO.step([], None) == []


@pytest.mark.parametrize("value", [5.0, -5.0, 1e6])
def test_a_move_of_thousands_of_deviations_is_the_widest_state_and_no_error(value: float) -> None:
    """SIG-5: densities that are zero as numbers are compared as logarithms."""
    belief = THREE.step([1.0, 0.0, 0.0], value)
    assert belief == pytest.approx([0.0, 0.0, 1.0])
    assert sum(belief) == pytest.approx(1.0)


def test_a_state_that_cannot_be_reached_keeps_probability_zero() -> None:
    stuck = msgspec.structs.replace(TWO, start=(1.0, 0.0), transition=((1.0, 0.0), (0.0, 1.0)))
    assert stuck.step(stuck.step([], 0.5), 0.5) == [1.0, 0.0]


def test_the_variance_follows_the_last_return() -> None:
    """SIG-5: omega + alpha r² + beta v; an unknown return counts as what was expected."""
    garch = Garch(mean=0.001, omega=1e-6, alpha=0.1, beta=0.8, start=1e-5)
    assert garch.step(2e-5, 0.011) == pytest.approx(1e-6 + 0.1 * 1e-4 + 0.8 * 2e-5, rel=1e-12)
    assert garch.step(2e-5, None) == pytest.approx(1e-6 + 0.9 * 2e-5, rel=1e-12)
    assert garch.step(1e-5, None) == pytest.approx(1e-5, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alpha": 0.2}, "explodes"), ({"omega": 0.0}, "zero or below"), ({"beta": -0.1}, "zero or below"),
        ({"start": 0.0}, "zero or below"), ({"mean": float("nan")}, "no numbers"),
    ],
)  # fmt: skip
def test_parameters_that_are_no_garch_model_are_refused(changes: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        msgspec.structs.replace(GARCH, **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"start": (0.6, 0.3, 0.1)}, "different sizes"), ({"transition": ((0.9, 0.1),)}, "different sizes"),
        ({"start": ()}, "different sizes"), ({"start": (0.6, 0.5)}, "add up to 1"),
        ({"transition": ((0.9, 0.1), (-0.1, 1.1))}, "add up to 1"), ({"variances": (1.0, 0.5)}, "order"),
        ({"variances": (0.0, 1.0)}, "no return can have"), ({"means": (0.0, float("inf"))}, "no return can have"),
    ],
)  # fmt: skip
def test_parameters_that_are_no_hidden_markov_model_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        msgspec.structs.replace(TWO, **changes)


@pytest.mark.parametrize(
    ("leading", "probability", "candles_held", "enough", "regimes"),
    [
        ("aabab", 0.6, 2, 0.95, ["", "a", "a", "a", "a"]),  # one candle of another regime flips nothing
        ("aabbb", 0.6, 2, 0.95, ["", "a", "a", "b", "b"]),  # two in a row do
        ("aabca", 0.6, 2, 0.95, ["", "a", "a", "a", "a"]),  # two in a row of different regimes do not
        ("aabab", 0.96, 2, 0.95, ["a", "a", "b", "a", "b"]),  # a probability that is enough counts at once
        ("abab", 0.6, 1, 0.95, ["a", "b", "a", "b"]),  # a filter of one candle filters nothing
    ],
)
def test_a_change_of_regime_counts_once_it_has_held_or_is_sure(leading, probability, candles_held, enough, regimes) -> None:
    """SIG-5: confirmation threshold and delay."""
    filtered = Whipsaw()
    shown = []
    for each in leading:
        filtered.take(each, probability, candles_held, enough)
        shown.append(filtered.regime)
    assert shown == regimes


def test_the_memory_walks_candle_by_candle_as_the_models_say() -> None:
    """SIG-5: the first candle has no return; from the second on each is one step."""
    returns, _ = drawn(TWO, 40, 3)
    memory = remember(candles(returns))
    belief: list[float] = []
    variance = GARCH.step(GARCH.start, None)
    for value in returns:
        belief, variance = TWO.step(belief, value), GARCH.step(variance, value)
    assert memory.belief == pytest.approx(belief, rel=1e-9)
    assert memory.variance == pytest.approx(variance, rel=1e-9)
    assert memory.returns == 40
    reading = memory.reading(model(), 1)
    assert sum(reading.probabilities.values()) == pytest.approx(1.0)
    assert reading.deviation == pytest.approx(sqrt(variance), rel=1e-9)


def test_repeated_and_older_candles_change_nothing() -> None:
    """Invariant 3."""
    rows = candles([0.001, 0.002, -0.003])
    assert remember([*rows, rows[-1], rows[1]]) == remember(rows)


def test_over_missing_and_disputed_candles_only_time_passes() -> None:
    """DATA-3: neither the return into a gap nor the one out of it is taken for the return of one candle."""
    rows = candles([0.001, 0.002, 0.05, 0.001, 0.002])
    at_two = remember(rows[:3])
    holed = remember([*rows[:3], rows[4]])  # candle 3 is missing, and candle 4 has nothing before it
    belief, variance = at_two.belief, at_two.variance
    for _ in range(2):
        belief, variance = TWO.step(belief, None), GARCH.step(variance, None)
    assert (holed.belief, holed.variance, holed.returns) == (belief, variance, 2)
    disputed = msgspec.structs.replace(rows[3], state="disputed")
    doubted = remember([*rows[:3], disputed, rows[4]])
    assert (doubted.belief, doubted.variance, doubted.returns) == (belief, variance, 2)


def test_after_a_gap_too_long_to_bridge_everything_begins_anew() -> None:
    rows = candles([0.004] * 10)
    later = candles([0.001] * 3, begin=rows[-1].close_time + (LONGEST_GAP + 1) * QUARTER)
    assert remember([*rows, *later]) == remember(later)
    bridged = candles([0.001] * 3, begin=rows[-1].close_time + LONGEST_GAP * QUARTER)
    assert remember([*rows, *bridged]).returns == 13


def test_a_regime_is_unknown_before_enough_returns_were_seen() -> None:
    """Never guess."""
    memory = remember(candles([0.0001] * 10), candles_held=1)
    assert memory.reading(model(), 10).regime == "calm"
    assert memory.reading(model(), 11).regime is None
    fresh = RegimeMemory(model="").reading(model(), 1)
    assert (fresh.regime, fresh.probabilities) == (None, {"calm": 0.6, "volatile": 0.4})


def test_a_model_says_nothing_of_the_time_that_it_was_fitted_on() -> None:
    """Invariant 1: a backtest over that time would know how it went on."""
    rows = candles([0.0001] * 10)
    for offset, regime in ((-1, "calm"), (0, None), (QUARTER, None)):
        shown = model(fitted_to=rows[-1].close_time + offset)
        assert remember(rows, shown, 1).reading(shown, 1).regime == regime


@pytest.mark.parametrize("seed", [11, 12, 13])
@pytest.mark.parametrize("hmm", [TWO, THREE], ids=["two", "three"])
def test_filtered_regimes_find_those_that_were_drawn(hmm: GaussianHmm, seed: int) -> None:
    """SIG-5: with the true parameters; with fitted ones: tests/unit/research/test_research_regimes.py."""
    returns, states = drawn(hmm, 3_000, seed)
    belief: list[float] = []
    found = []
    for value in returns:
        belief = hmm.step(belief, value)
        found.append(belief.index(max(belief)))
    assert sum(one == other for one, other in zip(found, states, strict=True)) / len(states) > 0.8
