"""A stop of others that stood before ours is not the trade's: ours stands beside it, so that the budget holds (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.execution.desk import START, Desk, intent, operators

D = Decimal


def stops(desk: Desk) -> list[tuple[str, Decimal, Decimal]]:
    """(Whose, trigger, quantity) of the stops that stand; quantity 0 = it closes all."""
    living = [each for each in desk.resting() if each.type == "STOP_MARKET"]
    return sorted((each.client_id[:3], each.trigger, each.quantity) for each in living)


def test_a_far_stop_that_stood_before_the_entry_does_not_replace_ours() -> None:
    """EXEC-3: theirs at 1 was taken for ours moved there: a trade with a budget of 12 USDT had lost 100 and went on."""
    desk = Desk()
    desk.person_stop(1)
    desk.run(300)
    desk.enter()
    desk.run(1_000)
    assert (stops(desk), desk.state) == ([("ict", D(95), D(2)), ("web", D(1), D(0))], "open")
    desk.price("94.9")
    desk.run(5_000)
    assert (desk.held(), desk.state, stops(desk)) == (0, "closed", [("web", D(1), D(0))])


def test_a_far_stop_of_theirs_above_a_short_does_not_replace_ours() -> None:
    """EXEC-3."""
    desk = Desk()
    desk.person_stop(900, side="BUY")
    desk.run(300)
    desk.enter(side="SELL")
    desk.run(1_000)
    assert (stops(desk), desk.state) == ([("ict", D(105), D(2)), ("web", D(900), D(0))], "open")


def test_a_far_stop_that_is_placed_while_our_entry_rests_does_not_replace_ours() -> None:
    """EXEC-3: nothing of ours stood there that he could have moved."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.person_stop(50)
    desk.run(300)
    desk.price("98.9")
    desk.run(3_000)
    assert (stops(desk), desk.state) == ([("ict", D(95), D(2)), ("web", D(50), D(0))], "open")


def test_the_guardians_far_stop_does_not_replace_ours() -> None:
    """EXEC-3: whoever placed it."""
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    desk.driver.weather.lose_news = 1.0
    desk.person_stop(80, client_id=operators("g"))
    desk.price("98.9")
    desk.driver.weather.lose_news = 0.0
    desk.run(5_000)
    assert [trigger for _, trigger, quantity in stops(desk) if quantity] == [D(95)]


def test_a_trade_beside_such_a_stop_is_closed_when_ours_is_not_taken_in_time() -> None:
    """Invariant 4: theirs protects nothing that the trade was sized for."""
    desk = Desk()
    desk.exchange.refuse = lambda order: -1008 if order.type == "STOP_MARKET" and not order.close_position else 0
    desk.person_stop(1)
    desk.enter()
    desk.run(6_000)
    assert (desk.held(), stops(desk)) == (0, [("web", D(1), D(0))])


def test_ours_beside_theirs_follows_the_plan() -> None:
    """EXEC-3: moved by risk, shrunk by a rung; in the end it is gone, and theirs is left alone."""
    desk = Desk()
    desk.person_stop(1)
    desk.enter("i1")
    desk.run(1_000)
    desk.approve(intent("m", desk.now, purpose="move_stop", about="i1", stop=D(97)))
    desk.run(2_000)
    assert stops(desk) == [("ict", D(97), D(2)), ("web", D(1), D(0))]
    desk.person("-0.5")
    desk.run(3_000)
    assert (desk.held(), desk.state) == (D("1.5"), "open")
    desk.price(110)
    desk.run(5_000)
    assert (desk.held(), desk.resting()[0].client_id, len(desk.resting())) == (0, "web_stop", 1)


def test_the_next_trade_beside_the_same_stop_has_its_own_again() -> None:
    """EXEC-3: theirs was nobody's of ours in between."""
    desk = Desk()
    desk.person_stop(1)
    for number in range(3):
        plan = desk.enter(f"i{number}")
        assert plan is not None
        desk.run(1_500)
        assert stops(desk) == [("ict", D(95), D(2)), ("web", D(1), D(0))]
        desk.approve(intent(f"c{number}", desk.now, purpose="close", about=plan.id, stop=D(96)))
        desk.run(3_000)
        assert (desk.held(), stops(desk)) == (0, [("web", D(1), D(0))])


def test_theirs_becomes_the_trades_when_they_move_it_nearer_than_ours() -> None:
    """EXEC-3: it stood far away, and now it closes the position before ours would."""
    desk = Desk()
    desk.person_stop(1)
    desk.enter()
    desk.run(1_000)
    desk.person_cancels(desk.stop())
    desk.person_stop(97, client_id="web_near")
    desk.run(3_000)
    assert (stops(desk), desk.state) == ([("web", D(97), D(0))], "open")


def test_ours_closes_the_position_again_when_theirs_is_gone() -> None:
    """EXEC-3: the one stop of the leg is ours to place then, and the one by quantity goes."""
    desk = Desk()
    desk.person_stop(1)
    desk.enter()
    desk.run(1_000)
    desk.person_cancels(desk.stop())
    desk.run(4_000)
    assert (stops(desk), desk.state) == ([("ict", D(95), D(0))], "open")


@pytest.mark.parametrize("restart", ["snapshot", "nothing"])
def test_ours_beside_theirs_survives_a_restart(restart: str) -> None:
    """EXEC-4: from nothing at all, the trade is taken up again from its stop."""
    desk = Desk()
    desk.person_stop(1)
    desk.enter()
    desk.run(1_000)
    desk.driver.restart(desk.core.snapshot() if restart == "snapshot" else None)
    desk.run(20_000)
    covered: Any = [trigger for whose, trigger, _ in stops(desk) if whose == "ict"]
    assert (desk.held(), covered) == (2, [D(95)])
