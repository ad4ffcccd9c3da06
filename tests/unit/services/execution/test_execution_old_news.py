"""What is older than what is known changes nothing, and what is noted twice is noted once."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.execution.inputs import Executions, Statement
from services.execution.positions import LegPosition
from shared.exchange.model.orders import AccountTrade
from shared.exchange.model.user_events import PositionChange
from tests.support.execution.desk import BTC, Desk, intent
from tests.support.execution.driver import Weather

D = Decimal


def test_a_statement_that_was_asked_for_before_the_last_one_changes_nothing() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.enter()
    desk.run(6_000)
    before = desk.core.snapshot()
    old = Statement(time=1, asked_at=1, wallet=D(1), equity=D(1), legs=(), orders=())
    desk.core.handle(old, desk.now)
    assert desk.core.state.wallet != 1
    assert desk.held() == 2
    assert desk.core.snapshot() == before


def test_a_leg_keeps_what_it_knows_against_older_words() -> None:
    """EXEC-4."""
    leg = LegPosition(symbol=BTC, stated=D(2), stated_at=1_000)
    leg.state(None, 900)
    change = PositionChange(
        symbol=BTC, side="BOTH", quantity=D(0), entry=D(0), break_even=D(0), unrealized=D(0), isolated_wallet=D(0)
    )
    leg.change(change, 900)
    assert leg.stated == 2


def test_an_order_noted_twice_stands_once_and_a_forgotten_one_is_left_out() -> None:
    """EXEC-2."""
    desk = Desk()
    plan = desk.enter()
    assert plan is not None
    orders = desk.core.state.orders
    entry = plan.of(orders, "entry")[0]
    plan.note(entry)
    assert plan.of(orders, "entry") == [entry]
    plan.orders["entry"].append("forgotten")
    assert plan.of(orders, "entry") == [entry]


def _closed_by_others(desk: Desk, quantity: str, before_ms: int) -> Executions:
    """The answer to a question for executions: the exchange closed so much of a long, so long before our trade opened."""
    plan = desk.plan()
    assert plan is not None
    time = plan.opened_at - before_ms
    trade = AccountTrade(
        id=77_001, order_id=77_000, symbol=BTC, side="SELL", position_side="BOTH", quantity=D(quantity), price=D(100),
        quote=D(quantity) * 100, commission=D(0), commission_asset="USDT", realized=D(-3), maker=False, time=time,
    )  # fmt: skip
    return Executions(symbol=BTC, asked_at=desk.now, trades=(trade,), orders=())


def test_a_fill_of_others_from_before_a_trade_opened_takes_nothing_off_it_that_the_exchange_still_states() -> None:
    """EXEC-4, invariant 4: a closing of an older position, learned of late, left a part of ours without a stop."""
    desk = Desk()
    plan = desk.enter()
    assert plan is not None
    desk.core.handle(_closed_by_others(desk, "0.5", 100), desk.now)
    desk.run(6_000)
    assert (desk.held(), plan.net(desk.core.state.orders), plan.realized) == (2, 2, 0)
    assert desk.core.state.leg(BTC).foreign == 0
    assert desk.frozen == {}
    desk.run(30_000)
    assert (plan.state, plan.net(desk.core.state.orders)) == ("open", 2)


def test_a_fill_of_others_that_is_learned_of_before_that_of_the_entry_takes_nothing_off_it_either() -> None:
    """EXEC-4, invariant 4: both come in one answer, the older one first."""
    desk = Desk(weather=Weather(lose_news=1.0))
    desk.driver.weather.lose_answer = 1.0
    desk.approve(intent(kind="limit", rests_until=desk.now + 60_000))
    desk.run(1_000)
    desk.price("99")
    assert (desk.held(), desk.state) == (2, "entering")
    mine = next(each for each in desk.driver.exchange.trades)
    older = msgspec.structs.replace(
        mine, id=77_001, order_id=77_000, side="SELL", quantity=D("0.5"), realized=D(-3), time=mine.time - 100
    )
    entry = desk.driver.exchange.orders[mine.order_id]
    stated = Executions(symbol=BTC, asked_at=desk.now, trades=(older, mine), orders=(entry,))
    desk.core.handle(stated, desk.now)
    desk.driver.weather = Weather()
    desk.run(6_000)
    plan = desk.plan()
    assert plan is not None
    assert (desk.held(), plan.net(desk.core.state.orders), desk.core.state.leg(BTC).foreign) == (2, 2, 0)


def test_a_fill_of_others_from_before_a_trade_opened_counts_where_the_exchange_states_so_much_less() -> None:
    """EXEC-4: a person was short half a lot when our entry filled; the news of it comes later than that of the entry."""
    desk = Desk(weather=Weather(lose_news=1.0))
    desk.person("-0.5")
    desk.driver.weather.lose_news = 0.0
    desk.driver.weather.reads = False
    plan = desk.enter()
    assert plan is not None
    assert desk.held() == D("1.5")
    desk.core.handle(_closed_by_others(desk, "0.5", 1), desk.now)
    assert plan.net(desk.core.state.orders) == D("1.5")
    desk.driver.weather.reads = True
    desk.run(30_000)
    assert (desk.held(), plan.state, plan.net(desk.core.state.orders)) == (D("1.5"), "open", D("1.5"))


def test_a_rest_is_nobody_elses_before_a_question_for_its_executions_was_answered() -> None:
    """EXEC-4, invariant 4: reads fail for long, then two statements come at once; our lost entry is among the executions."""
    desk = Desk()
    older = desk.core.snapshot()
    desk.driver.weather.reads = False
    desk.approve(intent(side="SELL", kind="limit", price=D(101), bound=D(101), stop=D(106), rests_until=desk.now + 60_000))
    desk.run(300)
    desk.driver.restart(older)
    desk.driver.weather.lose_news = 1.0
    desk.price("101.5")
    assert desk.held() == -2
    desk.driver.weather.lose_news = 0.0
    desk.person("-0.5")
    desk.run(20_000)
    while desk.now - desk.core.state.leg(BTC).asked_at > 100:
        desk.run(100)  # until a question has just gone unanswered
    desk.driver.weather.reads = True
    desk.driver.state_account()
    desk.run(100)
    desk.driver.restart(desk.core.snapshot())
    desk.run(200)
    assert desk.core.state.leg(BTC).foreign == D("-0.5")
    desk.run(20_000)
    assert (desk.driver.exchange.ours[BTC], desk.core.state.leg(BTC).foreign) == (0, D("-0.5"))
