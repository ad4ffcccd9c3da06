"""The lives of orders and algo orders are tables, and the guards hold every change to them (EXEC-4)."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

import simulator.core
from shared.domain.order_words import BookOrderStatus, ConditionalOrderStatus
from shared.domain.transitions import IllegalTransition
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.algo_orders import ALGO_TRANSITIONS, AlgoEvent, AlgoOrder, advance_algo
from simulator.core.model.orders import TRANSITIONS, Order, OrderEvent, advance
from simulator.core.state.symbol_book import ConditionalOrder
from simulator.rejections import REASON
from tests.support.simulator.core_trader import D


def order(status: BookOrderStatus) -> Order:
    return Order(
        order_id=1, client_id="a", symbol="BTCUSDT", side="BUY", position_side="BOTH", type="LIMIT", original_type="LIMIT",
        time_in_force="GTC", quantity=D(1), status=status,
    )  # fmt: skip


def conditional(side: str, kind: str, *, activated: bool = False) -> ConditionalOrder:
    algo = AlgoOrder(
        algo_id=1, client_algo_id="a", symbol="BTCUSDT", side=side, position_side="BOTH", type=kind, time_in_force="GTC",  # type: ignore[arg-type]  # from a table
        trigger_price=D(90), activate_price=D(80), callback_rate=D(5), activated=activated,
    )  # fmt: skip
    return ConditionalOrder(algo=algo, sequence=1, extreme=D(100))


def test_every_status_has_a_row_and_can_be_reached_and_lives_end() -> None:
    """EXEC-4: no dead rows."""
    for table, statuses in ((TRANSITIONS, BookOrderStatus), (ALGO_TRANSITIONS, ConditionalOrderStatus)):
        rows: dict[str, dict[str, str]] = {status: dict(events) for status, events in table.items()}  # type: ignore[attr-defined]  # either table
        assert set(rows) == set(get_args(statuses))
        reached = {"NEW"}
        while (more := reached | {after for status in reached for after in rows[status].values()}) != reached:
            reached = more
        assert reached == set(rows)
        assert any(not events for events in rows.values())


@pytest.mark.parametrize(("status", "event"), list(product(get_args(BookOrderStatus), get_args(OrderEvent))))
def test_only_what_the_table_has_can_happen_to_an_order(status: BookOrderStatus, event: OrderEvent) -> None:
    """EXEC-4: every other change raises (the specimen of the guard)."""
    before = order(status)
    if event in TRANSITIONS[status]:
        after = advance(before, event, 7, executed=D("0.5"))
        assert (after.status, after.updated, after.executed) == (TRANSITIONS[status][event], 7, D("0.5"))
    else:
        with pytest.raises(IllegalTransition, match=f"a is {status}: no {event};"):
            advance(before, event, 7)
    assert before.closed == (status not in ("NEW", "PARTIALLY_FILLED"))


@pytest.mark.parametrize(("status", "event"), list(product(get_args(ConditionalOrderStatus), get_args(AlgoEvent))))
def test_only_what_the_table_has_can_happen_to_an_algo_order(status: ConditionalOrderStatus, event: AlgoEvent) -> None:
    """EXEC-4: likewise."""
    before = AlgoOrder(
        algo_id=1, client_algo_id="a", symbol="BTCUSDT", side="BUY", position_side="BOTH", type="STOP_MARKET",
        time_in_force="GTC", status=status,
    )  # fmt: skip
    if event in ALGO_TRANSITIONS[status]:
        assert advance_algo(before, event, 7).status == ALGO_TRANSITIONS[status][event]
    else:
        with pytest.raises(IllegalTransition, match=f"a is {status}: no {event};"):
            advance_algo(before, event, 7)


@pytest.mark.parametrize(
    ("side", "kind", "activated", "level", "falls"),
    [
        ("SELL", "STOP_MARKET", False, "90", True),
        ("SELL", "STOP", False, "90", True),
        ("BUY", "STOP_MARKET", False, "90", False),
        ("BUY", "TAKE_PROFIT_MARKET", False, "90", True),
        ("SELL", "TAKE_PROFIT", False, "90", False),
        ("SELL", "TRAILING_STOP_MARKET", False, "80", False),  # waits for its activation price, above
        ("BUY", "TRAILING_STOP_MARKET", False, "80", True),
        ("SELL", "TRAILING_STOP_MARKET", True, "95", True),  # 5 % off the best price since
        ("BUY", "TRAILING_STOP_MARKET", True, "105", False),
    ],
)
def test_each_algo_order_knows_its_level_and_from_which_side_the_price_reaches_it(
    side: str, kind: str, activated: bool, level: str, falls: bool
) -> None:
    """BT-1: sell stops and buyers' targets lie below; their mirrors above."""
    each = conditional(side, kind, activated=activated)
    assert (each.level, each.falls) == (D(level), falls)


def test_every_code_that_the_core_names_has_a_text_of_its_own() -> None:
    """EXEC-6: the vocabulary is closed, and each word of it can be read."""
    core = Path(simulator.core.__file__).parent
    sources = [*core.rglob("*.py"), core.parent / "port_models.py", core.parent / "matching_driver.py"]
    named = {name for path in sources for name in re.findall(r"ErrorCode\.([A-Z_]+)", path.read_text())}
    assert len(named) > 30
    assert {ErrorCode[name] for name in named} <= set(REASON)
    assert all(REASON.values())
    assert len(set(REASON.values())) == len(REASON)
