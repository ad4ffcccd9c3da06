"""Only what risk signed is obeyed: the words of a bundle that nobody signs keep no intent from being taken."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from services.execution.settings import ExecutionSettings
from shared.domain.control import Alert
from shared.domain.intents import VerdictBundle
from shared.domain.orders import StepReport
from tests.support.execution.desk import BTC, ETH, Desk, bundle, control, intent

D = Decimal
HOUR = 3_600_000


def forged(desk: Desk, kind: str) -> VerdictBundle:
    """A bundle that whoever can write to the topic makes, of a close in the near future."""
    ahead = desk.now + 59_000
    if kind == "empty":
        return VerdictBundle(close_time=ahead, verdicts=())
    return bundle(intent("forged", desk.now, symbol=ETH), signature="forged", close_time=ahead)


def reported(desk: Desk) -> list[int]:
    return [each.close_time for each in desk.driver.messages if isinstance(each, StepReport)]


@pytest.mark.parametrize("kind", ["empty", "unsigned"])
def test_a_forged_bundle_holds_up_neither_a_close_nor_an_entry_that_risk_signed(kind: str) -> None:
    """Invariant 5, EXEC-2: it silenced risk for a minute, and repeated each minute for ever."""
    desk = Desk()
    desk.enter("i0")
    desk.driver.give(forged(desk, kind))
    desk.approve(intent("c", desk.now + 10, purpose="close", about="i0", stop=D(96)))
    desk.enter("i1", symbol=ETH)
    desk.run(500)
    assert (desk.held(), desk.held(ETH)) == (0, 2)


@pytest.mark.parametrize("kind", ["empty", "unsigned"])
def test_a_forged_bundle_holds_up_no_stop_that_risk_moves(kind: str) -> None:
    """Invariant 5, EXEC-3."""
    desk = Desk()
    desk.enter("i0")
    desk.driver.give(forged(desk, kind))
    desk.approve(intent("m", desk.now + 10, purpose="move_stop", about="i0", stop=D(97)))
    desk.run(1_000)
    stop = desk.stop()
    assert stop is not None
    assert stop.trigger == 97


def test_closes_after_a_forged_bundle_are_reported() -> None:
    """BT-1, invariant 5: each once, with intents and without."""
    desk = Desk()
    ahead = forged(desk, "empty")
    closes = [desk.now + 1, desk.now + 2]
    for one in (ahead, VerdictBundle(close_time=closes[0], verdicts=()), bundle(intent("i1", closes[1]))):
        desk.driver.give(one)
        desk.driver.give(one)
    assert reported(desk) == [ahead.close_time, *closes]


def test_the_close_that_a_bundle_names_wrongly_does_not_stop_the_intent_in_it() -> None:
    """Invariant 5: what risk signed says of which close it is; the bundle's own time is not signed."""
    desk = Desk()
    desk.enter("i0")
    desk.approve(intent("c", desk.now, purpose="close", about="i0", stop=D(96)), close_time=desk.now + 100 * HOUR)
    desk.run(500)
    assert desk.held() == 0
    assert desk.now + 100 * HOUR not in reported(desk)


def test_the_symbol_that_a_verdict_names_wrongly_does_not_delay_the_intent_in_it() -> None:
    """Invariant 5, EXEC-3: a trade at rest is not looked at by ticks."""
    desk = Desk()
    desk.enter("i0")
    desk.run(30_000)
    one = bundle(intent("c", desk.now, purpose="close", about="i0", stop=D(96)))
    elsewhere = msgspec.structs.replace(one.verdicts[0], symbol=ETH)
    desk.driver.give(msgspec.structs.replace(one, verdicts=(elsewhere,)))
    desk.run(500)
    assert desk.held() == 0


def test_a_verdict_that_comes_again_changes_nothing_whatever_became_of_it() -> None:
    """Invariant 3: taken, refused, obeyed or about a trade that is over; now, and when its time is over."""
    desk = Desk()
    desk.driver.give(control("halt", "h1"))
    refused = bundle(intent("r1", desk.now))
    desk.driver.give(refused)
    desk.driver.give(control("rearm", "h2"))
    entered = bundle(intent("i1", desk.now + 1))
    moved = bundle(intent("m1", desk.now + 2, purpose="move_stop", about="i1", stop=D(97)))
    over = bundle(intent("c0", desk.now + 3, purpose="close", about="i0", stop=D(96)))
    for one in (entered, moved, over):
        desk.driver.give(one)
    for _ in range(2):
        desk.run(10_000)
        before, told = desk.core.snapshot(), len(desk.driver.messages)
        for one in (refused, entered, moved, over):
            desk.driver.give(one)
        assert desk.core.snapshot() == before
        assert desk.driver.messages[told:] == []
    assert len(desk.entries()) == 1


