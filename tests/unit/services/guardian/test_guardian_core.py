"""The guardian's core at an account: when it acts, what it leaves alone, whom it tells (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.guardian.allowance import Allowance
from services.guardian.messages import Filters, Heard, Positions, ReadBook, ReadPositions, SymbolFilters, Tick, Unread
from shared.exchange.model.user_events import AccountUpdate, PositionChange, Unnamed
from tests.support.guardian.world import LINEAGE, SYMBOLS, World

D = Decimal
A, B, C = SYMBOLS


def keys(world: World) -> list[str]:
    return [alarm.key.split(".")[1] for alarm in world.alarms]


def test_a_position_gets_its_stop_two_seconds_after_it_was_bare() -> None:
    """EXEC-3: the position closes by it, ids say whose it is, execution is asked to halt."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(2))
    world.run(1_900)
    assert world.own() == []
    world.run(500)
    (stop,) = world.own()
    assert (stop.close_position, stop.side, stop.trigger) == (True, "SELL", D("98.00"))
    assert stop.client_id.startswith(f"ictg{LINEAGE}-")
    assert (keys(world), len(world.halts)) == (["bare", "placed"], 1)
    assert world.closed == []


def test_execution_that_protects_in_time_sees_nothing_of_it() -> None:
    """EXEC-3: no order, no alarm, no halt; also for a stop that is moved over a bridge."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(2))
    world.run(1_000)
    world.others_stop(A)
    world.run(10_000)
    world.others_stop(A, quantity=D(2), price=D(92))
    world.run(200)
    world.account.end(next(each.client_id for each in world.account.orders.values() if each.close_position))
    world.run(5_000)
    world.others_stop(A, price=D(93))
    world.run(5_000)
    assert (world.placed, world.alarms, world.halts, world.violations) == ([], [], [], [])


@pytest.mark.parametrize("deaf", [False, True])
def test_a_stop_that_vanishes_is_replaced_within_two_seconds_of_the_last_reading(deaf: bool) -> None:
    """EXEC-3: the stream tells at once; without it the reading before counts."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(2))
    world.others_stop(A)
    world.run(5_000)
    world.deaf = deaf
    world.cancel_stops(A)
    world.run(2_600)
    assert len(world.own(A)) == 1


def test_a_stop_by_quantity_that_no_longer_covers_is_completed() -> None:
    """EXEC-3: the position has grown."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(2))
    world.others_stop(A, quantity=D(2))
    world.run(5_000)
    world.account.hold(A, D(5))
    world.run(3_000)
    assert world.account.covered(A)


def test_beside_a_stop_beyond_liquidation_its_own_states_a_quantity() -> None:
    """EXEC-3: the exchange keeps one order that closes the position; that one protects nothing."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(3))
    world.run(200)
    world.far_stop(A)
    world.run(3_000)
    (stop,) = world.own()
    assert (stop.close_position, stop.reduce_only, stop.quantity) == (False, True, D(3))
    assert len(world.account.orders) == 2


def test_a_stop_beyond_liquidation_that_readings_do_not_show_is_found_by_its_refusal() -> None:
    """EXEC-3: -4130 is no proof when the order that it means is shown and is of no use."""
    world = World()
    world.run(3_000)
    world.deaf = True
    world.account.hold(A, D(3))
    world.far_stop(A)
    world.core.state.looked[A] = 0
    world.run(4_000)
    assert world.account.covered(A)


def test_a_large_position_is_covered_in_parts() -> None:
    """EXEC-3: one market order may trade less than is held."""
    world = World()
    world.feed(Filters({A: SymbolFilters(tick=D("0.01"), market_max=D(2))}))
    world.run(3_000)
    world.account.hold(A, D(5))
    world.run(200)
    world.far_stop(A)
    world.run(4_000)
    assert sorted(each.quantity for each in world.own()) == [D(1), D(2), D(2)]


def test_a_refused_stop_is_alarmed_once_and_tried_until_it_is_taken() -> None:
    """EXEC-3: what passes closes nothing, however long it lasts."""
    world = World()
    world.run(3_000)
    world.account.refusing = "passing"
    world.account.hold(A, D(1))
    world.run(60_000)
    assert (keys(world), world.closed) == (["bare", "refused"], [])
    world.account.refusing = None
    world.run(5_500)
    assert len(world.own(A)) == 1


