"""Known money faults as a table: what each does at which moment of a trade, and which pairs of them cannot be.

The numbers: 1 to 3, 5, 7 to 13 and 16 to 18. Number 18 is a list: its parts have letters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.execution import faults
from tests.support.execution.scene import Scene


def nothing(scene: Scene) -> None:
    """At this moment the fault does nothing."""


@dataclass(frozen=True)
class Fault:
    """``number``: of the fault. What it does before the trade is approved; when its entry has left; while it is held
    (``steady``), and at the end of that (``judged``); when the price has jumped through the stop (``ends``); after the calm.

    Each may say what is wrong (``Scene.wrong``).
    """

    number: str
    what: str
    before: Callable[[Scene], None] = nothing
    entered: Callable[[Scene], None] = nothing
    steady: Callable[[Scene], None] = nothing
    judged: Callable[[Scene], None] = nothing
    ends: Callable[[Scene], None] = nothing
    after: Callable[[Scene], None] = nothing


FAULTS: tuple[Fault, ...] = (
    Fault(
        "1",
        "a signal ten minutes old is delivered",
        before=faults.stale_signal,
        steady=faults.stale_signal,
        after=faults.no_stale_entry,
    ),
    Fault(
        "2",
        "account reads lag by five seconds, and another symbol trades meanwhile",
        before=faults.reads_lag,
        steady=faults.another_symbol_trades,
        judged=faults.nothing_was_written_off,
        ends=faults.reads_are_new,
    ),
    Fault("3", "account reads alone fail", entered=faults.reads_fail, ends=faults.reads_return),
    Fault(
        "5",
        "nothing is answered about the entry while the trade lives",
        before=faults.no_answer,
        entered=faults.stop_has_left,
        ends=faults.answers_return,
    ),
    Fault(
        "7",
        "frozen between writing and sending; a successor leads",
        before=faults.request_hangs,
        entered=faults.successor_begins,
    ),
    Fault("8", "an entry that was given up fills", steady=faults.entry_is_given_up),
    Fault("9", "the broker is away", steady=faults.broker_goes, ends=faults.broker_returns),
    Fault("10", "the price runs away, and an entry fills in part", before=faults.price_runs_away, ends=faults.depth_returns),
    Fault("10b", "the price passes the stop while none stands (-2021)", steady=faults.price_gaps_while_no_stop_stands),
    Fault(
        "11",
        "the exchange takes no stop",
        before=faults.stops_are_refused,
        entered=faults.next_signal_comes,
        steady=faults.stop_is_lost_and_none_is_taken,
        ends=faults.stops_are_taken,
    ),
    Fault(
        "12",
        "-4130: a person's stop stands where ours should go",
        steady=faults.person_puts_his_stop,
        judged=faults.his_stop_was_kept,
    ),
    Fault("13", "an unsigned message is on the queue", before=faults.unsigned_message, steady=faults.unsigned_message),
    Fault(
        "16",
        "one answer and its news are lost, and the first query fails",
        before=faults.answer_is_lost,
        entered=faults.query_fails_once,
        judged=faults.frozen_for_good,
    ),
    Fault("17", "a funding payment is told when the trade is over, and twice", after=faults.funding_is_told_late_and_twice),
    Fault("18a", "an error of class halt", steady=faults.account_is_refused, ends=faults.stops_are_taken),
    Fault("18b", "a margin call", steady=faults.margin_is_called),
    Fault("18c", "an intent of a leg of hedge mode", before=faults.leg_is_signed, steady=faults.leg_is_signed),
    Fault(
        "18d",
        "another deployment trades the account",
        steady=faults.rival_appears,
        judged=faults.rival_was_noticed,
        ends=faults.rival_leaves,
    ),
    Fault("18e", "the clock jumps by ten minutes", steady=faults.clock_jumps),
)
BY_NUMBER = {fault.number: fault for fault in FAULTS}

#: Pairs that cannot be: why.
IMPOSSIBLE: dict[frozenset[str], str] = {
    frozenset(("2", "3")): "a read that fails shows nothing, so it shows nothing old",
    frozenset(("5", "16")): "the answer to one request is given up after a second, or is awaited for longer; not both",
}
#: Parts of the faults that a core at the model exchange does not have, and what shows them.
ELSEWHERE: dict[str, tuple[str, str]] = {
    "9 ticks": ("the driver's own clock", "tests/chaos/test_chaos_execution_outages.py"),
    "9 outbox": (
        "what waits while the broker is away is the driver's",
        "tests/unit/services/execution/test_exchange_driver_outbox.py",
    ),
    "18 margin type, multi-assets mode": (
        "the driver asks",
        "tests/unit/services/execution/test_exchange_driver_instruments.py",
    ),
    "18 two deployments": ("a lease and an account, not one core", "tests/chaos/test_chaos_execution_leaders.py"),
}
