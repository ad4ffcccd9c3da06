"""Look-ahead analysis: what is causal passes, and every known-bad specimen is caught."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
import pytest

from research.detectors import NoSuchDetectors, detectors
from research.events import replay
from research.lookahead import Statement, cuts_of, leaks, prefix_leaks, scramble_leaks
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from tests.support.analysis.candles import LIVELY, STEP, seeded_walk

CANDLES = seeded_walk(1, 300)
CUTS = cuts_of(300, 40, seed=1)


def without_delay(chosen: AnalysisSettings, candles: Sequence[Candle]) -> list[Statement]:
    """The engine with the confirmation delay of swings removed: they claim to be known at the close of their own candle."""
    said = []
    for fact in replay(candles, chosen):
        if fact.kind in ("swing_high", "swing_low") and fact.changed_at == fact.confirmed_at:
            own = fact.formed_at + STEP
            fact = msgspec.structs.replace(fact, confirmed_at=own, changed_at=own)
        said.append(Statement(fact.changed_at, fact))
    return sorted(said, key=lambda each: each.known_at)


@pytest.mark.parametrize("name", ["engine", "smc"])
def test_causal_detectors_pass_the_lookahead_check(name: str) -> None:
    """BT-5: the engine, and the restated rules at the closes at which they truly became knowable."""
    found = list(leaks(detectors(name, LIVELY), CANDLES, CUTS, seed=1))
    assert found == [[]] * len(CUTS)


@pytest.mark.parametrize(
    "specimen",
    [partial(without_delay, LIVELY), detectors("smc-drawn", LIVELY)],
    ids=["the delay of swings removed", "smc as it draws"],
)
def test_a_known_bad_specimen_is_caught_by_both_checks(specimen: partial[list[Statement]]) -> None:
    """BT-5: by prefixes, and by other futures."""
    assert prefix_leaks(specimen, CANDLES, CUTS)
    assert scramble_leaks(specimen, CANDLES, CUTS, seed=1)


def test_a_leak_says_what_was_said_then_and_what_is_claimed_now() -> None:
    """A person must be able to look the case up."""

    def last_is_a_high(candles: Sequence[Candle]) -> list[Statement]:
        return [Statement(candles[-1].close_time, "high")]

    (leak,) = prefix_leaks(last_is_a_high, CANDLES, [10])
    assert (leak.check, leak.cut, leak.cut_at, leak.place) == ("prefix", 10, CANDLES[9].close_time, 0)
    assert (leak.then, leak.full) == ("high", None)
    (leak,) = prefix_leaks(lambda candles: [Statement(CANDLES[0].close_time, len(candles))], CANDLES, [10])
    assert (leak.then, leak.full) == (10, 300)
    (leak,) = prefix_leaks(lambda candles: last_is_a_high(candles)[: len(candles) // 300], CANDLES, [300])[:1] or [None]
    assert leak is None


def test_cuts_are_spread_over_the_candles() -> None:
    assert cuts_of(1_000, 10, seed=3) == sorted(cuts_of(1_000, 10, seed=3))
    assert all(100 * place < cut <= 100 * place + 100 for place, cut in enumerate(cuts_of(1_001, 10, seed=3)))
    assert cuts_of(3, 10, seed=1) == [1, 2]
    assert cuts_of(1, 10, seed=1) == []
    assert cuts_of(0, 10, seed=1) == []


def one_statement(candles: Sequence[Candle]) -> list[Statement]:
    return [Statement(candles[0].close_time, "begun")]


def test_a_function_of_ones_own_can_be_looked_at() -> None:
    """BT-5: any detector set, by the name of its function."""
    own = detectors(f"{__name__}:one_statement", LIVELY)
    assert list(leaks(own, CANDLES, CUTS, seed=1)) == [[]] * len(CUTS)


@pytest.mark.parametrize("name", ["nonsense", "no.such.module:f", "math:nothing", "math:pi"])
def test_a_name_that_is_none_is_refused_with_what_can_be_written(name: str) -> None:
    with pytest.raises(NoSuchDetectors, match=name.partition(":")[0]):
        detectors(name, LIVELY)
