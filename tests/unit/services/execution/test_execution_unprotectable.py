"""A symbol in which trades are closed because no stop stood takes no more entries, however the stop failed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest

from services.execution.inputs import Answer
from services.execution.requests import PlaceOrder, Request
from shared.domain.control import Alert
from shared.exchange.error_codes import ErrorCode
from tests.support.execution.desk import BTC, Desk, control, intent

#: Between two signals: the first trade is over by then.
LATER_MS = 20_000
PASSED = int(ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER)


def silent(desk: Desk, result: Literal["unknown", "unsent", "refused"]) -> None:
    """Every stop ends so: without an answer, without being sent, or refused because the exchange is overloaded."""
    real = desk.driver._carry

    def carry(request: Request) -> None:
        if not isinstance(request, PlaceOrder) or request.order.type != "STOP_MARKET":
            real(request)
            return
        refused = result == "refused"
        answer = Answer(
            kind="place",
            client_id=request.order.client_id,
            result=result,
            asked_at=desk.now,
            code=int(ErrorCode.REQUEST_THROTTLED) if refused else 0,
            action="retry" if refused else "refuse",
        )
        desk.driver._later(1_000 if result == "unknown" else 0, lambda: desk.driver._handle(answer))

    desk.driver._carry = carry  # type: ignore[method-assign]  # the model driver's hand at the exchange


def passed(desk: Desk) -> None:
    """Every stop would trigger at once."""
    desk.exchange.refuse = lambda order: PASSED if order.type == "STOP_MARKET" else 0


def told(desk: Desk) -> int:
    """How often a person was told that the symbol waits for a re-arm."""
    alerts = [each for each in desk.driver.messages if isinstance(each, Alert) and each.key.startswith("frozen.")]
    return sum("re-arm by hand" in each.text for each in alerts)


def signals(desk: Desk, count: int) -> None:
    for number in range(count):
        desk.enter(f"i{number}")
        desk.run(LATER_MS)


@pytest.mark.parametrize("result", ["unknown", "unsent", "refused"])
def test_a_symbol_in_which_no_stop_comes_to_stand_is_entered_once(result: Literal["unknown", "unsent", "refused"]) -> None:
    """EXEC-3: no answer, not sent, or -1008: five signals made five entries and five closes at the market."""
    desk = Desk()
    silent(desk, result)
    signals(desk, 5)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (1, 0, {BTC: "unprotectable"})
    assert told(desk) == 1


@pytest.mark.parametrize("code", [-1001, -1008, -2019, -2022, -4118, -4131])
def test_a_symbol_whose_stops_are_refused_for_whatever_reason_is_entered_once(code: int) -> None:
    """EXEC-3: the kind of the refusal does not matter when it ends with a close at the market."""
    desk = Desk()
    desk.exchange.refuse = lambda order: code if order.type == "STOP_MARKET" else 0
    signals(desk, 5)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (1, 0, {BTC: "unprotectable"})


def test_a_price_beyond_the_stop_freezes_its_symbol_at_the_second_trade_in_a_row() -> None:
    """EXEC-3: once may be the market; twice in a row the stops are wrong, and each signal pays two fees."""
    desk = Desk()
    passed(desk)
    signals(desk, 1)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (1, 0, {})
    desk.enter("again")
    desk.run(LATER_MS)
    signals(desk, 5)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (2, 0, {BTC: "unprotectable"})


def test_a_stop_that_was_accepted_between_two_that_the_price_had_passed_ends_the_row() -> None:
    """EXEC-3: the symbol can be protected."""
    desk = Desk()
    passed(desk)
    signals(desk, 1)
    desk.exchange.refuse = lambda order: 0
    desk.enter("protected")
    desk.price(111)
    desk.run(LATER_MS)
    desk.price(100)
    passed(desk)
    desk.enter("passed again")
    desk.run(LATER_MS)
    assert (len(desk.entries()), desk.held(), desk.frozen) == (3, 0, {})


def test_a_late_part_of_an_entry_whose_stop_the_price_had_passed_counts_once() -> None:
    """EXEC-3: one trade is no row, though it is closed twice."""
    desk = Desk()
    passed(desk)
    desk.exchange.depth = Decimal(1)
    desk.enter("limit", kind="limit", price=Decimal(99), bound=Decimal(99), rests_until=desk.now + 60_000)
    desk.run(500)
    desk.price("98.9")
    desk.run(LATER_MS)
    assert (desk.held(), desk.frozen) == (0, {})


def test_a_close_at_the_market_beside_a_stop_that_stands_freezes_nothing() -> None:
    """EXEC-3: the price had passed the place to which the stop was to move."""
    desk = Desk()
    desk.enter()
    for name in ("first", "second"):
        desk.run(500)
        desk.exchange.refuse = lambda order: PASSED if order.type == "STOP_MARKET" and not order.close_position else 0
        about = desk.plan()
        assert about is not None
        desk.approve(intent(name, desk.now, purpose="move_stop", about=about.id, stop=Decimal(98)))
        desk.run(LATER_MS)
        assert desk.held() == 0
        desk.exchange.refuse = lambda order: 0
        desk.enter(f"after {name}")
    assert desk.frozen == {}


def test_a_rearm_lets_the_symbol_be_entered_and_frozen_again() -> None:
    """EXEC-3, invariant 7: a person decides, and is told again."""
    desk = Desk()
    silent(desk, "unknown")
    signals(desk, 2)
    desk.driver.give(control("rearm"))
    assert desk.frozen == {}
    desk.enter("once more")
    desk.run(LATER_MS)
    assert (len(desk.entries()), desk.frozen) == (2, {BTC: "unprotectable"})
    assert told(desk) == 2


def test_a_trade_that_is_closed_for_want_of_a_stop_ends_the_rest_of_its_entry() -> None:
    """EXEC-3, invariant 5: a limit entry has filled in part; nothing more is bought where no stop stands."""
    desk = Desk()
    silent(desk, "unknown")
    desk.exchange.depth = Decimal("0.5")
    desk.enter("limit", kind="limit", price=Decimal(99), bound=Decimal(99), rests_until=desk.now + 60_000)
    desk.run(500)
    desk.price("98.9")
    desk.run(LATER_MS)
    assert (desk.held(), desk.resting()) == (0, [])
