"""The exit ladder and the stop that follows it: rungs, break-even over a bridge, limit entries that fill in parts."""

from __future__ import annotations

from decimal import Decimal

from services.execution.requests import CancelOrder, PlaceOrder
from services.execution.settings import ExecutionSettings
from shared.domain.intents import ExitRung
from shared.exchange.error_codes import ErrorCode
from tests.support.execution.desk import START, Desk, intent
from tests.support.execution.watch import Watch

D = Decimal
THREE = tuple(ExitRung(price=D(price), share=D(share)) for price, share in ((103, "0.25"), (106, "0.25"), (110, "0.5")))


def words(desk: Desk) -> list[str]:
    """What was asked, in order: ``+stop`` placed, ``-stop`` cancelled."""
    orders = desk.core.state.orders
    return [
        ("+" + orders[each.order.client_id].purpose)
        if isinstance(each, PlaceOrder)
        else "-" + orders[each.client_id].purpose
        for each in desk.requests
        if isinstance(each, PlaceOrder | CancelOrder)
    ]


def stops(desk: Desk) -> list[tuple[Decimal, bool]]:
    return [(each.trigger, each.close_position) for each in desk.resting() if each.type == "STOP_MARKET"]


def test_two_rungs_stand_and_the_next_follows_when_one_has_filled() -> None:
    """EXEC-7: with stop and bridge never more than four conditional orders."""
    desk = Desk()
    desk.enter(exits=THREE)
    assert desk.rungs() == [(D(103), D("0.5")), (D(106), D("0.5"))]
    desk.price(103)
    desk.run(300)
    assert (desk.held(), desk.rungs()) == (D("1.5"), [(D(106), D("0.5")), (D(110), D(1))])
    desk.price(110)
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "target")


def test_break_even_moves_the_stop_over_a_bridge_and_is_never_naked() -> None:
    """EXEC-3, EXEC-7: bridge by quantity, the old stop away, the new one, the bridge away; never two that close all."""
    desk = Desk()
    watch = Watch(desk)
    watch.approve(intent(exits=THREE, break_even_after=1))
    desk.enter(exits=THREE, break_even_after=1)
    desk.price(103)
    desk.run(2_000)
    assert stops(desk) == [(D("100.0"), True)]
    assert words(desk)[-6:].count("+bridge") == 1
    kept = [word for word in words(desk) if word in ("+bridge", "-stop", "+stop", "-bridge")]
    assert kept == ["+stop", "+bridge", "-stop", "+stop", "-bridge"]
    assert watch.violations == []
    assert max(map(len, [desk.resting()])) <= 4
    desk.price(100)
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "stop")


def test_a_price_that_is_back_below_break_even_closes_what_is_left() -> None:
    """EXEC-3: the bridge would trigger at once (-2021)."""
    desk = Desk()
    desk.enter(exits=THREE, break_even_after=1)
    desk.driver.weather.slow_news = 500
    desk.price(103)
    desk.price(99)
    desk.driver.weather.slow_news = 0
    desk.run(3_000)
    assert (desk.held(), desk.resting()) == (0, [])


def test_an_intent_moves_the_stop_nearer_and_never_away() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter()
    desk.approve(intent("m1", START + 1, purpose="move_stop", about="i1", stop=D(97)))
    desk.run(1_000)
    assert stops(desk) == [(D(97), True)]
    desk.approve(intent("m2", START + 2, purpose="move_stop", about="i1", stop=D(96)))
    desk.run(1_000)
    assert stops(desk) == [(D(97), True)]


def test_a_moved_stop_survives_the_loss_of_every_answer_on_its_way() -> None:
    """EXEC-3, invariant 4: bridge and stops go into doubt, and something protects all the time."""
    desk = Desk()
    watch = Watch(desk)
    watch.approve(intent())
    desk.enter()
    desk.driver.weather.lose_answer = 1.0
    desk.approve(intent("m1", START + 1, purpose="move_stop", about="i1", stop=D(97)))
    for _ in range(60):
        desk.run(100)
        assert stops(desk) != []
    desk.driver.weather.lose_answer = 0.0
    desk.run(10_000)
    assert stops(desk) == [(D(97), True)]
    assert watch.violations == []


