"""Orders as Binance takes them; what it could never take is not sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.exchange.binance import endpoints, requests
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.model.streams import StreamName

D = Decimal


def order(**changes: Any) -> NewOrder:
    fields = {"client_id": "ict-1", "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": D("0.01"), **changes}
    return NewOrder(**fields)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": ""}, -4015),
        ({"client_id": "a" * 37}, -4015),
        ({"client_id": "ict:1"}, -4015),
        ({"client_id": "한국"}, -4015),
        ({"type": "LIQUIDATION"}, -1116),
        ({"quantity": None}, -4003),
        ({"quantity": D(0)}, -4003),
        ({"quantity": D(-1)}, -4003),
        ({"price": D(1)}, -1102),
        ({"type": "LIMIT"}, -1102),
        ({"trigger": D(1)}, -1102),
        ({"type": "STOP_MARKET"}, -1102),
        ({"type": "STOP", "trigger": D(1)}, -1102),
        ({"type": "TRAILING_STOP_MARKET"}, -1102),
        ({"callback_rate": D(1)}, -1102),
        ({"type": "STOP_MARKET", "trigger": D(1), "close_position": True}, -4137),
        ({"type": "STOP_MARKET", "trigger": D(1), "close_position": True, "quantity": None, "reduce_only": True}, -4137),
        ({"close_position": True, "quantity": None}, -4136),
        ({"position_side": "LONG", "reduce_only": True}, -1106),
    ],
)
def test_impossible_orders_are_refused_before_they_leave(changes: dict[str, Any], code: int) -> None:
    """EXEC-1: with the code that the exchange would give, and without its round trip."""
    with pytest.raises(ExchangeError) as refused:
        requests.place(order(**changes))
    assert (refused.value.code, refused.value.action) == (code, "refuse")


def test_market_and_limit_go_to_the_plain_book() -> None:
    """EXEC-1: with the result asked for, and a time in force where there is a price."""
    market = requests.place(order(reduce_only=True))
    assert market.endpoint is endpoints.PLACE
    assert market.urgency == "protect"
    assert market.params == {
        "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "reduceOnly": True,
        "newClientOrderId": "ict-1", "newOrderRespType": "RESULT",
    }  # fmt: skip
    limit = requests.place(order(type="LIMIT", price=D("100.50"), time_in_force="GTX"))
    assert (limit.params["price"], limit.params["timeInForce"], limit.urgency) == ("100.5", "GTX", "order")
    assert requests.place(order(type="LIMIT", price=D(1))).params["timeInForce"] == "GTC"


def test_conditional_orders_go_to_the_algo_book() -> None:
    """EXEC-1: under the endpoint's own names."""
    stop = requests.place(
        order(
            side="SELL", type="STOP", price=D(90), trigger=D(91), working_type="MARK_PRICE", price_protect=True,
            position_side="LONG",
        )
    )  # fmt: skip
    assert stop.endpoint is endpoints.PLACE_ALGO
    assert stop.params == {
        "symbol": "BTCUSDT", "side": "SELL", "type": "STOP", "positionSide": "LONG", "quantity": "0.01", "price": "90",
        "timeInForce": "GTC", "algoType": "CONDITIONAL", "clientAlgoId": "ict-1", "workingType": "MARK_PRICE",
        "triggerPrice": "91", "priceProtect": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ref", "params"),
    [
        (OrderRef(symbol="BTCUSDT", client_id="a", id=7), {"symbol": "BTCUSDT", "origClientOrderId": "a"}),
        (OrderRef(symbol="BTCUSDT", id=7), {"symbol": "BTCUSDT", "orderId": 7}),
        (OrderRef(symbol="BTCUSDT", client_id="a", book="algo"), {"symbol": "BTCUSDT", "clientAlgoId": "a"}),
        (OrderRef(symbol="BTCUSDT", id=7, book="algo"), {"symbol": "BTCUSDT", "algoId": 7}),
    ],
)
def test_orders_are_named_by_their_own_book(ref: OrderRef, params: dict[str, object]) -> None:
    """EXEC-2: by client id first."""
    assert requests.query(ref).params == requests.cancel(ref).params == params
    assert requests.cancel(ref).urgency == "protect"


def test_a_name_names_something() -> None:
    """EXEC-2: an order without any id is nobody's."""
    with pytest.raises(ValueError, match="neither was given"):
        OrderRef(symbol="BTCUSDT")
    with pytest.raises(ValueError, match="timeframe"):
        StreamName("kline", "BTCUSDT")


@pytest.mark.parametrize(
    ("endpoint", "params", "weight"),
    [
        (endpoints.KLINES, {"symbol": "BTCUSDT", "limit": 99}, 1),
        (endpoints.KLINES, {"symbol": "BTCUSDT", "limit": 100}, 2),
        (endpoints.KLINES, {"symbol": "BTCUSDT"}, 5),
        (endpoints.KLINES, {"symbol": "BTCUSDT", "limit": 1500}, 10),
        (endpoints.DEPTH, {"symbol": "BTCUSDT", "limit": 1000}, 20),
        (endpoints.OPEN_ORDERS, {"symbol": "BTCUSDT"}, 1),
        (endpoints.OPEN_ORDERS, {}, 40),
        (endpoints.PREMIUM_INDEX, {}, 10),
        (endpoints.PLACE, {"symbol": "BTCUSDT"}, 0),
    ],
)
def test_calls_cost_what_is_documented(endpoint: endpoints.Endpoint, params: dict[str, object], weight: int) -> None:
    """EXEC-6: §6.1 of the reference."""
    assert endpoint.cost(params).weight == weight


def test_a_trailing_stop_says_where_it_wakes_and_how_far_it_follows() -> None:
    """EXEC-1: by the exchange's names, ``activatePrice`` among them, without exponents."""
    asked = order(
        type="TRAILING_STOP_MARKET", side="SELL", position_side="LONG", activation=D("1E+5"), callback_rate=D("0.50"),
        price_protect=True,
    )  # fmt: skip
    assert requests.order_params(asked) == {
        "symbol": "BTCUSDT", "side": "SELL", "type": "TRAILING_STOP_MARKET", "positionSide": "LONG", "quantity": "0.01",
        "algoType": "CONDITIONAL", "clientAlgoId": "ict-1", "workingType": "CONTRACT_PRICE", "priceProtect": True,
        "activatePrice": "100000", "callbackRate": "0.5",
    }  # fmt: skip


def test_a_stop_that_closes_has_no_quantity() -> None:
    """EXEC-4: whatever is open then is closed; the request is urgent."""
    asked = requests.place(order(type="STOP_MARKET", side="SELL", quantity=None, trigger=D("90.10"), close_position=True))
    assert asked.urgency == "protect"
    assert asked.params["triggerPrice"] == "90.1"
    assert asked.params["closePosition"] is True
    assert "quantity" not in asked.params
