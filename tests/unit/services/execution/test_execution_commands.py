"""Operators' commands: what they close, end and stop, what is refused, and that both drivers carry them out (RISK-7)."""

from __future__ import annotations

from typing import Any

import pytest

from services.execution.requests import CancelOrder, PlaceOrder
from services.execution.state import ExecutionState, Freeze
from shared.domain.control import Alert
from tests.support.execution.desk import BTC, ETH, START, D, Desk, control, core, operators


def texts(desk: Desk, key: str) -> list[str]:
    return [each.text for each in desk.driver.messages if isinstance(each, Alert) and each.key.startswith(key)]


def test_flatten_closes_ours_and_others_positions_and_stays_halted() -> None:
    """RISK-7: whoever holds them."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    desk.person(3, ETH)
    desk.run(1_000)
    desk.driver.give(control("flatten"))
    desk.run(5_000)
    assert (desk.held(BTC), desk.held(ETH)) == (0, 0)
    assert desk.resting(BTC) == desk.resting(ETH) == []
    closes = [each for each in desk.placed("MARKET") if each.client_id.startswith("icte")]
    assert {each.symbol for each in closes} == {BTC, ETH}
    assert all(each.reduce_only for each in closes)
    halted = desk.core.state.halted
    assert halted is not None
    assert "a test" in halted.why
    assert desk.core.state.flattening is None
    assert [trade.exit_reason for trade in desk.trades] == ["command", "command"]
    assert any("BTCUSDT +2" in text and "ETHUSDT +3" in text for text in texts(desk, "control.c1"))
    assert texts(desk, "control.c1.flat")


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_the_pause_of_a_strategy_is_passed_over(name: str) -> None:
    """SIG-8: it is obeyed by signals; whoever sends one here, by another topic, breaks nothing and gets no answer."""
    desk = Desk()
    desk.driver.give(control(name, strategy="ob_fvg"))
    desk.run(0)
    assert desk.core.state.halted is None
    assert texts(desk, "control") == texts(desk, "command_refused") == []
    assert not desk.core.state.commands.taken


def test_flatten_asks_for_all_closes_in_one_step() -> None:
    """RISK-7: all at once, not one after the other."""
    desk = Desk()
    desk.enter("i1")
    desk.run(100)
    desk.enter("i2", symbol=ETH)
    desk.run(1_000)
    requests = desk.core.handle(control("flatten"), desk.now).requests
    closes = [each.order for each in requests if isinstance(each, PlaceOrder)]
    assert sorted(each.symbol for each in closes) == [BTC, ETH]


def test_flatten_closes_what_others_hold_beside_our_trade() -> None:
    """RISK-7: the whole leg, not only our part of it."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    desk.person(1, BTC)
    desk.run(1_000)
    desk.driver.give(control("flatten"))
    desk.run(5_000)
    assert desk.held(BTC) == 0


def test_flatten_closes_a_short_of_others() -> None:
    """RISK-7: the side is the position's own."""
    desk = Desk()
    desk.person(-2, ETH)
    desk.run(1_000)
    desk.driver.give(control("flatten"))
    desk.run(3_000)
    assert desk.held(ETH) == 0


