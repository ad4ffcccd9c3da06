"""Random histories with hedge mode: legs that persons trade, and what earlier processes of ours left there."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.execution.core import ExecutionCore
from tests.support.execution import hedge_specimens, specimens
from tests.support.execution.hedged import Hedged, hedged_mix, play_hedged


class HedgedExecution(RuleBasedStateMachine):
    """Actions in any order, most of them in legs; judged after every step, and after a long calm at the end."""

    history: Hedged | None = None
    actions: tuple[str, ...] = ()

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begins(self, seed: int) -> None:
        self.history, self.actions = Hedged(seed), hedged_mix(seed)
        self.history.do("person_switches")

    @rule(number=st.integers(0, 999))
    def something_happens(self, number: int) -> None:
        assert self.history is not None
        self.history.do(self.actions[number % len(self.actions)])

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.history is None or self.history.watch.violations == []

    def teardown(self) -> None:
        if self.history is not None and not self.history.watch.violations:
            self.history.end()
            assert self.history.watch.violations == []


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis gives it no types
        HedgedExecution,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


def drawn(seed: int, steps: int) -> list[str]:
    """The names of a history that begins with the switch to hedge mode."""
    draw, actions = random.Random(seed), hedged_mix(seed)
    return ["person_switches", *(draw.choice(actions) for _ in range(steps))]


def test_in_any_history_of_hedge_legs_nothing_is_entered_and_what_is_ours_is_protected() -> None:
    """Invariants 3, 4, 5 and 7, EXEC-3, EXEC-4, RISK-5: what others hold in a leg is left to them."""
    _run(200, 30)


@pytest.mark.soak
def test_in_many_long_histories_of_hedge_legs_the_same_holds() -> None:
    """The same, with many more and longer histories."""
    _run(2_000, 60)


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
