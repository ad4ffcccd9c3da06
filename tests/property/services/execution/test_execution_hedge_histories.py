"""Random histories with hedge mode: legs that persons trade, and what earlier processes of ours left there."""

from __future__ import annotations

import random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from services.execution.core import ExecutionCore
from tests.support.execution import hedge_specimens, specimens
from tests.support.execution.hedged import Hedged, hedged_mix, play_hedged
from tests.support.execution.state_machine import Execution, run


class HedgedExecution(Execution):
    """Actions in any order, most of them in legs; judged after every step, and after a long calm at the end."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begins(self, seed: int) -> None:
        self.history, self.actions = Hedged(seed), hedged_mix(seed)
        self.history.do("person_switches")


def drawn(seed: int, steps: int) -> list[str]:
    """The names of a history that begins with the switch to hedge mode."""
    draw, actions = random.Random(seed), hedged_mix(seed)
    return ["person_switches", *(draw.choice(actions) for _ in range(steps))]


def test_in_any_history_of_hedge_legs_nothing_is_entered_and_what_is_ours_is_protected() -> None:
    """Invariants 3, 4, 5 and 7, EXEC-3, EXEC-4, RISK-5: what others hold in a leg is left to them."""
    run(200, 30, HedgedExecution)


@pytest.mark.soak
def test_in_many_long_histories_of_hedge_legs_the_same_holds() -> None:
    """The same, with many more and longer histories."""
    run(2_000, 60, HedgedExecution)


def test_the_histories_meet_trades_in_legs_that_are_taken_up_and_such_that_are_closed() -> None:
    """STYLE: a history in which nothing happens shows nothing."""
    met = set[str]()
    for seed in range(30):
        state = play_hedged(seed, drawn(seed, 25)).desk.core.state
        trades = [*state.plans.values(), *state.past.values()]
        met |= {plan.id.partition("-")[0] for plan in trades if plan.intent.leg != "BOTH"}
    assert met >= {"rebuilt", "forgotten", "taken"}


@pytest.mark.parametrize(
    ("specimen", "broken"),
    [
        (hedge_specimens.BooksLegsAsOne, "4"),
        (hedge_specimens.OverlooksLegs, "4"),
        (hedge_specimens.ReducesOnlyInLegs, "4"),
        (hedge_specimens.EntersInHedgeMode, "5"),
        (hedge_specimens.ProtectsOthers, "7"),
        (specimens.TakesHedgeLegs, "5"),
        (specimens.LosesItsStops, "4"),
    ],
)
def test_the_watchman_catches_the_specimen_of_legs(specimen: type[ExecutionCore], broken: str) -> None:
    """STYLE: every checker has a specimen that it must catch; here within a handful of histories."""
    for seed in range(40):
        violations = play_hedged(seed, drawn(seed, 25), specimen).watch.violations
        if any(violation.startswith(broken) for violation in violations):
            return
    raise AssertionError("the specimen was not caught")
