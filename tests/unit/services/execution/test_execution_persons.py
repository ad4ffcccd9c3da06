"""Others act on the account: a person in the app, the guardian, an operator, the exchange itself."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.inputs import News
from services.execution.settings import ExecutionSettings
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import MarginCall, Unnamed
from tests.support.execution.desk import BTC, START, Desk, control, operators

D = Decimal
REPLACEMENT_MS = ExecutionSettings().replacement_wait_ms


def test_a_stop_that_a_person_moves_is_respected() -> None:
    """EXEC-3: cancelled and placed again elsewhere within a moment; nothing of ours interferes."""
    desk = Desk()
    desk.enter()
    desk.person_cancels(desk.stop())
    desk.run(200)
    desk.person_stop(90)
    desk.run(5_000)
    stops = [each for each in desk.resting() if each.type == "STOP_MARKET"]
    assert [(each.client_id, each.trigger) for each in stops] == [("web_stop", 90)]
    assert (desk.state, desk.held()) == ("open", 2)


def test_a_stop_that_a_person_cancels_is_replaced_after_a_moment() -> None:
    """EXEC-3, invariant 4."""
    desk = Desk()
    desk.enter()
    desk.person_cancels(desk.stop())
    desk.run(REPLACEMENT_MS - 100)
    assert desk.stop() is None
    desk.run(200)
    stop = desk.stop()
    assert stop is not None
    assert stop.trigger == 95


def test_a_stop_that_a_person_placed_where_ours_should_go_is_kept() -> None:
    """EXEC-3: -4130 says that it stands; the protected position is not closed."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.lose_news = 1.0
    desk.person_stop(96)
    desk.driver.weather.lose_news = 0.0
    desk.price("98.9")
    assert "stands" in desk.alerts
    desk.run(5_000)
    stop = desk.stop()
    assert stop is not None
    assert (stop.client_id, stop.trigger) == ("web_stop", 96)
    assert (desk.held(), desk.state, desk.frozen) == (2, "open", {})
    desk.price(96)
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "stop")


def test_a_stop_beyond_the_liquidation_is_left_alone_and_ours_stands_beside_it() -> None:
    """EXEC-3: at 60 the exchange would have liquidated at 70."""
    desk = Desk()
    desk.exchange.liquidation = D(70)
    desk.enter()
    desk.run(2_500)
    desk.person_cancels(desk.stop())
    desk.person_stop(60)
    desk.run(3_000)
    stops = [(each.client_id[:3], each.trigger, each.quantity) for each in desk.resting() if each.type == "STOP_MARKET"]
    assert sorted(stops) == [("ict", D(95), D(2)), ("web", D(60), D(0))]
    assert desk.state == "open"


def test_a_cut_by_a_person_shrinks_the_plan() -> None:
    """EXEC-4: the farthest rung shrinks, the trade goes on, the symbol is not frozen."""
    desk = Desk()
    desk.enter()
    desk.person("-0.5")
    desk.run(3_000)
    assert (desk.held(), desk.rungs(), desk.state, desk.frozen) == (D("1.5"), [(D(110), D("1.5"))], "open", {})
    desk.price(110)
    desk.run(3_000)
    assert (desk.held(), desk.resting(), desk.trades[0].exit_reason) == (0, [], "target")


def test_a_person_who_closes_ends_the_trade() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.enter()
    desk.person(-2)
    desk.run(3_000)
    assert (desk.state, desk.resting(), desk.trades[0].exit_reason) == ("closed", [], "external")


def test_an_addition_by_a_person_is_protected_and_not_traded() -> None:
    """EXEC-4: the stop closes all; targets and closings take ours only."""
    desk = Desk()
    desk.enter()
    desk.person(1)
    desk.run(2_500)
    assert (desk.frozen, desk.rungs(), desk.stop() is not None) == ({BTC: "foreign"}, [(D(110), D(2))], True)
    desk.price(110)
    desk.run(3_000)
    assert (desk.held(), desk.state, desk.trades[0].quantity) == (1, "closed", 2)
    desk.enter("i2", close_time=desk.now)
    assert len(desk.entries()) == 1
    desk.person(-1, client_id="web_2")
    desk.run(1_000)
    assert desk.frozen == {}


def test_a_stop_that_closes_ours_and_theirs_leaves_nothing_open_in_the_books() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.enter()
    desk.person(1)
    desk.price(95)
    desk.run(3_000)
    assert (desk.held(), desk.core.state.leg(BTC).foreign, desk.frozen) == (0, 0, {})
    assert desk.trades[0].quantity == 2


def test_a_person_who_closes_more_than_he_added_ends_our_trade_too() -> None:
    """EXEC-4: first theirs, then ours."""
    desk = Desk()
    desk.enter()
    desk.person(1)
    desk.person(-3, client_id="web_2")
    desk.run(3_000)
    assert (desk.held(), desk.state, desk.core.state.leg(BTC).foreign, desk.frozen) == (0, "closed", 0, {})


def test_a_position_of_others_pauses_the_symbol_and_is_not_touched() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.person(1)
    desk.enter()
    desk.run(1_000)
    assert (desk.frozen, desk.entries(), desk.held()) == ({BTC: "foreign"}, [], 1)


def test_a_persons_position_against_a_resting_entry_takes_the_entry_away() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.person(1)
    desk.run(500)
    assert [each.client_id[:3] for each in desk.resting()] == []


