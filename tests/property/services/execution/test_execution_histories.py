"""Random histories of execution at the model exchange, with the shipped settings, under the watchman's eyes."""

from __future__ import annotations

import random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.execution.core import ExecutionCore
from services.execution.risk_orders import RiskOrders
from tests.support.execution import specimens
from tests.support.execution.machine import ACTIONS, COMMANDS, History, play
from tests.support.execution.state_machine import Execution, run


class Commanded(Execution):
    """The same with an operator who flattens, closes and cancels at any moment."""

    @rule(name=st.sampled_from(COMMANDS))
    def an_operator_commands(self, name: str) -> None:
        assert self.history is not None
        self.history.do(name)


def test_in_any_history_orders_leave_once_and_positions_are_protected() -> None:
    """Invariants 3, 4, 5 and 7, EXEC-2, EXEC-3, EXEC-4, EXEC-7."""
    run(300, 30)


def test_in_any_history_with_an_operators_commands_the_same_holds() -> None:
    """RISK-7, invariants 3 and 4: whatever is closed by a command, in any weather."""
    run(200, 30, Commanded)


def test_after_any_history_a_flatten_leaves_nothing_held_and_nothing_resting() -> None:
    """RISK-7: ours and others', whatever came before."""
    for seed in range(60):
        draw = random.Random(seed)
        history = play(seed, [draw.choice(ACTIONS) for _ in range(25)])
        exchange = history.desk.exchange
        before = {symbol: held for symbol, held in exchange.position.items() if held}
        history.flatten()
        history.desk.run(30_000)
        assert not any(exchange.position.values()), f"seed {seed}: {before} before, {exchange.position} after"
        ours = [each for symbol in exchange.price for each in exchange.living(symbol) if each.client_id.startswith("icte")]
        assert not ours, f"seed {seed}: {ours} rest"
        assert history.desk.core.state.flattening is None


def withdrawn_after_histories() -> int:
    """Withdraw after each history; count the entries that would have rested on. Raises AssertionError for one that does."""
    would_rest = 0
    for seed in range(120):
        draw = random.Random(seed)
        history = History(seed, ExecutionCore)
        for _ in range(20):
            history.do(draw.choice(ACTIONS))
        history.approve()
        history.weather_clears()
        history.exchange_takes_all()
        history.desk.run(500)
        until = history.desk.now + 2_000
        resting = [name for name, ends in _entries(history).items() if ends > until]
        would_rest += len(resting)
        history.risk_withdraws()
        history.desk.run(2_000)
        assert not _entries(history).keys() & set(resting), f"seed {seed}: {resting}"
    return would_rest


def test_after_any_history_a_withdrawal_of_risk_ends_the_entries_of_before() -> None:
    """RISK-3: also those that were in doubt; what is held stays protected (the watchman looks on)."""
    assert withdrawn_after_histories() >= 3, "histories without an entry that rests prove nothing"


def test_a_withdrawal_that_nobody_obeys_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: every checker has a specimen that it must catch."""
    monkeypatch.setattr(RiskOrders, "_withdraw", lambda self, order, now, effects: False)
    with pytest.raises(AssertionError, match="seed"):
        withdrawn_after_histories()


def _entries(history: History) -> dict[str, int]:
    """Our entries that rest at the exchange: client id → until when, ms."""
    core, exchange = history.desk.core, history.desk.exchange
    names = {each.client_id for symbol in exchange.price for each in exchange.living(symbol)}
    return {
        order.client_id: plan.intent.rests_until
        for plan in core.state.plans.values()
        for order in plan.of(core.state.orders, "entry")
        if order.client_id in names
    }


@pytest.mark.soak
def test_in_many_long_histories_orders_leave_once_and_positions_are_protected() -> None:
    """The same, with many more and longer histories."""
    run(3_000, 60)


@pytest.mark.parametrize(
    ("specimen", "broken"),
    [(specimens.SendsAgain, "3"), (specimens.LosesItsStops, "4"), (specimens.Untidy, "4")],
)
def test_the_watchman_catches_the_specimen(specimen: type[ExecutionCore], broken: str) -> None:
    """STYLE: every checker has a specimen that it must catch; here within a handful of histories."""
    for seed in range(60):
        draw = random.Random(seed)
        names = ["approve", *("weather_worsens",) * 3, *(draw.choice(ACTIONS) for _ in range(25))]
        history = play(seed, names, specimen)
        if any(violation.startswith(broken) for violation in history.watch.violations):
            return
    raise AssertionError("the specimen was not caught")


def test_the_watchman_sees_that_an_addition_is_sold() -> None:
    """STYLE, EXEC-4: a specimen that closes all that is held, in a handful of histories."""
    names = [*("time_passes",) * 4, "approve", "price_moves", "person_adds", "time_passes", "close_intent", "time_passes"]
    found = [play(seed, names * 2, specimens.SellsAll).watch.violations for seed in range(20)]
    assert any("that others hold" in violation for violations in found for violation in violations)


@pytest.mark.parametrize("specimen", [specimens.RestsForEver, ExecutionCore])
def test_the_watchman_sees_that_a_voided_entry_rests_on(specimen: type[ExecutionCore]) -> None:
    """STYLE, SIG-7: a specimen that ignores the price, in a handful of calm histories; the core itself is not blamed."""
    names = [*("time_passes",) * 4, *("approve", "price_moves", "time_passes") * 6]
    found = [violation for seed in range(20) for violation in play(seed, names, specimen).watch.violations]
    assert any("price has voided it" in each for each in found) == (specimen is specimens.RestsForEver)
