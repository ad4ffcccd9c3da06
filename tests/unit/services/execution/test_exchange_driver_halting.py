"""Whoever stops entries, risk hears of it once, and so does the reader of /readyz; a ban ends by itself (EXEC-6)."""

from __future__ import annotations

from typing import cast

from services.execution.drivers.exchange.halting import BY, Halting
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.state import Halt
from shared.domain.control import Alert, Control
from shared.domain.message import Message
from shared.exchange.errors import ExchangeError
from shared.exchange.limits.news import LimitsNews
from tests.support.execution.desk import START, control, core


class Loop:
    """A core without a driver; remembers what is published beside it."""

    def __init__(self) -> None:
        self.core = core()
        self.published: list[Message] = []
        self.time = START
        self.bans: list[tuple[int, str]] = []

    def now(self) -> int:
        return self.time

    def feed(self, message: Message) -> None:
        self.core.handle(message, START)

    def tell(self, *messages: Message) -> None:
        self.published += messages

    def ban(self, until: int, why: str) -> None:
        self.bans.append((until, why))

    @property
    def alerts(self) -> list[Alert]:
        return [each for each in self.published if isinstance(each, Alert)]

    @property
    def commands(self) -> list[Control]:
        return [each for each in self.published if isinstance(each, Control)]


def halting() -> tuple[Halting, Loop, Readiness]:
    loop, readiness = Loop(), Readiness()
    return Halting(cast(MoneyLoop, loop), readiness, loop.ban), loop, readiness


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


def test_a_refused_key_pages_once_where_entries_are_halted_already() -> None:
    """EXEC-6: after a pause, a flatten or a first start nothing else would say that no stop can be placed any more."""
    halts, loop, _ = halting()
    loop.feed(control("halt"))
    halts.look(commanded=True)
    for _ in range(3):
        halts.failed(ExchangeError("halt", -2015, "invalid key", call="balances"))
    assert [(each.severity, each.key) for each in loop.alerts] == [("critical", "halt.-2015")]
    assert "entries were halted before" in loop.alerts[0].text
    loop.feed(control("rearm", "c2"))
    halts.look()
    halts.failed(ExchangeError("halt", -2015, "invalid key", call="balances"))
    assert [each.key for each in loop.alerts] == ["halt.-2015"] * 2


def test_one_refused_key_that_several_reads_meet_pages_once() -> None:
    """EXEC-6: the second is told of no halt of before, which is its own."""
    halts, loop, _ = halting()
    for code in (-2015, -2015, -1002, -2015, -1002):
        halts.failed(ExchangeError("halt", code, "no", call="balances"))
        halts.look()
    assert [each.key for each in loop.alerts] == ["halt.-2015", "halt.-1002"]


def test_a_ban_pages_once_closes_entries_and_ends_by_itself() -> None:
    """EXEC-6: several requests meet the same ban; no person re-arms what the clock ends."""
    halts, loop, readiness = halting()
    until = START + 120_000
    halts.limits_news(LimitsNews(event="banned", until=until))
    halts.limits_news(LimitsNews(event="banned", until=until + 40))
    (page,) = loop.alerts
    assert (page.severity, page.key) == ("critical", f"ban.{until}")
    assert "2 min" in page.text
    assert "end it" in page.text
    assert [each for each, _ in loop.bans] == [until]
    assert loop.core.state.halted is None
    loop.time = until - 1
    halts.look()
    assert "banned" in readiness.trouble()
    loop.time = until
    halts.look()
    halts.look()
    assert "banned" not in readiness.trouble()
    assert [each.severity for each in loop.alerts] == ["critical", "info"]


def test_a_longer_ban_is_told_again() -> None:
    """EXEC-6: the exchange doubles it for who goes on."""
    halts, loop, _ = halting()
    halts.limits_news(LimitsNews(event="banned", until=START + 120_000))
    halts.limits_news(LimitsNews(event="banned", until=START + 240_000))
    assert [each for each, _ in loop.bans] == [START + 120_000, START + 240_000]
    assert len(loop.alerts) == 2


def test_forged_counts_page_and_do_not_flood() -> None:
    """EXEC-6, H2 and H5 of the security review: whoever forges them does so again and again."""
    halts, loop, _ = halting()
    for _ in range(100):
        halts.limits_news(LimitsNews(event="forged", text="no calls until 4000000000000 ms"))
        loop.time += 1_000
    (page,) = loop.alerts
    assert page.severity == "critical"
    assert "4000000000000" in page.text
    loop.time = START + 600_000
    halts.limits_news(LimitsNews(event="forged", text="again"))
    assert len(loop.alerts) == 2


def test_odd_limits_of_the_exchange_warn() -> None:
    """EXEC-6: the shipped limits hold."""
    halts, loop, _ = halting()
    halts.limits_news(LimitsNews(event="odd_limits", text="no ORDERS"))
    (told,) = loop.alerts
    assert (told.severity, "no ORDERS" in told.text) == ("warning", True)
