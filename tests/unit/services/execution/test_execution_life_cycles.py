"""The two transition tables, and what an order makes of news from the past."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from services.execution.oms import order as oms
from services.execution.oms.order import OVER, LiveOrder
from services.execution.plans import plan as plans
from services.execution.plans.plan import Plan
from shared.domain.account import TradeState
from shared.domain.client_ids import client_order_id, lineage, origin_of
from shared.domain.transitions import IllegalTransition
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from tests.support.execution.desk import BTC, LINEAGE, intent

D = Decimal
REQUEST = NewOrder(client_id="c", symbol=BTC, side="BUY", type="LIMIT", quantity=D(2), price=D(100))
STOP = NewOrder(client_id="s", symbol=BTC, side="SELL", type="STOP_MARKET", trigger=D(95), close_position=True)


def live(status: oms.Status = "SENT", filled: int = 0, request: NewOrder = REQUEST) -> LiveOrder:
    return LiveOrder(request=request, purpose="entry", intent_id="i", status=status, filled=D(filled))


def told(status: str, executed: int = 0, **more: object) -> ExchangeOrder:
    plain = ExchangeOrder(
        symbol=BTC, id=7, client_id="c", book="plain", side="BUY", type="LIMIT", status="NEW", quantity=D(2),
        executed=D(executed), updated_at=5,
    )  # fmt: skip
    return msgspec.structs.replace(plain, status=status, **more)


def test_the_order_table_names_every_status_and_only_those() -> None:
    """EXEC-4."""
    statuses = set(get_args(oms.Status))
    assert set(oms.TRANSITIONS) == statuses
    assert set().union(*oms.TRANSITIONS.values()) <= statuses
    assert statuses >= OVER


def test_the_trade_table_names_every_state_and_event() -> None:
    """EXEC-4."""
    assert set(plans.TRANSITIONS) == set(get_args(TradeState))
    events = {event for row in plans.TRANSITIONS.values() for event in row}
    assert events == set(get_args(plans.PlanEvent))
    assert {state for row in plans.TRANSITIONS.values() for state in row.values()} == set(get_args(TradeState)) - {
        "entering"
    }


@pytest.mark.parametrize("ended", ["FILLED", "CANCELED", "EXPIRED"])
@pytest.mark.parametrize("late", ["NEW", "PARTIALLY_FILLED", "CANCELED", "FILLED"])
def test_an_order_that_the_exchange_called_over_stays_so(ended: oms.Status, late: str) -> None:
    """EXEC-4: news may arrive late and out of order."""
    order = live(ended, 2)
    assert not order.apply(told(late, 2), 10)
    assert (order.status, order.over) == (ended, True)


def test_a_quantity_counts_although_the_order_was_called_over() -> None:
    """EXEC-4: its cancel was answered before its last fill was told."""
    order = live("CANCELED")
    assert order.apply(told("FILLED", 2), 10)
    assert (order.status, order.done) == ("CANCELED", 2)


def test_less_filled_is_news_from_the_past() -> None:
    """EXEC-4."""
    order = live("PARTIALLY_FILLED", 1)
    assert not order.apply(told("PARTIALLY_FILLED", 0), 10)
    assert order.apply(told("FILLED", 2), 10)
    assert (order.done, order.status) == (2, "FILLED")


@pytest.mark.parametrize("word", ["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"])
def test_an_order_thought_lost_comes_back_by_the_exchanges_word(word: str) -> None:
    """EXEC-4: our own inference is weaker than what the exchange shows."""
    order = live("IN_DOUBT")
    assert order.end("LOST", 5)
    assert order.over
    assert order.apply(told(word, 2 if word == "FILLED" else 0), 10)
    assert order.status == word
    assert order.check == (not order.over)


def test_a_triggered_order_lives_on_as_its_child() -> None:
    """EXEC-4: filled by the child's word, refused at its trigger it has expired."""
    order = live("NEW", request=STOP)
    algo = told("TRIGGERED", book="algo", client_id="s", type="STOP_MARKET", child_id=8)
    assert not order.apply(algo, 10)
    assert (order.status, order.child_id, order.triggered_at) == ("NEW", 8, 10)
    assert not order.apply(msgspec.structs.replace(algo, status="FINISHED"), 11)
    assert order.check
    assert order.apply(told("FILLED", 2, id=8, client_id="child8"), 12)
    assert (order.status, order.done) == ("FILLED", 2)
    refused = live("NEW", request=STOP)
    assert refused.apply(msgspec.structs.replace(algo, status="REJECTED", reason="-4118"), 10)
    assert (refused.status, refused.reject_reason) == ("EXPIRED", "-4118")


def test_a_trade_takes_no_step_that_its_table_does_not_have() -> None:
    """A bug must be loud."""
    one = Plan(intent=intent(), stop=D(95))
    with pytest.raises(IllegalTransition, match="is entering: no settled; allowed: entry_filled, entry_failed"):
        one.move("settled")


def test_an_id_tells_who_made_an_order_and_fits_the_exchange() -> None:
    """EXEC-2: also to a process that has lost everything else."""
    ours = client_order_id("e", LINEAGE, "i1", "entry")
    assert (len(ours), origin_of(ours, LINEAGE)) == (35, "ours")
    assert origin_of(client_order_id("e", lineage("live", "a"), "i1"), LINEAGE) == "foreign"
    assert origin_of(client_order_id("g", lineage("live", "a"), "i1"), LINEAGE) == "guardian"
    assert origin_of(client_order_id("o", LINEAGE, "i1"), LINEAGE) == "operator"
    assert origin_of("autoclose-17", LINEAGE) == "exchange"
    assert origin_of("web_abc", LINEAGE) == "foreign"
    assert client_order_id("e", LINEAGE, "i1", "stop", 1) != client_order_id("e", LINEAGE, "i1", "stop", 2)