def test_an_answer_that_is_lost_is_followed_by_the_same_order() -> None:
    """EXEC-3: the same client id, so that there is one stop."""
    world = World()
    world.run(3_000)
    world.account.refusing = "unknown"
    world.account.hold(A, D(1))
    world.run(5_000)
    world.account.refusing = None
    world.run(6_000)
    assert len(world.own(A)) == 1


def test_a_stop_that_the_price_has_passed_is_tried_farther_away() -> None:
    """EXEC-3: -2021."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(1))
    world.run(1_900)
    placed: list[Decimal] = []
    real = world.account.place

    def beyond(order: Any) -> Any:
        placed.append(order.trigger)
        return ("beyond", None) if order.trigger > D(96) else real(order)

    world.account.place = beyond  # type: ignore[method-assign]  # the price falls faster than readings tell
    world.run(3_000)
    assert placed == [D("98.00"), D("97.00"), D("95.50")]
    assert world.own(A)[0].trigger == D("95.50")


def test_a_position_that_may_have_no_stop_is_closed_after_the_readings_lag_and_a_stop_is_tried_first_again() -> None:
    """EXEC-3: nothing but a close is left; refused too, it goes on."""
    world = World()
    world.run(3_000)
    world.account.refusing = "refused"
    world.account.hold(A, D(1))
    world.run(40_000)
    assert len(world.closed) >= 2
    assert world.account.held
    world.account.refusing = None
    world.run(12_000)
    assert len(world.own(A)) == 1
    assert world.account.held


def test_a_close_that_is_taken_ends_it() -> None:
    """EXEC-3: in parts that the exchange takes; only stops are refused."""
    world = World()
    world.feed(Filters({A: SymbolFilters(tick=D("0.01"), market_max=D(2))}))
    world.run(3_000)
    world.account.place = lambda order: ("refused", None)  # type: ignore[method-assign]  # more than 200 stand (-4045)
    world.account.hold(A, D(-5))
    world.run(20_000)
    assert (world.account.held, [each.quantity for each in world.closed]) == ({}, [D(2), D(2), D(1)])
    assert "closed" in keys(world)
    assert len(world.halts) == 1


def test_a_close_that_changes_nothing_is_repeated() -> None:
    """EXEC-3."""
    world = World()
    world.run(3_000)
    world.account.place = lambda order: ("refused", None)  # type: ignore[method-assign]  # as above
    world.account.close = lambda order: "unknown"  # type: ignore[method-assign]  # lost on its way
    world.account.hold(A, D(1))
    world.run(20_000)
    assert len(world.closed) > 2


def test_symbols_that_it_is_to_leave_alone_are_left_alone() -> None:
    """EXEC-3."""
    world = World(leave=(A,))
    world.run(3_000)
    world.account.hold(A, D(1))
    world.run(10_000)
    assert (world.own(), world.core.state.legs) == ([], {})


def test_its_own_stop_of_an_earlier_life_is_taken_up_and_tidied() -> None:
    """EXEC-3: it protects while the position is held, also after a restart, and goes with it."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(1))
    world.run(3_000)
    world.restart()
    world.run(10_000)
    assert len(world.placed) == 1
    world.restart()
    world.account.hold(A, D(0))
    world.run(20_000)
    assert world.own() == []


def test_readings_that_fail_are_told_once_and_their_end_too() -> None:
    """EXEC-3, OBS-1."""
    world = World()
    world.run(3_000)
    world.unreadable = True
    world.run(60_000)
    assert keys(world) == ["blind"]
    world.unreadable = False
    world.run(5_000)
    assert keys(world) == ["blind", "sees"]


def test_without_readings_the_stream_alone_is_enough() -> None:
    """EXEC-3."""
    world = World()
    world.run(3_000)
    world.unreadable = True
    world.account.hold(A, D(1))
    world.run(3_000)
    assert len(world.own(A)) == 1