def test_a_move_of_the_stop_that_comes_again_does_not_undo_what_a_person_did_since() -> None:
    """Invariant 3, EXEC-3: he moved it back to 95."""
    desk = Desk()
    desk.enter("i1")
    moved = bundle(intent("m1", desk.now + 2, purpose="move_stop", about="i1", stop=D(97)))
    desk.driver.give(moved)
    desk.run(2_000)
    desk.person_cancels(desk.stop())
    desk.person_stop(95)
    desk.run(2_000)
    desk.driver.give(moved)
    desk.driver.give(msgspec.structs.replace(moved, close_time=moved.close_time + 1))
    desk.run(2_000)
    stop = desk.stop()
    assert stop is not None
    assert stop.trigger == 95


def test_forgeries_are_counted_each_and_told_once_a_minute() -> None:
    """Invariant 6, EXEC-2: whoever writes a thousand does not bury the other alerts."""
    desk = Desk()
    counted = 0
    for number in range(50):
        one = bundle(intent(f"f{number}", desk.now), signature="forged", close_time=desk.now + number)
        effects = desk.core.handle(one, desk.now)
        desk.driver.messages += effects.messages
        counted += effects.refused.count("bad_signature")
    assert (counted, desk.alerts.count("refused")) == (50, 1)
    desk.run(60_000, step=1_000)
    desk.approve(intent("later", desk.now), signature="forged")
    told = [each for each in desk.driver.messages if isinstance(each, Alert) and each.key == "refused.bad_signature.later"]
    assert len(told) == 1


def test_bundles_of_a_far_future_are_told_once_a_minute_and_counted_each() -> None:
    """Invariant 6, EXEC-2."""
    desk = Desk()
    counted = 0
    for number in range(20):
        effects = desk.core.handle(VerdictBundle(close_time=desk.now + HOUR + number, verdicts=()), desk.now)
        desk.driver.messages += effects.messages
        counted += len(effects.refused)
    assert (counted, desk.alerts.count("implausible"), reported(desk)) == (20, 1, [])


def test_each_intent_of_risk_that_is_refused_is_told_and_counted() -> None:
    """EXEC-2: a command never fails silently; here two in one minute for one reason."""
    desk = Desk()
    desk.driver.give(control("halt"))
    one = bundle(intent("i1", desk.now), intent("i2", desk.now, symbol=ETH))
    effects = desk.core.handle(one, desk.now)
    keys = [each.key for each in effects.messages if isinstance(each, Alert)]
    assert keys == ["refused.halted.i1", "refused.halted.i2"]
    assert effects.refused == ["halted", "halted"]


def test_an_intent_that_comes_in_a_bundle_of_another_close_is_named_as_a_repeat() -> None:
    """Invariant 3, EXEC-2."""
    desk = Desk()
    one = intent("i1", desk.now)
    desk.approve(one)
    desk.approve(one, close_time=desk.now + 5)
    keys = [each.key for each in desk.driver.messages if isinstance(each, Alert)]
    assert [key for key in keys if key.startswith("refused")] == ["refused.repeated.i1"]


def test_the_memory_of_intents_and_closes_is_bounded() -> None:
    """Invariant 6: those that are still valid are never forgotten."""
    desk = Desk(settings=ExecutionSettings(trades_remembered=16))
    for number in range(400):
        desk.run(1_000, step=1_000)
        desk.approve(intent(f"c{number}", desk.now, purpose="close", about="none", stop=D(96)))
    state = desk.core.state
    assert len(state.intents) <= 17
    assert len(state.decided) <= 256
    burst = [intent(f"b{number}", desk.now, purpose="close", about="none", stop=D(96)) for number in range(40)]
    desk.approve(*burst)
    assert {each.id for each in burst} <= state.intents.keys()
    assert BTC not in state.frozen
