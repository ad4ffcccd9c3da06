"""Fills, stops and slippage of a trade, as short tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from research.report.matching import executions, fills_of, stops_of
from shared.domain.account import Trade
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.order_words import Side
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE
from tests.support.research.results import NEW_YEAR
from tests.support.research.runs import walk

TAPE = walk(minutes=60)


def at(minute: int) -> int:
    return NEW_YEAR + minute * MINUTE


def trade(name: str, opened: int, closed: int, side: Side = "BUY") -> Trade:
    zero = Decimal(0)
    return Trade(
        intent_id=name, symbol="BTCUSDT", side=side, state="closed", quantity=Decimal(1), entry_price=zero, exit_price=zero,
        result=zero, fees=zero, risk_amount=zero, opened_at=at(opened), closed_at=at(closed),
    )  # fmt: skip


def fill(name: str, side: Side, minute: int, price: str = "100", **changes: Any) -> Fill:
    fields: dict[str, Any] = {
        "id": name, "client_id": name, "symbol": "BTCUSDT", "side": side, "quantity": Decimal(2), "price": Decimal(price),
        "fee": Decimal(0), "realized": Decimal(0), "maker": False, "time": at(minute),
    }  # fmt: skip
    return Fill(**(fields | changes))


def order(name: str, side: Side, **changes: Any) -> Order:
    fields: dict[str, Any] = {"client_id": name, "symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": Decimal(2)}
    return Order(**(fields | changes))


def signal(entry: MarketEntry | LimitEntry) -> Signal:
    return Signal(
        id="s", symbol="BTCUSDT", strategy="ob_fvg", side="BUY", entry=entry, stop=90.0, exits=(Exit(price=200.0),),
        score=1.0,         close_time=at(1), valid_until=at(2), rests_on=(), why="",
    )  # fmt: skip


def test_where_a_trade_ends_as_the_next_begins_the_side_tells_fills_apart() -> None:
    """BT-3: a reversal closes the one and opens the other in the same millisecond."""
    trades = [trade("long", 1, 5), trade("short", 5, 9, "SELL")]
    fills = [
        fill("a", "BUY", 1), fill("b", "SELL", 5, realized=Decimal(1)), fill("c", "SELL", 5),
        fill("d", "BUY", 9, realized=Decimal(1)),
        fill("e", "BUY", 20),
    ]  # fmt: skip
    found = fills_of(trades, fills)
    assert {name: [each.id for each in own] for name, own in found.items()} == {"long": ["a", "b"], "short": ["c", "d"]}


@pytest.mark.parametrize(
    ("given", "of", "entry", "role", "wanted", "slippage"),
    [
        (fill("a", "BUY", 1, "101"), order("a", "BUY"), MarketEntry(price=100.0), "entry", 100.0, 2.0),
        (fill("a", "BUY", 1, "99"), order("a", "BUY"), MarketEntry(price=100.0), "entry", 100.0, -2.0),
        (fill("a", "BUY", 1, "99", maker=True), order("a", "BUY", price=Decimal(99)),
         LimitEntry(price=99.0, rests_until=at(3)),
         "entry", 99.0, 0.0),
        (fill("a", "SELL", 5, "89"), order("a", "SELL", type="STOP_MARKET", trigger=Decimal(90)), None, "stop", 90.0, 2.0),
        (fill("a", "SELL", 5, "111"), order("a", "SELL", type="TAKE_PROFIT_MARKET", trigger=Decimal(110)), None,
         "target", 110.0, -2.0),
        (fill("a", "SELL", 99, "89"), order("a", "SELL"), None, "close", None, 0.0),
        (fill("a", "SELL", 99, "89"), None, None, "close", None, 0.0),
    ],
)  # fmt: skip
def test_slippage_is_counted_against_what_was_asked_for(
    given: Fill, of: Order | None, entry: MarketEntry | LimitEntry | None, role: str, wanted: float | None, slippage: float
) -> None:
    """BT-3: the signal's price, the trigger, the limit; unknown is not zero by accident."""
    orders = {} if of is None else {of.client_id: of}
    (found,) = executions(trade("t", 1, 99), None if entry is None else signal(entry), [given], orders, TAPE)
    assert (found.role, found.wanted, found.slippage) == (role, wanted, pytest.approx(slippage))


def test_order_without_a_price_of_its_own_is_held_to_the_last_close() -> None:
    """BT-3: a close by time or by an operator costs against the price that was seen."""
    seen = float(TAPE.columns["BTCUSDT"][3, 29])
    (found,) = executions(trade("t", 1, 30), None, [fill("a", "SELL", 30, f"{seen - 1:.1f}")], {}, TAPE)
    assert found.wanted == seen
    assert found.slippage == pytest.approx(2.0)


def test_stop_is_followed_from_price_to_price() -> None:
    """BT-3: each change once; other trades, legs by quantity and cancelled orders are left out."""
    stop: dict[str, Any] = {"type": "STOP_MARKET", "close_position": True}
    orders = [
        order("0", "SELL", trigger=Decimal(80), updated_at=at(0), **stop),
        order("1", "SELL", trigger=Decimal(90), updated_at=at(2), **stop),
        order("2", "SELL", trigger=Decimal(90), updated_at=at(3), **stop),
        order("3", "SELL", trigger=Decimal(95), updated_at=at(4), type="STOP_MARKET"),
        order("4", "SELL", trigger=Decimal(100), updated_at=at(5), **stop),
        order("4", "SELL", trigger=Decimal(100), updated_at=at(6), status="CANCELED", **stop),
        order("5", "BUY", trigger=Decimal(120), updated_at=at(6), **stop),
    ]
    assert stops_of(trade("t", 1, 9), orders) == [(at(2), 90.0), (at(5), 100.0)]
