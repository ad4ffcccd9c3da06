"""When the clock alone gives execution something to do."""

from __future__ import annotations

import pytest

from services.execution.calm import NEVER, due_at
from services.execution.state import ExecutionState, Flattening, Freeze, StepDue

NOW = 1_746_403_200_000


def test_an_account_with_nothing_on_its_way_waits_for_nothing() -> None:
    """BT-7: neither does a symbol that only a person may free."""
    state = ExecutionState()
    assert due_at(state, NOW) == NEVER
    state.frozen["BTCUSDT"] = Freeze(reason="unprotectable", since=NOW, text="")
    assert due_at(state, NOW) == NEVER


@pytest.mark.parametrize(
    "moving",
    [
        {"steps_due": [StepDue(close_time=NOW)]},
        {"strays": {"ict-1": NOW}},
        {"flattening": Flattening(id="c-1", since=NOW)},
        {"frozen": {"BTCUSDT": Freeze(reason="doubt", since=NOW, text="")}},
    ],
    ids=lambda moving: next(iter(moving)),
)
def test_every_step_matters_while_something_is_on_its_way(moving: dict[str, object]) -> None:
    """BT-7, EXEC-4: what is not at rest is looked at in every minute."""
    assert due_at(ExecutionState(**moving), NOW) == NOW  # type: ignore[arg-type]  # a table row


def test_a_leg_that_differs_from_the_exchange_is_looked_at_in_every_step() -> None:
    """EXEC-4: a comparison may end it."""
    state = ExecutionState()
    state.leg("BTCUSDT").apart_since = NOW - 1
    assert due_at(state, NOW) == NOW
