"""Random histories as hypothesis makes and shrinks them: a seed, and numbers that choose the actions."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.support.execution.machine import History, mix


class Execution(RuleBasedStateMachine):
    """Actions in any order; judged after every step, and after a long calm at the end."""

    history: History | None = None
    actions: tuple[str, ...] = ()

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begins(self, seed: int) -> None:
        self.history, self.actions = History(seed), mix(seed)

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


def run(examples: int, steps: int, machine: type[Execution] = Execution) -> None:
    """Play so many histories of at most so many steps, and fail with the shortest that breaks something."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis gives it no types
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
