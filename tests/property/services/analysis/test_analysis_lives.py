"""The lives of facts on random walks: only along the table, told completely, bounded (ICT-3, ICT-5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings

from services.analysis.lifecycle import BIRTH, EVENT, PIVOT, SWING, TRANSITIONS
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact, FactState
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, events, run, seeded_walk, walks

SETTINGS = pytest.mark.parametrize("chosen", [LIVELY, OTHER_OPTIONS], ids=["lively", "other"])

#: Kinds of which the last one stays in the active set, in whatever state; of all others everything that is not over does.


def offences(facts: Iterable[Fact]) -> list[str]:
    """Every change that the table does not have, and every change of what may not change."""
    known: dict[str, Fact] = {}
    found = []
    for fact in facts:
        before = known.get(fact.id)
        known[fact.id] = fact
        if before is None:
            if fact.state != BIRTH[fact.kind]:
                found.append(f"{fact.kind} {fact.id} was born {fact.state}")
            continue
        if fact.state not in TRANSITIONS[before.kind][before.state]:
            found.append(f"{fact.kind} {fact.id}: {before.state} to {fact.state}")
        if fact.changed_at <= before.changed_at:
            found.append(f"{fact.kind} {fact.id} changed twice by {fact.changed_at}")
        if fact.touches < before.touches or fact.fill < before.fill:
            found.append(f"{fact.kind} {fact.id} forgot touches or fill")
        if constant(fact) != constant(before):
            found.append(f"{fact.kind} {fact.id} was rewritten")
    return found


def constant(fact: Fact) -> tuple[object, ...]:
    return (
        fact.kind,
        fact.direction,
        fact.top,
        fact.bottom,
        fact.formed_at,
        fact.confirmed_at,
        fact.why,
        fact.label,
        fact.ref,
    )


@SETTINGS
@settings(max_examples=60, deadline=None)
@given(candles=walks)
def test_every_change_is_in_the_table(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """ICT-3, ICT-5: seen from outside, as a reader of the messages would."""
    assert offences(events(run(candles, chosen))) == []


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ("filled", {"state": "active"}),
        ("touched", {"top": 5_000.0}),
        ("touched", {"fill": -0.1}),
        ("touched", {"changed_at": 0}),
    ],
)
def test_the_check_catches_a_life_that_breaks_the_rules(state: FactState, change: dict[str, object]) -> None:
    """The specimen: a gap that comes back to life, is redrawn, unfills, or changes twice at one close."""
    facts = events(run(seeded_walk(1, 300), LIVELY), "fvg")
    victim = next(fact for fact in facts if fact.state == state)
    if "changed_at" in change:
        change = {"changed_at": victim.changed_at}
    assert offences([*facts[: facts.index(victim) + 1], msgspec.structs.replace(victim, **change)])


#: Kinds of which the last one stays in the active set when its life is over: swings, pivots, what is said once.
LINGER = {kind for kind, life in TRANSITIONS.items() if life in (EVENT, SWING, PIVOT)}


@SETTINGS
@settings(max_examples=60, deadline=None)
@given(candles=walks)
def test_the_active_set_is_what_the_events_add_up_to(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """ICT-1..15: nothing enters or leaves the active set without an event, so a journal of events can rebuild it."""
    bounds = {
        "session_high": chosen.session_levels.max_active,
        "session_low": chosen.session_levels.max_active,
        "gap_4h": chosen.opening_gaps.keep,
        "liquidity_pool": 2 * chosen.max_active,  # one kind, both sides
    }
    known: dict[str, Fact] = {}
    alive: dict[str, Fact] = {}
    for analysis in run(candles, chosen):
        for fact in analysis.events:
            known[fact.id] = fact
            alive.pop(fact.id, None)
            if TRANSITIONS[fact.kind][fact.state]:
                alive[fact.id] = fact
        shown = {fact.id: fact for fact in analysis.active}
        assert len(shown) == len(analysis.active)
        assert {key: fact for key, fact in shown.items() if known[key] != fact} == {}
        assert [fact for key, fact in alive.items() if key not in shown] == []
        assert [fact for fact in shown.values() if fact.id not in alive and fact.kind not in LINGER] == []
        for (kind, direction), count in Counter((fact.kind, fact.direction) for fact in analysis.active).items():
            assert count <= (2 if kind in LINGER else bounds.get(kind, chosen.max_active)), direction
        for kind in {fact.kind for fact in analysis.active}:
            if kind not in LINGER:  # oldest first
                confirmed = [fact.confirmed_at for fact in analysis.active if fact.kind == kind]
                assert confirmed == sorted(confirmed)


@SETTINGS
@settings(max_examples=60, deadline=None)
@given(candles=walks)
def test_a_swing_is_broken_once_and_by_one_break(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """ICT-2: one BOS or CHoCH a swing, on the swing that is broken at that close, in the trend that follows."""
    for analysis in run(candles, chosen):
        breaks = [fact for fact in analysis.events if fact.kind in ("bos", "choch")]
        broken = [fact for fact in analysis.events if fact.state == "broken" and fact.kind in ("swing_high", "swing_low")]
        assert [(fact.formed_at, fact.top) for fact in breaks] == [(fact.formed_at, fact.top) for fact in broken]
        assert len(breaks) <= 1
        for fact in breaks:
            assert analysis.trend == ("up" if fact.direction == "bullish" else "down")
