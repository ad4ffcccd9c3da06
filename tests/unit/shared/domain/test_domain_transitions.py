"""A life as a table: what it allows happens, what it does not is refused by name."""

from __future__ import annotations

from typing import Literal

import pytest

from shared.domain.transitions import IllegalTransition, next_state

Door = Literal["open", "shut", "gone"]
Push = Literal["push", "pull", "remove"]
TABLE: dict[Door, dict[Push, Door]] = {"open": {"push": "shut", "remove": "gone"}, "shut": {"pull": "open"}, "gone": {}}


def test_an_allowed_event_leads_to_the_state_of_the_table() -> None:
    assert next_state(TABLE, "door 1", "open", "push") == "shut"


def test_a_forbidden_event_is_refused_with_subject_state_event_and_what_is_allowed() -> None:
    with pytest.raises(IllegalTransition, match=r"^door 1 is open: no pull; allowed: push, remove$") as refusal:
        next_state(TABLE, "door 1", "open", "pull")
    error = refusal.value
    assert (error.subject, error.state, error.event, error.allowed) == ("door 1", "open", "pull", ("push", "remove"))


def test_a_life_that_is_over_allows_nothing() -> None:
    with pytest.raises(IllegalTransition, match="door 1 is gone: no push; allowed: none"):
        next_state(TABLE, "door 1", "gone", "push")
