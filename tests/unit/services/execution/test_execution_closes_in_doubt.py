"""While it is not known what a cut or close did, no more than is wanted is under way, unless the position is bare."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.requests import PlaceOrder, QueryOrder, Request
from tests.support.execution.desk import Desk, intent
from tests.support.execution.driver import Weather

D = Decimal


def silent(desk: Desk, *, arrives: bool, queries: bool = True) -> None:
    """What follows a market order is lost: its request if it does not arrive, its answer and its news if it does."""
    real = desk.driver._carry

    def carry(request: Request) -> None:
        if isinstance(request, QueryOrder) and not queries:
            return
        if not isinstance(request, PlaceOrder) or request.order.type != "MARKET":
            real(request)
            return
        desk.driver._work()  # what was under way before is not lost
        weather = desk.driver.weather
        desk.driver.weather = Weather(lose_answer=1.0, lose_news=1.0, lose_request=0.0 if arrives else 1.0)
        real(request)
        desk.driver._work()
        desk.driver.weather = weather

    desk.driver._carry = carry  # type: ignore[method-assign]  # the model driver's hand at the exchange


def close(desk: Desk) -> None:
    plan = desk.plan()
    assert plan is not None
    desk.approve(intent("close", desk.now, purpose="close", about=plan.id, stop=D(96)))


@pytest.mark.parametrize("queries", [True, False])
def test_a_cut_of_which_nothing_is_heard_takes_its_quantity_once(queries: bool) -> None:
    """EXEC-3: 2 are held, 1.174 fit the budget; a second cut left 0.348."""
    desk = Desk()
    silent(desk, arrives=True, queries=queries)
    desk.enter(risk_budget=D(6))
    for _ in range(300):
        desk.run(100)
        assert desk.held() == D("1.174")
    assert len(desk.placed("MARKET")) == 1
    assert (desk.state, desk.stop() is not None) == ("open", True)


@pytest.mark.parametrize("queries", [True, False])
def test_a_cut_that_never_arrived_is_made_when_that_is_known(queries: bool) -> None:
    """EXEC-3, invariant 7: what is too much does not stay."""
    desk = Desk()
    silent(desk, arrives=False, queries=queries)
    desk.enter(risk_budget=D(6))
    desk.run(1_000)
    real = type(desk.driver)._carry.__get__(desk.driver)
    desk.driver._carry = lambda request: None if isinstance(request, QueryOrder) and not queries else real(request)  # type: ignore[method-assign]  # the hand
    assert desk.held() == 2
    desk.run(5_000 if queries else 25_000)
    assert desk.held() == D("1.174")


@pytest.mark.parametrize("queries", [True, False])
def test_a_close_of_which_nothing_is_heard_leaves_what_a_person_holds_alone(queries: bool) -> None:
    """EXEC-4: a person's 2 were sold after ours."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    desk.person(2)
    desk.run(500)
    silent(desk, arrives=True, queries=queries)
    close(desk)
    for _ in range(100):
        desk.run(100)
        assert desk.held() == 2
    assert len(desk.placed("MARKET")) == 2


def test_a_close_of_which_nothing_is_heard_leaves_an_addition_alone_that_we_do_not_know_of_yet() -> None:
    """EXEC-4: with an accepted stop there is no hurry, and what others do may not have been heard."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    silent(desk, arrives=True)
    desk.driver.weather = Weather(lose_news=1.0)
    desk.person(2)
    desk.driver.weather = Weather()
    close(desk)
    desk.run(10_000)
    assert desk.held() == 2


def test_the_rest_is_closed_at_once_while_a_cut_is_in_doubt() -> None:
    """EXEC-3: 0.826 may be gone; the other 1.174 are not waited for."""
    desk = Desk()
    silent(desk, arrives=False)
    desk.enter(risk_budget=D(6))
    desk.run(500)
    close(desk)
    assert [each.order.quantity for _, _, each in desk.driver.trail if _market(each)] == [D("0.826"), D("1.174")]


def test_a_bare_position_without_others_beside_is_closed_again_before_the_first_close_is_known() -> None:
    """EXEC-3, invariant 4: our closes only reduce, so a second one takes nothing that is not ours."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -1111 if order.type == "STOP_MARKET" else 0
    silent(desk, arrives=False)
    desk.enter()
    desk.run(3_000)
    assert len([each for _, _, each in desk.driver.trail if _market(each)]) > 1


def test_a_bare_position_with_others_beside_gets_a_stop_while_its_close_is_in_doubt() -> None:
    """EXEC-3, EXEC-4: the close is not repeated, so something else must protect."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    desk.person(2)
    desk.run(500)
    desk.exchange.refuse = lambda order: -1111 if order.type == "STOP_MARKET" else 0
    silent(desk, arrives=False)
    desk.person_cancels(desk.stop())
    desk.run(1_500)
    desk.exchange.refuse = lambda order: 0
    desk.run(1_000)
    assert (desk.held(), desk.stop() is not None) == (4, True)
    assert len([each for _, _, each in desk.driver.trail if _market(each)]) == 1


def test_a_bridge_in_doubt_is_not_doubled_while_the_stop_stands() -> None:
    """EXEC-3: two stops by quantity at one price would sell what a person holds beside."""
    desk = Desk()
    desk.enter()
    desk.run(500)
    plan = desk.plan()
    assert plan is not None
    desk.driver.weather = Weather(lose_answer=1.0, lose_news=1.0)
    desk.approve(intent("nearer", desk.now, purpose="move_stop", about=plan.id, stop=D(98)))
    desk.run(3_000)
    bridges = [each for each in desk.placed("STOP_MARKET") if not each.close_position]
    assert len(bridges) == 1
    desk.driver.weather = Weather()
    desk.run(10_000)
    stop = desk.stop()
    assert stop is not None
    assert stop.trigger == 98


def _market(request: object) -> bool:
    return isinstance(request, PlaceOrder) and request.order.type == "MARKET"