def test_an_entry_that_filled_against_a_persons_position_counts_for_what_is_left_of_it() -> None:
    """EXEC-4: they were short of 1, we bought 2: one is held."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.slow_news = 300
    desk.person(-1)
    desk.price("98.9")
    desk.driver.weather.slow_news = 0
    desk.run(5_000)
    assert (desk.held(), desk.state, desk.rungs(), desk.frozen) == (1, "open", [(D(110), D(1))], {})


@pytest.mark.parametrize("prefix", ["autoclose-", "adl_autoclose"])
def test_a_position_that_the_exchange_closes_ends_its_trade(prefix: str) -> None:
    """EXEC-4: liquidation and deleveraging."""
    desk = Desk()
    desk.enter()
    desk.driver.happen(lambda: desk.exchange.close_by_exchange(BTC, prefix))
    desk.run(3_000)
    assert (desk.state, desk.resting(), desk.trades[0].exit_reason, desk.frozen) == ("closed", [], "liquidation", {})
    assert "exchange" in desk.alerts


def test_the_guardians_act_halts_entries_until_a_person_re_arms() -> None:
    """EXEC-4: it had to act, so something is wrong; the same id halts once."""
    desk = Desk()
    desk.enter()
    desk.person(-2, client_id=operators("g"))
    desk.run(3_000)
    assert (desk.state, desk.trades[0].exit_reason) == ("closed", "guardian")
    desk.enter("i2", close_time=desk.now)
    assert len(desk.entries()) == 1
    desk.driver.give(control("rearm"))
    desk.enter("i3", close_time=desk.now + 1)
    assert len(desk.entries()) == 2


def test_a_stop_of_the_guardian_is_followed() -> None:
    """EXEC-3: it was faster; -4130 to ours proves protection."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.slow_news = 1_000
    desk.driver.weather.slow = 1_000
    desk.price("98.9")
    desk.person_stop(95, client_id=operators("g"))
    desk.driver.weather.slow_news = desk.driver.weather.slow = 0
    desk.run(6_000)
    assert (desk.held(), desk.state) == (2, "open")
    assert desk.core.state.halted is not None


def test_a_target_that_a_person_cancels_is_placed_again() -> None:
    """EXEC-3: the plan is the strategy's; only the stop is a person's to move."""
    desk = Desk()
    desk.enter()
    (target,) = [each for each in desk.resting() if each.type == "TAKE_PROFIT_MARKET"]
    desk.person_cancels(target)
    desk.run(500)
    assert desk.rungs() == [(D(110), D(2))]


def test_orders_of_others_are_named_once_and_left_alone() -> None:
    """EXEC-4."""
    desk = Desk()
    order = NewOrder(client_id="web_l", symbol=BTC, side="BUY", type="LIMIT", quantity=D(1), price=D(90))
    desk.driver.happen(lambda: desk.exchange.place(order))
    desk.run(6_000)
    assert [each.client_id for each in desk.resting()] == ["web_l"]
    assert desk.alerts.count("foreign") == 1


def test_a_margin_call_and_an_unreadable_event_ask_for_the_account() -> None:
    """EXEC-4."""
    desk = Desk()
    before = desk.core.state.stated_at
    desk.run(1_000)
    desk.driver.give(News(event=MarginCall(time=desk.now, symbols=(BTC,))))
    assert (desk.core.state.stated_at > before, "margin_call" in desk.alerts) == (True, True)
    desk.run(300)
    desk.driver.give(News(event=Unnamed(kind="?", time=desk.now, readable=False)))
    assert desk.core.state.stated_at == desk.now


def test_a_persons_stop_that_closes_his_own_position_takes_nothing_off_our_trade() -> None:
    """EXEC-4, invariant 4: it stood in our leg before our entry filled; what fills then is ours, to the last lot."""
    desk = Desk()
    desk.enter(side="SELL", kind="limit", price=D(104), bound=D(104), stop=D(108), rests_until=START + 60_000)
    desk.driver.weather.lose_request = 1.0  # the entry is to be cancelled, because somebody else trades there
    desk.person("-0.5")
    desk.person_stop(103, side="BUY")
    desk.price(105)
    plan, position = desk.plan(), desk.core.state.positions[f"{BTC}:BOTH"]
    assert plan is not None
    assert (desk.held(), position.foreign, plan.net(desk.core.state.orders)) == (-2, 0, 2)
    desk.driver.weather.lose_request = 0.0
    desk.run(5_000)
    assert desk.held() == 0, "his stop lies beyond the price, so that all of it is closed"


def test_a_program_that_takes_every_stop_away_leaves_no_position_naked() -> None:
    """EXEC-3: each stop stands for moments only; a position that nobody lets be protected is closed, its symbol frozen."""
    desk = Desk()
    desk.enter()
    began = desk.now
    while desk.held() and desk.now - began < 30_000:
        desk.run(200)
        if desk.stop() is not None:
            desk.person_cancels(desk.stop())
    assert desk.held() == 0
    assert desk.now - began < ExecutionSettings().naked_ms + 2_500
    assert desk.frozen == {BTC: "unprotectable"}


def test_a_person_who_takes_the_stop_away_twice_gets_it_back_twice() -> None:
    """EXEC-3: two are a person who changes his mind; the trade goes on."""
    desk = Desk()
    desk.enter()
    for _ in range(2):
        desk.person_cancels(desk.stop())
        desk.run(2_000)
        assert desk.stop() is not None
    desk.run(10_000)
    assert (desk.held(), desk.state, desk.frozen) == (D(2), "open", {})


def test_stops_that_stood_for_long_are_no_row() -> None:
    """EXEC-3: a stop that is cancelled once an hour is placed anew each time."""
    desk = Desk()
    desk.enter()
    for _ in range(6):
        desk.run(ExecutionSettings().naked_ms + 1_000)
        desk.person_cancels(desk.stop())
    desk.run(3_000)
    assert (desk.held(), desk.state, desk.frozen) == (D(2), "open", {})
