"""The two transition tables, and what an order or a trade makes of news from the past."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from services.execution import oms, trade
from services.execution.oms import LiveOrder
from services.execution.trade import LiveTrade
from shared.domain.account import TradeState
from shared.domain.exchange import FundingPayment
from shared.domain.orders import Fill, Order
from shared.domain.transitions import IllegalTransition
from tests.support.execution.desk import BTC, intent

ORDER = Order(client_id="c", symbol=BTC, side="BUY", type="MARKET", quantity=Decimal(2))


def said(status: str, filled: int = 0) -> Order:
    return msgspec.structs.replace(ORDER, status=status, filled=Decimal(filled))


def live(status: str = "SENT", filled: int = 0) -> LiveOrder:
    return LiveOrder(order=ORDER, leg="entry", kind="entry", status=status, filled=Decimal(filled))


def test_the_order_table_names_every_status_and_only_those() -> None:
    """EXEC-4."""
    statuses = set(get_args(oms.Status))
    assert set(oms.TRANSITIONS) == statuses
    assert set().union(*oms.TRANSITIONS.values()) <= statuses


def test_the_trade_table_names_every_state_and_event() -> None:
    """EXEC-4."""
    assert set(trade.TRANSITIONS) == set(get_args(TradeState))
    events = {event for row in trade.TRANSITIONS.values() for event in row}
    assert events == set(get_args(trade.TradeEvent))
    assert {state for row in trade.TRANSITIONS.values() for state in row.values()} == set(get_args(TradeState)) - {
        "entering"
    }


@pytest.mark.parametrize("ended", ["FILLED", "CANCELED", "REJECTED", "EXPIRED"])
@pytest.mark.parametrize("late", ["NEW", "PARTIALLY_FILLED", "CANCELED", "FILLED"])
def test_what_has_ended_stays_so(ended: str, late: str) -> None:
    """EXEC-4: updates may arrive late and out of order."""
    order = live(ended, 2)
    assert not order.hear(said(late, 2))
    assert (order.status, order.dead) == (ended, True)


def test_an_update_with_less_filled_is_from_the_past() -> None:
    """EXEC-4."""
    order = live("PARTIALLY_FILLED", 1)
    assert not order.hear(said("PARTIALLY_FILLED", 0))
    assert order.hear(said("FILLED", 2))
    assert (order.done, order.status) == (2, "FILLED")


def test_an_order_follows_every_way_that_the_exchange_can_go() -> None:
    """EXEC-4: silence, a query, acceptance, parts, the end."""
    order = live()
    for status, in_flight, resting in (
        ("UNKNOWN", True, False), ("SENT", True, False), ("NEW", False, True), ("PARTIALLY_FILLED", False, True),
        ("PARTIALLY_FILLED", False, True), ("EXPIRED", False, False),
    ):  # fmt: skip
        assert order.move(status)
        assert (order.in_flight, order.resting) == (in_flight, resting)
    assert order.dead


def test_a_trade_takes_no_step_that_its_table_does_not_have() -> None:
    """A bug must be loud."""
    one = LiveTrade(intent=intent(), decided_at=0)
    with pytest.raises(IllegalTransition, match="is entering: no settled; allowed: entry_filled, entry_failed"):
        one.move("settled")


def test_funding_counts_once_and_only_for_what_is_held() -> None:
    """EXEC-4."""
    payment = FundingPayment(symbol=BTC, time=5, rate=Decimal("0.0001"), amount=Decimal("-1.5"))
    one = LiveTrade(intent=intent(), decided_at=0)
    one.fund(payment)
    assert one.funding == 0
    one.orders["c"] = live("FILLED", 2)
    one.fund(payment)
    one.fund(payment)
    assert one.funding == Decimal("-1.5")


def test_the_fills_remembered_are_bounded() -> None:
    """Invariant 6: the oldest id is forgotten, the sums are not."""
    one = LiveTrade(intent=intent(), decided_at=0)
    one.orders["c"] = live("NEW")
    for n in range(20):
        fill = Fill(
            id=f"f{n}", client_id="c", symbol=BTC, side="BUY", quantity=Decimal("0.1"), price=Decimal(100), fee=Decimal(0),
            realized=Decimal(0), maker=False, time=1,
        )  # fmt: skip
        assert one.fill(fill, 16)
        assert not one.fill(fill, 16)
    assert (len(one.fills), one.entered) == (16, Decimal(2))
