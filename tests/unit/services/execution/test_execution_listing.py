"""Filters and closures that come under way: entries wait, exits leave on the grid that holds now (EXEC-3, EXEC-4)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from shared.domain.control import Alert
from shared.domain.exchange import ExchangeRequests, PlaceOrder
from shared.domain.listing import Closure, InstrumentList
from shared.domain.orders import Order
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, MINUTE, Desk, bundle, intent

D = Decimal


def listed(tick: str = "0.1", step: str = "0.001", closed: str = "", time: int = 1) -> InstrumentList:
    grid = msgspec.structs.replace(INSTRUMENTS[BTC], tick_size=D(tick), step_size=D(step), min_quantity=D(step))
    closures = (Closure(symbol=closed, reason="status", since=0, until=None, text="shut by the test"),) if closed else ()
    return InstrumentList(time=time, instruments=(grid,), closures=closures)


def placed(desk: Desk) -> dict[str, Order]:
    return {
        desk.legs[request.order.client_id]: request.order
        for message in desk.of(ExchangeRequests)
        for request in message.requests
        if isinstance(request, PlaceOrder)
    }


@pytest.mark.parametrize(("side", "stop", "target"), [("BUY", D(90), D(110)), ("SELL", D(110), D(90))])
def test_exits_are_rounded_to_the_grid_that_holds_now(side: str, stop: Decimal, target: Decimal) -> None:
    """EXEC-3: a stop goes outward, so that it is never nearer to the entry than it was approved."""
    desk = Desk(script={"entry": "accept"})
    desk.verdict(intent(side=side))
    desk.give(listed(tick="10"))
    desk.step(("trigger", "entry"))
    orders = placed(desk)
    assert (orders["stop"].trigger, orders["target"].trigger) == (stop, target)


def test_a_closing_covers_what_lies_between_two_steps() -> None:
    """EXEC-3: a step that grew leaves no rest behind; reduce-only sells no more than there is."""
    desk = Desk(script={"entry": "accept", "stop": "reject", "stop-2": "reject"})
    desk.verdict(intent(quantity=D("1.005")))
    desk.give(listed(step="0.01"))
    desk.step(("trigger", "entry"))
    close = placed(desk)["close-1"]
    assert (close.quantity, close.reduce_only) == (D("1.01"), True)


def test_a_closed_symbol_takes_no_entry_and_its_position_keeps_its_exits() -> None:
    """EXEC-4: refused with an alert; the trade that lives there goes on, and the symbol opens with the next list."""
    desk = Desk()
    desk.verdict(intent("a"))
    desk.give(listed(closed=ETH))
    desk.give(bundle(intent("b", ETH, close_time=2 * MINUTE)))
    (alert,) = desk.of(Alert)
    assert alert.key == "refused.symbol_closed.b"
    assert "shut by the test" in alert.text
    desk.give(listed(closed=BTC, time=2))
    desk.step(("lose", "stop"))
    assert "stop-2" in placed(desk)
    desk.verdict(intent("c", ETH, close_time=4 * MINUTE))
    assert desk.exchange.position[ETH] == 2


def test_new_filters_are_those_that_an_intent_is_checked_against() -> None:
    """EXEC-4: what was approved on the old grid is not entered: its stop would be refused."""
    desk = Desk()
    desk.give(listed(tick="10"))
    desk.verdict(intent())
    assert [alert.key for alert in desk.of(Alert)] == ["refused.invalid_prices.i1"]


@pytest.mark.parametrize(("code", "frozen"), [(-4014, True), (-4045, True), (-2021, False), (-4142, False)])
def test_a_symbol_whose_stop_is_refused_takes_no_further_entry(code: int, frozen: bool) -> None:
    """EXEC-3: unless the market had only passed the stop, which the next trade has nothing to do with."""
    desk = Desk(script={"stop": "reject", "stop-2": "reject"})
    desk.exchange.reject_code = code
    desk.verdict(intent())
    assert ("frozen" in [name for _, name in desk.alerts]) == frozen
    assert (BTC in desk.core.state.frozen) == frozen
    assert desk.closed == [] or desk.closed[0].exit_reason == "flatten"