def test_a_leg_of_hedge_mode_gets_a_stop_of_its_leg() -> None:
    """EXEC-3: without reduceOnly, which the exchange refuses there."""
    world = World()
    world.run(3_000)
    change = PositionChange(
        symbol=A, side="SHORT", quantity=D(-1), entry=D(100), break_even=D(100), unrealized=D(0), isolated_wallet=D(0)
    )
    world.feed(Heard(AccountUpdate(time=world.now, reason="ORDER", wallets=(), positions=(change,))))
    world.run(2_400)
    (order,) = world.placed
    assert (order.side, order.position_side, order.close_position) == ("BUY", "SHORT", True)


def test_events_that_say_nothing_change_nothing() -> None:
    """EXEC-3."""
    world = World()
    world.run(3_000)
    before = world.core.state.legs.copy()
    world.feed(Heard(Unnamed(kind="GRID_UPDATE", time=world.now)))
    assert world.core.state.legs == before


def test_the_time_without_a_stop_is_measured() -> None:
    """EXEC-3: from the event on, until the stop is taken."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(1))
    world.run(1_500)
    ((_, lasts),) = world.core.unprotected(world.now).items()
    assert 1_000 <= lasts <= 1_500
    world.run(2_000)
    assert list(world.core.unprotected(world.now).values()) == [0]


def test_ten_symbols_are_read_in_turn_within_the_weight() -> None:
    """EXEC-3: positions each round, three books of ten; one in its first minute, in which it reads those of all symbols."""
    world = World()
    names = [f"{letter}USDT" for letter in "ABCDEFGHIJ"]
    for name in names:
        world.account.hold(name, D(1))
        world.others_stop(name)
    world.run(60_000)
    assert all(world.now - world.core.state.looked[name] < 25_000 for name in names)
    world.run(60_000)
    assert world.violations == []
    assert all(world.now - world.core.state.looked[name] < 10_000 for name in names)


def test_the_allowance_keeps_room_for_the_positions() -> None:
    """EXEC-3."""
    allowance = Allowance(300, 2_000)
    for _ in range(200):
        if allowance.allows(ReadBook(A), 0):
            allowance.spend(ReadBook(A), 0)
    assert not allowance.allows(ReadBook(A), 59_999)
    assert allowance.allows(ReadBook(A), 59_999, urgent=True)
    reads = 0
    while allowance.positions(0):
        allowance.spend(ReadPositions(), 0)
        reads += 1
    assert reads >= 30
    assert allowance.allows(ReadBook(A), 60_000)


def test_a_tick_before_anything_was_read_asks_for_the_positions() -> None:
    """EXEC-3."""
    world = World()
    assert world.core.handle(Tick(), world.now + 10_000)[-1] == ReadPositions()


def test_a_stop_that_an_earlier_life_placed_while_readings_lagged_is_tidied_too() -> None:
    """EXEC-3: it is looked for when readings can no longer be older than the start."""
    world = World()
    world.run(3_000)
    world.account.lag = 5_000
    world.run(6_000)
    world.account.hold(A, D(1))
    world.run(4_000)
    assert len(world.own(A)) == 1
    world.restart()
    world.run(500)
    world.account.hold(A, D(0))
    world.run(30_000)
    assert world.own() == []


def test_a_stop_that_an_earlier_life_left_is_tidied_soon_also_where_the_first_look_for_it_fails() -> None:
    """EXEC-3: found by the chaos drill, in which it stayed for 75 s beside no position."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(1))
    world.run(10_000)
    assert len(world.own(A)) == 1
    world.restart()
    world.account.hold(A, D(0))
    world.run(5_900)
    world.unreadable = True
    world.run(600)
    world.unreadable = False
    world.run(9_000)
    assert world.own() == []


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    """EXEC-3: a reading asked for before the last one that came knows less than it."""
    world = World()
    world.run(3_000)
    world.account.hold(A, D(2))
    world.others_stop(A)
    world.run(3_000)
    before = (world.core.state.positions_at, dict(world.core.state.legs))
    assert world.core.handle(Positions(asked_at=1, rows=()), world.now) is not None
    assert (world.core.state.positions_at, dict(world.core.state.legs)) == before
    assert world.core.handle(Unread(ReadBook(None)), world.now) is not None
    assert dict(world.core.state.legs) == before[1]
