"""What a person added to our position keeps its stop when our trade ends, and is never sold by us (EXEC-4)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.execution.settings import ExecutionSettings
from shared.domain.control import Alert
from shared.domain.intents import ExitRung
from tests.support.execution.desk import BTC, ETH, Desk, intent

D = Decimal


def with_addition(side: str = "BUY") -> Desk:
    """A trade of 2, and 1 of a person's beside it; then ours is closed by its target."""
    desk = Desk()
    desk.enter(side=side)
    desk.person(1 if side == "BUY" else -1)
    desk.run(2_500)
    desk.price(110 if side == "BUY" else 90)
    desk.run(3_000)
    assert desk.state == "closed"
    return desk


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_stop_stays_for_what_a_person_added_when_our_trade_ends(side: str) -> None:
    """EXEC-4, invariant 4: it was cancelled, and the person's part was bare without a word."""
    desk = with_addition(side)
    sign = 1 if side == "BUY" else -1
    stop = desk.stop(side="SELL" if side == "BUY" else "BUY")
    assert (desk.held(), stop is not None) == (sign, True)
    assert [each.key for each in desk.driver.messages if isinstance(each, Alert) and each.key.startswith("left.")]
    assert (desk.frozen, len(desk.trades), desk.trades[0].quantity) == ({BTC: "foreign"}, 1, 2)
    desk.run(600_000, step=1_000)
    assert desk.stop(side="SELL" if side == "BUY" else "BUY") == stop


def test_that_stop_is_taken_away_when_the_person_has_closed() -> None:
    """Invariant 4: flat, so no exit of ours rests; the symbol takes entries again."""
    desk = with_addition()
    desk.person(-1, client_id="web_2")
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.frozen) == (0, [], {})


def test_that_stop_closes_what_the_person_added_and_is_in_nobodys_result() -> None:
    """EXEC-4: it was his; our trade was told with its own result before."""
    desk = with_addition()
    plan = desk.core.state.past["i1"]
    result = plan.report(desk.core.state.orders).result
    desk.price(94)
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.frozen, desk.core.state.leg(BTC).foreign) == (0, [], {}, 0)
    assert plan.report(desk.core.state.orders).result == result
    assert "unexplained" not in desk.alerts


def test_that_stop_survives_a_restart_and_the_trades_of_other_symbols() -> None:
    """EXEC-4, invariant 6: the trade itself is forgotten in time."""
    desk = Desk(settings=ExecutionSettings(trades_remembered=16))
    desk.enter()
    desk.person(1)
    desk.run(2_500)
    desk.price(110)
    desk.run(3_000)
    for number in range(20):
        desk.enter(f"e{number}", symbol=ETH)
        desk.approve(intent(f"c{number}", desk.now, ETH, purpose="close", about=f"e{number}", stop=D(96)))
        desk.run(5_000)
    assert "i1" not in desk.core.state.past
    desk.driver.restart(desk.core.snapshot())
    desk.run(60_000, step=1_000)
    assert (desk.held(), desk.stop() is not None, desk.plan()) == (1, True, None)
    desk.person(-1, client_id="web_2")
    desk.run(5_000)
    assert (desk.held(), desk.resting(), desk.frozen) == (0, [], {})


def test_the_next_trade_of_the_symbol_has_its_own_stop_where_that_one_stood() -> None:
    """EXEC-3: the person closes, and an intent comes before the stop is taken away."""
    desk = with_addition()
    desk.driver.weather.writes = False
    desk.person(-1, client_id="web_2")
    desk.run(500)
    desk.driver.weather.writes = True
    desk.enter("i2", price=D(110), bound=D("110.5"), stop=D(105), exits=(ExitRung(price=D(120)),))
    desk.run(5_000)
    stop = desk.stop()
    assert stop is not None
    assert (desk.held(), stop.trigger, desk.state) == (2, 105, "open")


def test_an_addition_beside_which_no_stop_of_ours_is_left_is_named_as_bare() -> None:
    """EXEC-4: the stop closed ours and a part of his; the rest has none."""
    desk = Desk()
    desk.enter()
    desk.person(1)
    desk.run(2_500)
    desk.exchange.depth = D("2.5")
    desk.price(95)
    desk.run(5_000)
    assert (desk.held(), desk.stop()) == (D("0.5"), None)
    assert "bare" in desk.alerts


def test_an_addition_is_not_sold_with_our_trade() -> None:
    """EXEC-4: risk closes ours; what the person holds is left to him, under its stop."""
    desk = Desk()
    desk.enter()
    desk.person(1)
    desk.run(2_500)
    desk.approve(intent("c1", desk.now, purpose="close", about="i1", stop=D(96)))
    desk.run(3_000)
    assert (desk.held(), desk.state, desk.stop() is not None) == (1, "closed", True)
    assert desk.exchange.sold_of_others == []


def test_a_stop_by_quantity_beside_an_addition_is_never_larger_than_our_trade() -> None:
    """EXEC-4: it stands beside a far stop of others, and our trade shrinks to a half while he holds 1."""
    desk = Desk()
    desk.person_stop(1)
    desk.enter(exits=(ExitRung(price=D(103), share=D("0.5")), ExitRung(price=D(110), share=D("0.5"))))
    desk.person(1)
    desk.run(2_500)
    desk.price(103)
    desk.run(4_000)
    assert desk.held() == 2
    desk.price(95)
    desk.run(4_000)
    assert (desk.held(), desk.state, desk.exchange.sold_of_others) == (1, "closed", [])
