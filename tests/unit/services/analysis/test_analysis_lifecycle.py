"""The table of lives, and the guard that holds every change to it (ICT-3, ICT-5)."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from analysis_candles import closed, opened

from services.analysis.lifecycle import BIRTH, TRANSITIONS, IllegalTransition, advance
from shared.domain.facts import Fact, FactKind, FactState


def fact(kind: FactKind, state: FactState) -> Fact:
    return Fact(
        id="x", kind=kind, direction="bullish", top=2.0, bottom=1.0,
        formed_at=opened(0), confirmed_at=closed(0), changed_at=closed(0), state=state, score=0.5, touches=1, fill=0.25,
    )  # fmt: skip


def test_every_kind_has_a_life_and_every_state_of_it_can_be_reached() -> None:
    """ICT-3, ICT-5: no dead rows in the table, and each life starts and ends."""
    assert set(TRANSITIONS) == set(BIRTH) == set(get_args(FactKind))
    for kind, states in TRANSITIONS.items():
        reached = {BIRTH[kind]}
        while (more := reached | {after for state in reached for after in states[state]}) != reached:
            reached = more
        assert reached == set(states) <= set(get_args(FactState))
        assert any(not after for after in states.values())


@pytest.mark.parametrize("kind", get_args(FactKind))
def test_only_what_the_table_has_can_happen(kind: FactKind) -> None:
    """ICT-3, ICT-5: each other change is refused (the specimen of the guard)."""
    for before, after in product(TRANSITIONS[kind], get_args(FactState)):
        if after in TRANSITIONS[kind][before]:
            assert advance(fact(kind, before), after, closed(1)).state == after
        else:
            with pytest.raises(IllegalTransition, match=f"from {before} to {after}"):
                advance(fact(kind, before), after, closed(1))


def test_a_change_keeps_the_identity_and_what_is_not_given() -> None:
    """ICT-3: a changed state is a new fact with the same id and a later changed_at."""
    before = fact("order_block", "active")
    after = advance(before, "mitigated", closed(3), touches=2)
    assert (after.id, after.confirmed_at, after.changed_at) == (before.id, before.confirmed_at, closed(3))
    assert (after.score, after.touches, after.fill) == (0.5, 2, 0.25)
    assert before.state == "active"
