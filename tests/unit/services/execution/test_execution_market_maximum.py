"""The exchange bounds the quantity of one market order below that of the limit order that entered: exits leave in parts."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from services.execution.requests import PlaceOrder
from shared.domain.intents import ExitRung
from shared.domain.listing import InstrumentList
from shared.exchange.model.orders import NewOrder
from tests.support.execution.desk import INSTRUMENTS, Desk, intent
from tests.support.execution.driver import Weather

D = Decimal
MAXIMUM = D("0.9")


def bounded(desk: Desk, *, told: bool = True) -> None:
    """The exchange takes 0.9 in one order that trades at the market; ``told``: its filters say so."""
    desk.exchange.market_maximum = MAXIMUM
    if told:
        listed = tuple(msgspec.structs.replace(each, market_max_quantity=MAXIMUM) for each in INSTRUMENTS.values())
        desk.driver.give(InstrumentList(time=desk.now, instruments=listed, closures=()))


def close(desk: Desk) -> None:
    plan = desk.plan()
    assert plan is not None
    desk.approve(intent("close", desk.now, purpose="close", about=plan.id, stop=D(96)))


def without_stop(desk: Desk) -> None:
    desk.exchange.refuse = lambda order: -1111 if order.close_position else 0


def by_quantity(desk: Desk, kind: str) -> list[NewOrder]:
    return [each for each in desk.placed(kind) if not each.close_position]


def test_a_position_over_the_maximum_is_closed_in_parts_at_once() -> None:
    """EXEC-3: one order of 2 was refused for ever."""
    desk = Desk()
    bounded(desk)
    desk.enter()
    desk.run(500)
    close(desk)
    desk.run(200)
    assert (desk.held(), desk.resting()) == (0, [])
    assert [each.quantity for each in desk.placed("MARKET")] == [D("0.667"), D("0.667"), D("0.666")]
    assert desk.exchange.refused == []


def test_a_position_over_the_maximum_for_which_no_stop_is_taken_is_closed_in_its_time() -> None:
    """EXEC-3, invariant 4: it was bare for as long as one looked."""
    desk = Desk()
    bounded(desk)
    without_stop(desk)
    desk.enter()
    desk.run(3_000)
    assert desk.held() == 0


def test_parts_of_one_close_that_are_in_doubt_do_not_make_the_next_one_wait_for_longer_than_one_would() -> None:
    """EXEC-3, invariant 4: bare, so it is closed again after a second."""
    desk = Desk()
    bounded(desk)
    without_stop(desk)
    desk.enter()
    desk.driver.weather = Weather(lose_request=1.0)
    desk.run(6_000)
    sent = [at for at, _, each in desk.driver.trail if isinstance(each, PlaceOrder) and each.order.type == "MARKET"]
    first, second = sorted(set(sent))[:2]
    assert (sent.count(first), second - first) == (3, 1_000)


def test_a_cut_over_the_maximum_is_made_in_parts() -> None:
    """EXEC-3: the whole of what is over the budget goes."""
    desk = Desk()
    bounded(desk)
    desk.enter(risk_budget=D(4))
    desk.run(3_000)
    quantities = [each.quantity or D(0) for each in desk.placed("MARKET")]
    assert (len(quantities), sum(quantities)) == (2, 2 - desk.held())
    assert desk.held() == D("0.783")


def test_a_rung_over_the_maximum_stands_in_parts_which_take_all_of_it() -> None:
    """EXEC-7: it was refused three times, and given up."""
    desk = Desk()
    bounded(desk)
    desk.enter()
    desk.run(3_000)
    assert desk.rungs() == [(D(110), D("0.666")), (D(110), D("0.667")), (D(110), D("0.667"))]
    assert "refused" not in desk.alerts
    desk.price(111)
    desk.run(1_000)
    assert (desk.held(), desk.resting(), desk.state) == (0, [], "closed")


def test_the_nearest_rung_stands_whole_before_the_next_one() -> None:
    """EXEC-7: the second one follows when the first is filled."""
    desk = Desk()
    bounded(desk)
    ladder = (ExitRung(price=D(105), share=D("0.9")), ExitRung(price=D(110), share=D("0.1")))
    desk.enter(exits=ladder)
    desk.run(3_000)
    assert desk.rungs() == [(D(105), D("0.900")), (D(105), D("0.900"))]
    desk.price(105)
    desk.run(1_000)
    assert (desk.held(), desk.rungs()) == (D("0.2"), [(D(110), D("0.200"))])


def test_parts_of_a_rung_that_has_shrunk_never_exceed_what_is_left() -> None:
    """EXEC-7: a person took 1 off; parts that fit stay."""
    desk = Desk()
    bounded(desk)
    desk.enter()
    desk.run(3_000)
    desk.person(-1)
    desk.run(3_000)
    assert sum(quantity for _, quantity in desk.rungs()) == 1
    assert all(quantity <= MAXIMUM for _, quantity in desk.rungs())


def test_a_rung_counts_as_filled_when_all_of_its_parts_are() -> None:
    """EXEC-7: the stop moves to the entry price then, not after the first part."""
    desk = Desk()
    bounded(desk)
    ladder = (ExitRung(price=D(105), share=D("0.75")), ExitRung(price=D(110), share=D("0.25")))
    desk.enter(exits=ladder, break_even_after=1)
    desk.run(3_000)
    assert desk.rungs() == [(D(105), D("0.750")), (D(105), D("0.750"))]
    first = next(each for each in desk.resting() if each.type == "TAKE_PROFIT_MARKET")
    desk.driver.happen(lambda: desk.exchange._trigger(first))
    desk.run(3_000)
    stop = desk.stop()
    assert stop is not None
    assert (desk.held(), stop.trigger) == (D("1.25"), 95)
    desk.price(105)
    desk.run(3_000)
    stop = desk.stop()
    assert stop is not None
    assert (desk.held(), stop.trigger) == (D("0.5"), 100)


def test_a_stop_is_moved_over_a_bridge_in_parts() -> None:
    """EXEC-3: the old stop goes when the parts stand for all that is held."""
    desk = Desk()
    bounded(desk)
    desk.enter()
    desk.run(500)
    plan = desk.plan()
    assert plan is not None
    desk.approve(intent("nearer", desk.now, purpose="move_stop", about=plan.id, stop=D(98)))
    desk.run(3_000)
    assert [each.quantity for each in by_quantity(desk, "STOP_MARKET")] == [D("0.667"), D("0.667"), D("0.666")]
    stop = desk.stop()
    assert stop is not None
    assert (stop.trigger, desk.exchange.refused) == (98, [])
    assert [each.type for each in desk.resting() if each.type == "STOP_MARKET"] == ["STOP_MARKET"]


def test_a_bridge_of_which_one_part_is_refused_keeps_the_old_stop() -> None:
    """EXEC-3, invariant 4: parts that stand for less than what is held are no protection."""
    desk = Desk()
    bounded(desk)
    desk.enter()
    desk.run(500)
    seen = list[str]()

    def refuse(order: NewOrder) -> int:
        if order.type == "STOP_MARKET" and not order.close_position:
            seen.append(order.client_id)
        return -1111 if order.client_id in seen[2:] else 0

    desk.exchange.refuse = refuse
    plan = desk.plan()
    assert plan is not None
    desk.approve(intent("nearer", desk.now, purpose="move_stop", about=plan.id, stop=D(98)))
    desk.run(3_000)
    stop = desk.stop()
    assert stop is not None
    assert (stop.trigger, desk.state) == (95, "open")


@pytest.mark.parametrize("told", [True, False])
def test_a_maximum_that_the_filters_do_not_tell_is_found_by_halving(told: bool) -> None:
    """EXEC-3, invariant 4: filters may have changed since they were read; what is refused as too much is tried smaller."""
    desk = Desk()
    bounded(desk, told=told)
    desk.enter()
    desk.run(500)
    close(desk)
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.state) == (0, [], "closed")


def test_a_part_that_would_be_under_the_minimum_joins_another_one() -> None:
    """EXEC-7: the entry grew by a step after its parts stood."""
    desk = Desk()
    bounded(desk)
    listed = (msgspec.structs.replace(INSTRUMENTS["BTCUSDT"], market_max_quantity=MAXIMUM, min_quantity=D("0.005")),)
    desk.driver.give(InstrumentList(time=desk.now, instruments=listed, closures=()))
    limit = desk.now + 300_000
    desk.exchange.depth = D("1.999")
    desk.enter(kind="limit", price=D(100), bound=D(100), rests_until=limit)
    desk.price("99.9")
    desk.run(3_000)
    assert desk.held() == D("1.999")
    desk.price("99.9")
    desk.run(5_000)
    assert (desk.held(), sum(quantity for _, quantity in desk.rungs())) == (2, 2)
    assert not [each for each in desk.exchange.refused if each[1].type == "TAKE_PROFIT_MARKET"]