def test_parts_of_a_limit_entry_resize_the_rungs() -> None:
    """EXEC-7: one stop covers what is filled and what fills later."""
    desk = Desk()
    desk.exchange.depth = D("0.8")
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000, exits=THREE)
    desk.price("98.9")
    desk.run(500)
    assert (desk.held(), desk.rungs()) == (D("0.8"), [(D(103), D("0.2")), (D(106), D("0.2"))])
    desk.price("98.8")
    desk.run(1_500)
    assert (desk.held(), desk.rungs()) == (D("1.6"), [(D(103), D("0.4")), (D(106), D("0.4"))])
    assert stops(desk) == [(D(95), True)]


def test_a_limit_entry_is_taken_away_when_its_time_is_over_and_what_filled_is_kept() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.exchange.depth = D("0.8")
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 3_000)
    desk.price("98.9")
    desk.run(2_900)
    assert [each.type for each in desk.resting()].count("LIMIT") == 1
    desk.run(500)
    assert [each.type for each in desk.resting()].count("LIMIT") == 0
    assert (desk.held(), desk.state, desk.rungs()) == (D("0.8"), "open", [(D(110), D("0.8"))])


def test_a_limit_entry_that_nothing_filled_expires() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 3_000)
    desk.run(4_000)
    assert (desk.resting(), desk.state, desk.core.state.plans) == ([], "failed", {})


def test_a_partly_filled_entry_whose_stop_triggers_is_ended() -> None:
    """EXEC-7: nothing is bought after the trade is over."""
    desk = Desk()
    desk.exchange.depth = D("0.8")
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.price("98.9")
    desk.run(300)
    desk.exchange.depth = D(10)
    desk.driver.weather.writes = False
    desk.price("94.9")
    desk.driver.weather.writes = True
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.state) == (0, [], "closed")


def test_a_rung_that_the_price_has_passed_is_done_at_the_market() -> None:
    """EXEC-7: -2021; the others go on as they were."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -2021 if order.trigger == 103 else 0
    desk.enter(exits=THREE)
    desk.run(1_500)
    assert (desk.held(), desk.rungs()) == (D("1.5"), [(D(106), D("0.5")), (D(110), D("1.0"))])


def test_a_rung_that_is_refused_again_and_again_is_given_up_and_the_stop_stays() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -4131 if order.type == "TAKE_PROFIT_MARKET" else 0
    desk.enter()
    desk.run(20_000)
    assert (desk.held(), desk.rungs(), stops(desk), desk.state) == (2, [], [(D(95), True)], "open")
    assert len(desk.placed("TAKE_PROFIT_MARKET")) == 3
    assert "target_lost" in desk.alerts


def test_a_refused_bridge_leaves_the_old_stop_where_it_is() -> None:
    """EXEC-3: -4118 to the bridge; it is tried again with pauses, and the trade goes on."""
    desk = Desk()
    desk.enter()
    code = int(ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED)
    desk.exchange.refuse = lambda order: code if order.type == "STOP_MARKET" and order.quantity else 0
    desk.approve(intent("m1", START + 1, purpose="move_stop", about="i1", stop=D(97)))
    desk.run(20_000)
    assert (stops(desk), desk.held(), desk.frozen) == ([(D(95), True)], 2, {})
    assert sum(order.quantity is not None for order in desk.placed("STOP_MARKET")) <= 10
    desk.exchange.refuse = lambda order: 0
    desk.run(ExecutionSettings().naked_ms + 2_000)
    assert stops(desk) == [(D(97), True)]


def test_shares_below_the_minimum_join_the_last_rung() -> None:
    """EXEC-7: a quarter of 0.002 is less than the step."""
    desk = Desk()
    desk.enter(exits=THREE, quantity=D("0.002"))
    assert desk.rungs() == [(D(110), D("0.002"))]


def test_a_rest_that_the_shares_leave_rides_until_the_stop() -> None:
    """EXEC-7."""
    desk = Desk()
    desk.enter(exits=(ExitRung(price=D(103), share=D("0.5")),))
    desk.price(120)
    desk.run(2_000)
    assert (desk.held(), desk.rungs(), stops(desk)) == (1, [], [(D(95), True)])
