"""The pipeline's further order types through the lane: candles as rows, what becomes of the orders beside them (EXEC-1)."""

from __future__ import annotations

import msgspec
import pytest

from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import NewOrder
from simulator.rejections import REASON
from tests.support.simulator.simulated_trader import BTC, D, Row, Trader, brief, ends, limit, market, query


def conditional(kind: str, quantity: int, **changes: object) -> NewOrder:
    fields = {"client_id": "e", "symbol": BTC, "side": "SELL", "type": kind, "quantity": D(quantity)} | changes
    return NewOrder(**fields)  # type: ignore[arg-type]  # a table of fields


TRAIL = conditional("TRAILING_STOP_MARKET", 2, callback_rate=D(5))


@pytest.mark.parametrize(
    ("order", "row", "fills", "status"),
    [
        # long 2 from 100; the order; (open, high, low, close); its fills; its status
        (conditional("STOP", 2, trigger=D(95), price=D(94)), (100, 101, 93, 97), [("e", "2", "95")], "FILLED"),
        (conditional("STOP", 2, trigger=D(95), price=D(102)), (100, 101, 93, 95), [], "NEW"),  # triggered, rests at 102
        (conditional("STOP", 2, trigger=D(95), price=D(96)), (100, 101, 93, 97), [("e", "2", "96")], "FILLED"),
        (conditional("TAKE_PROFIT", 2, trigger=D(105), price=D(104)), (100, 106, 99, 100), [("e", "2", "105")], "FILLED"),
        (conditional("STOP", 2, trigger=D(95), price=D(96), time_in_force="IOC"), (100, 101, 93, 97), [], "EXPIRED"),
        (TRAIL, (100, 104, 97, 104), [], "NEW"),
        (TRAIL, (100, 104, 94, 104), [("e", "2", "95")], "FILLED"),  # a long: the low comes first
        (TRAIL, (104, 108, 99, 103), [], "NEW"),  # 5 % off 104 is 98.8; off 108 it is 102.6
        (TRAIL, (104, 110, 99, 100), [("e", "2", "104.5")], "FILLED"),  # off 110, on the way down to the close
        (TRAIL, (104, 120, 99, 110), [("e", "2", "114")], "FILLED"),
        (conditional("TRAILING_STOP_MARKET", 2, callback_rate=D(5), activation=D(110)), (100, 109, 90, 100), [], "NEW"),
    ],
)  # fmt: skip
def test_conditional_limits_and_trailing_stops(
    order: NewOrder, row: Row, fills: list[tuple[str, str, str]], status: str
) -> None:
    """EXEC-1, BT-1: along the candle's path; the story of the child is the order's."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 2))
    (placed,) = trader.send(order).orders
    assert (placed.status, placed.trigger, placed.price) == ("NEW", order.trigger, order.price)
    assert brief(trader.step(row).fills) == fills
    assert trader.send(query("e", book="algo")).orders[-1].status == status


@pytest.mark.parametrize(
    ("force", "price", "result"),
    [("IOC", 99, "EXPIRED"), ("IOC", 100, "FILLED"), ("FOK", 99, -5021), ("GTX", 100, -5022), ("GTX", 99, "NEW")],
)
def test_time_in_force_of_a_limit(force: str, price: int, result: str | int) -> None:
    """EXEC-1, EXEC-6: what is asked is what is told."""
    asked = msgspec.structs.replace(limit("a", "BUY", 1, price), time_in_force=force)
    (told,) = Trader().at(100).send(asked).orders
    assert told.reject_code == result if isinstance(result, int) else told.status == result
    assert isinstance(result, int) or told.time_in_force == force


@pytest.mark.parametrize("changes", [{"callback_rate": D(1)}, {"trigger": D(1)}])
def test_parameter_foreign_to_the_order_type_is_refused(changes: dict[str, object]) -> None:
    """EXEC-6: -1102, by our own port, before anything is sent."""
    asked = msgspec.structs.replace(market("a", "BUY", 1), **changes)
    assert Trader().at(100).send(asked).orders[0].reject_code == -1102


def test_a_child_that_is_refused_at_the_trigger_is_told_as_expired() -> None:
    """EXEC-2: with the code; a post-only limit that would take."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 2), conditional("STOP", 2, trigger=D(95), price=D(94), time_in_force="GTX"))
    events = trader.step((100, 101, 93, 97))
    assert (ends(events), events.orders[0].reject_reason) == ({"e": "EXPIRED"}, REASON[ErrorCode.GTX_ORDER_REJECT])
