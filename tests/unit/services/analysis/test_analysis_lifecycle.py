"""The table of lives, and the guard that holds every change to it (ICT-3, ICT-5)."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from services.analysis.base.finding import Finding
from services.analysis.lifecycle import BIRTH, TRANSITIONS
from shared.domain.facts import FactKind, FactState
from shared.domain.transitions import IllegalTransition
from tests.support.analysis.candles import closed, opened


def finding(kind: FactKind, state: FactState) -> Finding:
    made = Finding(kind, "bullish", 2.0, 1.0, opened(0), closed(0), score=0.5, label="HH", key=7, numbers=(3.0,))
    made.state, made.touches, made.fill = state, 1, 0.25
    return made


def test_every_kind_has_a_life_and_every_state_of_it_can_be_reached() -> None:
    """ICT-3, ICT-5: no dead rows in the table, and each life starts and ends."""
    assert set(TRANSITIONS) == set(BIRTH) == set(get_args(FactKind))
    for kind, states in TRANSITIONS.items():
        reached = {BIRTH[kind]}
        while (more := reached | {after for state in reached for after in states[state]}) != reached:
            reached = more
        assert reached == set(states) <= set(get_args(FactState))
        assert any(not after for after in states.values())
    assert {state for states in TRANSITIONS.values() for state in states} == set(get_args(FactState))


@pytest.mark.parametrize("kind", get_args(FactKind))
def test_only_what_the_table_has_can_happen(kind: FactKind) -> None:
    """ICT-3, ICT-5: each other change is refused (the specimen of the guard)."""
    for before, after in product(TRANSITIONS[kind], get_args(FactState)):
        if after in TRANSITIONS[kind][before]:
            assert finding(kind, before).changed(after, closed(1)).state == after
        else:
            with pytest.raises(IllegalTransition, match=f"is {before}: no {after};"):
                finding(kind, before).changed(after, closed(1))


def test_a_change_keeps_the_identity_and_what_is_not_set() -> None:
    """ICT-3: a changed state is a new finding of the same fact with a later changed_at."""
    before = finding("order_block", "active")
    after = before.changed("mitigated", closed(3))
    assert after.identity() == before.identity() == ("order_block", "bullish", opened(0), 7)
    assert (after.confirmed_at, after.changed_at, before.changed_at) == (closed(0), closed(3), closed(0))
    assert (after.score, after.touches, after.fill, after.label, after.numbers) == (0.5, 1, 0.25, "HH", (3.0,))
    assert before.state == "active"


@pytest.mark.parametrize("kind", get_args(FactKind))
def test_a_finding_is_born_as_the_table_says_and_over_where_it_ends(kind: FactKind) -> None:
    """ICT-3, ICT-5: the reader of a state knows whether more can come."""
    assert Finding(kind, "bullish", 2.0, 1.0, opened(0), closed(0)).state == BIRTH[kind]
    for state, after in TRANSITIONS[kind].items():
        assert finding(kind, state).is_over() is (not after)