def test_flatten_closes_in_a_symbol_that_is_frozen() -> None:
    """RISK-7: a freeze stops entries, never the way out."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    desk.core.state.frozen[BTC] = Freeze(reason="unprotectable", since=START, text="a test")
    desk.driver.give(control("flatten"))
    desk.run(3_000)
    assert desk.held(BTC) == 0


def test_flatten_ends_an_entry_that_rests_and_closes_what_it_has_filled() -> None:
    """RISK-7: what is on its way does not survive it."""
    desk = Desk()
    desk.enter(kind="limit", rests_until=START + 600_000)
    desk.price(101)
    desk.run(1_000)
    desk.driver.give(control("flatten"))
    desk.run(3_000)
    assert desk.resting() == []
    assert desk.held() == 0


def test_flatten_closes_what_a_later_statement_shows_until_the_account_is_flat() -> None:
    """RISK-7: what is known at the command may be some seconds old."""
    desk = Desk()
    desk.core.handle(control("flatten"), desk.now)
    assert desk.core.state.flattening is not None
    desk.person(1, ETH)
    desk.run(10_000)
    assert desk.held(ETH) == 0
    assert desk.core.state.flattening is None
    desk.person(1, ETH)
    desk.run(10_000)
    assert desk.held(ETH) == 1  # it has ended: a person may trade again


def test_the_halt_of_a_flatten_outlives_a_restart() -> None:
    """RISK-3: re-armed by hand only."""
    desk = Desk()
    desk.driver.give(control("flatten"))
    again = core()
    again.restore(desk.core.snapshot())
    assert again.state.halted is not None
    assert again.handle(control("flatten"), desk.now).requests == []


def test_close_closes_its_symbol_alone_and_halts_nothing() -> None:
    """RISK-7: ours and others' in that symbol."""
    desk = Desk()
    desk.enter("i1")
    desk.run(100)
    desk.enter("i2", symbol=ETH)
    desk.run(1_000)
    desk.driver.give(control("close", symbol=ETH))
    desk.run(3_000)
    assert (desk.held(BTC), desk.held(ETH)) == (2, 0)
    assert desk.core.state.halted is None
    assert any("ETHUSDT +2" in text for text in texts(desk, "control.c1"))


def test_close_says_that_nothing_is_held() -> None:
    """RISK-7: an answer in every case."""
    desk = Desk()
    desk.driver.give(control("close", symbol=ETH))
    assert any("nothing is held in ETHUSDT" in text for text in texts(desk, "control.c1"))


def test_cancel_ends_entries_and_leaves_trades_protected() -> None:
    """RISK-7: cancel entry orders."""
    desk = Desk()
    desk.enter("i1", symbol=ETH)
    desk.run(100)
    desk.enter("i2", kind="limit", price=D(97), bound=D(97), rests_until=START + 600_000)
    desk.run(1_000)
    stop = desk.stop(ETH)
    desk.driver.give(control("cancel"))
    desk.run(2_000)
    assert desk.resting(BTC) == []
    assert desk.stop(ETH) == stop
    assert desk.held(ETH) == 2
    assert desk.core.state.halted is None
    assert any("BTCUSDT" in text for text in texts(desk, "control.c1"))


@pytest.mark.parametrize("command", ["halt", "cancel", "flatten", "rearm"])
def test_an_unsigned_command_does_nothing_and_is_told(command: Any) -> None:
    """OPS-7: a forged rearm lifted a halt, once."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    desk.core.state.frozen[ETH] = Freeze(reason="unprotectable", since=START, text="a test")
    before = desk.core.state.halted
    effects = desk.core.handle(control(command, signature=""), desk.now)
    assert not [each for each in effects.requests if isinstance(each, PlaceOrder | CancelOrder)]
    assert desk.core.state.halted == before
    assert ETH in desk.core.state.frozen
    assert [each.key.partition(".")[0] for each in effects.messages if isinstance(each, Alert)] == ["command_refused"]
    assert desk.core.state.commands.all_refused == 1


def test_execution_halts_at_the_sight_of_an_operators_order() -> None:
    """RISK-7: `--direct` acts past execution, which must not enter again by itself."""
    desk = Desk()
    desk.enter()
    desk.run(1_000)
    desk.person(-2, BTC, operators("o"))
    desk.run(3_000)
    halted = desk.core.state.halted
    assert halted is not None
    assert "operator" in halted.why
    assert desk.resting() == []
    assert [trade.exit_reason for trade in desk.trades] == ["command"]


def test_an_old_snapshot_without_commands_is_read() -> None:
    """EXEC-2: an update of this program finds the state of the one before."""
    assert ExecutionState().commands.taken == {}
    assert ExecutionState().flattening is None
