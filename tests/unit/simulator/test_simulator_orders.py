"""The life of an order is a table, and the guard holds every change to it (EXEC-4)."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from exchange_desk import D, limit, market, stop, target

from shared.domain.orders import OrderStatus
from simulator.orders import TRANSITIONS, IllegalTransition, OrderEvent, Resting, advance, is_closed
from simulator.rejections import REASON, Rejection


def test_every_status_has_a_row_and_can_be_reached_and_lives_end() -> None:
    """EXEC-4: no dead rows."""
    assert set(TRANSITIONS) == set(get_args(OrderStatus))
    reached: set[str] = {"NEW"}
    while (more := reached | {after for status in reached for after in TRANSITIONS[status].values()}) != reached:  # type: ignore[index]  # a set of statuses
        reached = more
    assert reached == set(TRANSITIONS)
    assert {status for status in TRANSITIONS if not TRANSITIONS[status]} == {"FILLED", "CANCELED", "REJECTED", "EXPIRED"}


@pytest.mark.parametrize(("status", "event"), list(product(get_args(OrderStatus), get_args(OrderEvent))))
def test_only_what_the_table_has_can_happen(status: OrderStatus, event: OrderEvent) -> None:
    """EXEC-4: every other change raises (the specimen of the guard)."""
    fresh = market("a", "buy", 1)
    before = type(fresh)(client_id="a", symbol=fresh.symbol, side="buy", type="MARKET", quantity=D(1), status=status)
    if event in TRANSITIONS[status]:
        after = advance(before, event, 7, filled=D("0.5"))
        assert (after.status, after.updated_at, after.filled) == (TRANSITIONS[status][event], 7, D("0.5"))
    else:
        with pytest.raises(IllegalTransition, match=f"a is {status}: {event}"):
            advance(before, event, 7)
    assert is_closed(before) == (status not in ("NEW", "PARTIALLY_FILLED"))


def test_each_order_knows_from_which_side_the_price_reaches_it() -> None:
    """BT-1: sell stops, buy limits and take-profits of shorts lie below; their mirrors above."""
    below = [stop("a", "sell", 90), limit("b", "buy", 1, 90), target("c", "buy", 90)]
    above = [stop("a", "buy", 110), limit("b", "sell", 1, 110), target("c", "sell", 110)]
    assert all(Resting(order=o, sequence=1).falls for o in below)
    assert not any(Resting(order=o, sequence=1).falls for o in above)
    assert {Resting(order=o, sequence=1).level for o in below} == {D(90)}
    with pytest.raises(IllegalTransition, match="no price to rest at"):
        _ = Resting(order=market("m", "buy", 1), sequence=1).level


def test_every_rejection_has_a_text() -> None:
    """EXEC-6: the vocabulary is closed, and each word of it can be read."""
    assert set(REASON) == set(Rejection)
    assert all(REASON.values())
    assert len(set(REASON.values())) == len(REASON)
