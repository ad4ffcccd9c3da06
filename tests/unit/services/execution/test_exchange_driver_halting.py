"""Whoever stops entries, risk hears of it once, and so does the reader of /readyz (EXEC-6)."""

from __future__ import annotations

from typing import cast

from services.execution.drivers.exchange.halting import BY, Halting
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.state import Halt
from shared.domain.control import Alert, Control
from shared.domain.message import Message
from shared.exchange.errors import ExchangeError
from tests.support.execution.desk import START, control, core


class Loop:
    """A core without a driver; remembers what is published beside it."""

    def __init__(self) -> None:
        self.core = core()
        self.published: list[Message] = []

    def now(self) -> int:
        return START

    def feed(self, message: Message) -> None:
        self.core.handle(message, START)

    def tell(self, *messages: Message) -> None:
        self.published += messages

    @property
    def commands(self) -> list[Control]:
        return [each for each in self.published if isinstance(each, Control)]


def halting() -> tuple[Halting, Loop, Readiness]:
    loop, readiness = Loop(), Readiness()
    return Halting(cast(MoneyLoop, loop), readiness), loop, readiness


def test_a_halt_of_the_core_is_told_to_risk_once_and_ends_with_the_rearm() -> None:
    """EXEC-6: entries must stop before they are approved, too."""
    halts, loop, readiness = halting()
    loop.core.state.halted = Halt(code=-2015, why="the key is refused", since=START)
    halts.look()
    halts.look()
    assert [(each.command, each.by, each.reason) for each in loop.commands] == [("halt", BY, "the key is refused")]
    assert "entries are halted: the key is refused" in readiness.trouble()
    loop.feed(control("rearm"))
    halts.look()
    assert len(loop.commands) == 1
    assert "halted" not in readiness.trouble()


def test_the_echo_of_a_halt_does_not_undo_a_rearm_that_was_quicker() -> None:
    """EXEC-6: risk hears of the halt over a queue that execution reads, too."""
    halts, loop, _ = halting()
    loop.core.state.halted = Halt(code=-2015, why="the key is refused", since=START)
    halts.look()
    loop.feed(control("rearm"))
    (echo,) = loop.commands
    loop.feed(echo)
    assert loop.core.state.halted is None


def test_a_halt_by_command_is_not_told_back() -> None:
    """EXEC-6: risk sent it, or has it from the same queue."""
    halts, loop, readiness = halting()
    loop.feed(control("halt"))
    halts.look(commanded=True)
    assert loop.commands == []
    assert "halted" in readiness.trouble()


def test_a_halt_from_before_a_restart_is_not_told_again() -> None:
    """EXEC-6."""
    halts, loop, readiness = halting()
    halts.begin()
    assert "halted" not in readiness.trouble()
    loop.core.state.halted = Halt(code=0, why="by hand", since=START)
    halts.begin()
    halts.look()
    assert loop.published == []
    assert "entries are halted: by hand" in readiness.trouble()


def test_an_error_that_a_person_must_mend_halts_and_another_does_not() -> None:
    """EXEC-6: the class is the error table's."""
    halts, loop, _ = halting()
    halts.failed(ExchangeError("retry", -1003, "too many requests", call="balances"))
    assert loop.core.state.halted is None
    halts.failed(ExchangeError("halt", -2015, "invalid key", call="balances"))
    assert loop.core.state.halted is not None
    halts.halt("again")
    assert [each.key for each in loop.published if isinstance(each, Alert)] == ["halt.-2015"]
