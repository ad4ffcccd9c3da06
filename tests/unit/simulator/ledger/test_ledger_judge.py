"""The judge of a chaos drill: every invariant has a ledger that breaks it and nothing else, and what excuses, excuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.ledger.judge import CHECKS, Judgement, judge
from tests.support.chaos.ledgers import CLOSE, GUARDIANS, LOT, SPECIMENS, Story


def broken(story: Story) -> set[str]:
    story.note("settled")
    return {each.invariant for each in judge(story.case()).breaches}


def test_a_trade_as_it_should_be_breaks_nothing() -> None:
    story = Story()
    story.trade()
    found = judge(story.case())
    assert found.breaches == ()
    assert (found.entries, found.orders, found.fills) == (1, 1, 2)
    assert (found.bare.spells, found.bare.longest, found.bare.refused) == (1, 200, 0)


@pytest.mark.parametrize(("specimen", "invariant"), SPECIMENS.items(), ids=[each.__name__ for each in SPECIMENS])
def test_each_specimen_is_caught(specimen: Callable[[], Story], invariant: str) -> None:
    """OPS-9: the harness catches what it must, and names the invariant."""
    assert broken(specimen()) == {invariant}


def test_every_invariant_has_a_specimen() -> None:
    assert set(SPECIMENS.values()) == set(CHECKS)


def test_time_in_which_the_exchange_refuses_stops_is_told_apart_and_is_no_breach() -> None:
    """EXEC-3: five seconds bare while no stop is taken, and two after that."""
    story = Story()
    fault = story.fault(kind="rest_outage")
    story.approve()
    story.order()
    story.wait(5_000)
    story.lift(fault)
    story.wait(2_000)
    story.stop()
    story.note("settled")
    found = judge(story.case())
    assert found.breaches == ()
    assert (found.bare.longest, found.bare.longest_refused) == (2_000, 5_000)


def test_an_outage_of_something_else_excuses_nothing() -> None:
    story = Story()
    faults = [
        story.fault(kind="rest_outage", path="/fapi/v2/account"),
        story.fault(kind="rest_outage", symbol="ETHUSDT"),
        story.fault(kind="unknown_503", executed=True),
        story.fault(kind="lost_user_events"),
    ]
    story.approve()
    story.order()
    story.wait(4_000)
    story.stop()
    for each in faults:
        story.lift(each)
    assert broken(story) == {"naked"}


def test_after_an_outage_the_whole_time_is_allowed_again_and_not_more() -> None:
    story = Story()
    story.approve()
    story.order()
    story.wait(2_500)
    fault = story.fault(kind="unavailable_503")
    story.wait(1_000)
    story.lift(fault)
    story.wait(2_500)
    assert broken(story) == set()
    story.wait(1_000)
    story.stop()
    assert broken(story) == {"naked"}


def test_a_client_that_was_told_to_wait_may_wait() -> None:
    story = Story()
    story.approve()
    story.order()
    fault = story.fault(kind="rate_limited_429", retry_after_s=2)
    story.wait(10)
    story.lift(fault, hits=1)
    story.wait(4_900)
    story.stop()
    assert broken(story) == set()


def test_while_nobody_runs_nobody_can_protect() -> None:
    """Execution and guardian are gone for ten seconds; who comes back has three."""
    story = Story()
    story.approve()
    story.order()
    story.note("gone", "execution.a")
    story.wait(1_000)
    story.note("gone", "guardian")
    story.wait(10_000)
    story.note("running", "guardian")
    story.wait(2_000)
    story.stop()
    story.note("settled")
    found = judge(story.case())
    assert found.breaches == ()
    assert found.bare.unattended == 10_000


def test_the_guardian_alone_is_enough_to_be_held_to_it() -> None:
    story = Story()
    story.note("gone", "execution.a")
    story.approve()
    story.order()
    story.wait(4_000)
    story.stop()
    assert broken(story) == {"naked"}


def test_an_entry_that_was_on_its_way_when_the_halt_was_said_is_none_against_it() -> None:
    story = Story()
    story.note("halted")
    story.wait(1_000)
    story.approve()
    story.order()
    story.stop()
    story.note("rearming")
    assert broken(story) == set()


def test_after_a_rearming_entries_are_allowed() -> None:
    story = Story()
    story.note("halted")
    story.wait(4_000)
    story.note("rearming")
    story.wait(1)
    story.approve()
    story.order()
    story.stop()
    assert broken(story) == set()


def test_a_refusal_that_was_told_is_not_lost() -> None:
    story = Story()
    story.approve("icte0000-refused", told=True)
    story.wait(60_000)
    story.note("settled")
    assert broken(story) == set()


def test_stops_by_quantity_cover_by_their_sum() -> None:
    story = Story()
    story.approve()
    story.order()
    story.stop("icte0000-one", quantity=LOT / 2)
    story.stop("icte0000-other", quantity=LOT / 2)
    story.wait(60_000)
    story.note("settled")
    assert broken(story) == set()


def test_a_stop_that_moves_is_no_bare_moment() -> None:
    """The bridge stands while the stop is replaced."""
    story = Story()
    story.approve()
    story.order()
    stop = story.stop()
    bridge = story.stop("icte0000-bridge", quantity=LOT)
    story.stop_is(stop, "CANCELED")
    story.wait(60_000)
    story.stop("icte0000-stop-2")
    story.stop_is(bridge, "CANCELED")
    story.note("settled")
    found: Judgement = judge(story.case())
    assert found.breaches == ()
    assert found.bare.longest == 0


def test_an_exit_that_is_cleared_in_time_is_no_orphan() -> None:
    story = Story()
    story.approve()
    story.order()
    stop = story.stop()
    story.order(CLOSE, "SELL", reduces=True)
    story.wait(5_000)
    story.stop_is(stop, "CANCELED")
    story.note("settled")
    assert broken(story) == set()


@pytest.mark.parametrize(
    ("owner", "gone", "breaks"),
    [
        (CLOSE, "execution.a", False),
        (GUARDIANS, "guardian", False),
        (CLOSE, "guardian", True),
        (GUARDIANS, "execution.a", True),
    ],
)
def test_an_exit_is_cleared_by_whoever_placed_it_and_only_while_that_one_runs(owner: str, gone: str, breaks: bool) -> None:
    story = Story()
    story.approve()
    story.order()
    stop = story.stop(owner)
    story.order("icte0000-other", "SELL", reduces=True)
    story.note("gone", gone)
    story.wait(30_000)
    story.note("running", gone)
    story.wait(5_000)
    story.stop_is(stop, "CANCELED")
    assert broken(story) == ({"orphan"} if breaks else set())


def test_an_exit_that_is_left_at_the_end_is_an_orphan_however_young() -> None:
    story = Story()
    story.approve()
    story.order()
    story.stop()
    story.order(CLOSE, "SELL", reduces=True)
    assert broken(story) == {"orphan"}


def test_a_guardian_may_close_what_it_could_not_protect() -> None:
    """EXEC-3: eight seconds in which no stop was taken; one that is placed while the close is under way changes nothing."""
    story = Story()
    fault = story.fault(kind="rejection", code=-4120)
    story.approve()
    story.order()
    story.wait(7_000)
    story.lift(fault)
    stop = story.stop()
    story.wait(1_000)
    story.order(GUARDIANS, "SELL", reduces=True)
    story.stop_is(stop, "CANCELED")
    assert "needless" not in broken(story)


def test_two_stops_may_stand_beside_each_other_for_a_while() -> None:
    """EXEC-3: as long as readings may lag, and no longer than the guardian is there to cancel its own."""
    story = Story()
    story.approve()
    story.order()
    stop, other = story.stop(), story.stop(GUARDIANS, quantity=LOT)
    story.wait(15_000)
    story.note("gone", "guardian")
    story.wait(30_000)
    story.note("running", "guardian")
    story.wait(3_000)
    story.stop_is(other, "CANCELED")
    story.wait(30_000)
    story.stop_is(stop, "CANCELED")
    story.order(CLOSE, "SELL", reduces=True)
    assert broken(story) == set()


def test_a_question_who_leads_is_no_exit() -> None:
    story = Story()
    story.stop("ictq0000-" + "0" * 26, quantity=LOT)
    story.wait(60_000)
    story.note("settled")
    assert broken(story) == set()


@pytest.mark.parametrize("defect", ["says nobody runs", "lifts no fault", "does not settle"])
def test_a_harness_with_one_defect_is_caught(defect: str) -> None:
    """A drill whose own words would excuse anything is worth nothing."""
    story = Story(running=() if defect == "says nobody runs" else ("execution.a", "guardian"))
    if defect == "lifts no fault":
        story.fault(kind="rest_outage")
    story.trade()
    if defect == "does not settle":
        story.lines.pop()
    assert {each.invariant for each in judge(story.case()).breaches} == {"ledger"}
