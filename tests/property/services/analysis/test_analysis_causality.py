"""Causality on random walks, and the specimens that the harness must catch (BT-5, invariant 1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings

from services.analysis.settings import AnalysisSettings
from services.analysis.settings.timetable import WindowKind
from shared.domain.candles import Candle
from shared.domain.facts import Fact, FactKind
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, STEP, events, run, seeded_walk, walks
from tests.support.analysis.causality import Replay, prefix_violations, scramble_violations

SETTINGS = pytest.mark.parametrize("chosen", [LIVELY, OTHER_OPTIONS, AnalysisSettings()], ids=["lively", "other", "default"])


def replay(chosen: AnalysisSettings, candles: Sequence[Candle]) -> list[Fact]:
    return events(run(candles, chosen))


@SETTINGS
@pytest.mark.parametrize("seed", range(3))
def test_a_prefix_gives_a_prefix(chosen: AnalysisSettings, seed: int) -> None:
    """Invariant 1: order, ids and every field included."""
    candles = seeded_walk(seed, 600)
    cuts = sorted(random.Random(seed).sample(range(1, 600), 25))
    assert prefix_violations(partial(replay, chosen), candles, cuts) == []


@SETTINGS
@pytest.mark.parametrize("seed", range(3))
def test_another_future_changes_nothing_that_was_said(chosen: AnalysisSettings, seed: int) -> None:
    """Invariant 1: history is never rewritten."""
    candles = seeded_walk(seed, 600)
    cuts = sorted(random.Random(seed).sample(range(1, 600), 15))
    assert scramble_violations(partial(replay, chosen), candles, cuts, seed) == []


@SETTINGS
@settings(max_examples=40, deadline=None)
@given(candles=walks)
def test_a_prefix_gives_a_prefix_on_walks_full_of_ties(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """Invariant 1."""
    cuts = range(3, len(candles), 7)
    assert prefix_violations(partial(replay, chosen), candles, cuts) == []
    assert scramble_violations(partial(replay, chosen), candles, cuts, seed=1) == []


@SETTINGS
@settings(max_examples=40, deadline=None)
@given(candles=walks)
def test_facts_published_at_a_close_are_dated_by_that_close(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """Invariant 1: no event is dated before or after the close that publishes it, and none rests on a later candle."""
    for analysis in run(candles, chosen):
        for fact in analysis.events:
            assert fact.changed_at == analysis.candle.close_time
        for fact in analysis.active:
            assert fact.formed_at <= fact.confirmed_at <= fact.changed_at <= analysis.candle.close_time
            # Only a window of time is known at the instant at which it is drawn: the clock needs no candle.
            assert fact.formed_at < fact.confirmed_at or fact.kind in get_args(WindowKind)


# Specimens: what has gone wrong in other people's libraries. The harness must catch every one of them.


def dated_back(kinds: tuple[FactKind, ...], candles: Sequence[Candle]) -> list[Fact]:
    """The confirmation delay removed: facts of these kinds claim to be known at the close of their own candle."""
    facts = []
    for fact in replay(LIVELY, candles):
        if fact.kind in kinds and fact.changed_at == fact.confirmed_at:
            own = fact.formed_at + STEP
            fact = msgspec.structs.replace(fact, confirmed_at=own, changed_at=own)
        facts.append(fact)
    return sorted(facts, key=lambda fact: fact.changed_at)


def repainting(candles: Sequence[Candle]) -> list[Fact]:
    """The last candle of the frame always ends in a swing high, which is gone once it is not the last."""
    facts = replay(LIVELY, candles)
    like = next((fact for fact in facts if fact.kind == "swing_high"), None)
    last = candles[-1]
    if like is None:
        return facts
    invented = msgspec.structs.replace(
        like,
        top=last.high,
        bottom=last.high,
        formed_at=last.open_time,
        confirmed_at=last.close_time,
        changed_at=last.close_time,
    )
    return [*facts, invented]


def surviving(candles: Sequence[Candle]) -> list[Fact]:
    """Only the order blocks that were never invalidated are told of: a backtest sees survivors."""
    facts = replay(LIVELY, candles)
    failed = {fact.id for fact in facts if fact.state == "invalidated"}
    return [fact for fact in facts if fact.id not in failed]


def scaled_by_the_whole(candles: Sequence[Candle]) -> list[Fact]:
    """The minimum gap is a fraction of the whole data set's range."""
    span = max(candle.high for candle in candles) - min(candle.low for candle in candles)
    facts = replay(LIVELY, candles)
    return [fact for fact in facts if fact.kind != "fvg" or fact.top - fact.bottom >= span * 0.03]


SPECIMENS: dict[str, Replay] = {
    "swings announced at their own candle": partial(dated_back, ("swing_high", "swing_low")),
    "order blocks announced at their own candle": partial(dated_back, ("order_block",)),
    "gaps announced at their middle candle": partial(dated_back, ("fvg",)),
    "breaks drawn at the swing they broke": partial(dated_back, ("bos", "choch")),
    "a repainting last swing": repainting,
    "survivors only": surviving,
    "sizes by the whole data set": scaled_by_the_whole,
}


@pytest.mark.parametrize("specimen", SPECIMENS.values(), ids=SPECIMENS.keys())
def test_the_harness_catches_the_specimen(specimen: Replay) -> None:
    """BT-5: a known-bad specimen must be caught, by its prefixes."""
    assert prefix_violations(specimen, seeded_walk(1, 300), range(100, 300, 3))


@pytest.mark.parametrize(
    "name", ["swings announced at their own candle", "order blocks announced at their own candle", "survivors only"]
)
def test_the_scrambled_future_catches_the_specimen_too(name: str) -> None:
    """BT-5: what rests on later candles changes with them."""
    assert scramble_violations(SPECIMENS[name], seeded_walk(1, 300), range(100, 300, 3), seed=1)
