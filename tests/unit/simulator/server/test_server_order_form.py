"""The form of an order request: what must be sent, in which notation, and how the answer prints it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.core.model.filters import Filters
from simulator.server.printing.numbers import places
from simulator.server.rest.answer import Request, answer
from simulator.server.rest.context import Context
from simulator.server.settings import TEST_KEY
from tests.support.simulator.protocol_server import make_context
from tests.support.simulator.signed_requests import ask, done, refusal

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "90000"}
STOP = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP",
    "algoType": "CONDITIONAL",
    "quantity": "0.010",
    "price": "80000",
    "triggerPrice": "80000",
}
TRAILING = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "TRAILING_STOP_MARKET",
    "algoType": "CONDITIONAL",
    "quantity": "0.010",
}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}


@pytest.fixture
def context() -> Context:
    context = make_context()
    context.session.advance(context.session.time + 2_000)
    return context


@pytest.mark.parametrize(
    ("path", "order", "name"),
    [
        *[("/v1/order", LIMIT, name) for name in LIMIT],
        *[("/v1/algoOrder", STOP, name) for name in STOP],
        ("/v1/algoOrder", TRAILING, "callbackRate"),
        ("/v1/order", {**LIMIT, "timeInForce": "GTD"}, "goodTillDate"),
        ("/v1/algoOrder", {**STOP, "timeInForce": "GTD"}, "goodTillDate"),
        ("/v1/order", MARKET, "quantity"),
    ],
)
def test_a_missing_parameter_is_named(path: str, order: dict[str, str], name: str, context: Context) -> None:
    """EXEC-6: -1102 says which one."""
    body = ask(context, "POST", path, **{each: value for each, value in order.items() if each != name}).body
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    assert body == {"code": -1102, "msg": text}


def test_a_parameter_that_a_market_order_does_not_take_is_named(context: Context) -> None:
    """EXEC-6: -1106 says which one."""
    body = ask(context, "POST", "/v1/order", **{**LIMIT, "type": "MARKET"}).body
    assert body == {"code": -1106, "msg": "Parameter 'timeInForce' sent when not required."}


def test_an_exponent_is_refused_in_every_number_and_book(context: Context) -> None:
    """EXEC-6: 1e-2 is how a float prints that was not formatted; the exchange reads no exponent."""
    for path, order in (("/v1/order", LIMIT), ("/v1/algoOrder", STOP)):
        for name in ("quantity", "price"):
            body = ask(context, "POST", path, **{**order, name: "1e-2"}).body
            assert (body["code"], f"'{name}'" in body["msg"]) == (-1100, True)


def test_decimals_beyond_the_symbols_precision_come_before_tick_and_step(context: Context) -> None:
    """EXEC-6: BTCUSDT has a tick of 0.1 and a precision of 2: its third decimal is -1111, its second -4014."""
    codes = {
        price: refusal(context, "POST", "/v1/order", **{**LIMIT, "price": price})[1] for price in ("90000.001", "90000.01")
    }
    assert codes == {"90000.001": -1111, "90000.01": -4014}
    assert refusal(context, "POST", "/v1/order", **{**LIMIT, "quantity": "0.0101"}) == (400, -1111)
    assert refusal(context, "POST", "/v1/order", **{**LIMIT, "quantity": "0.0001"}) == (400, -1111)
    placed = done(context, "POST", "/v1/order", **{**LIMIT, "quantity": "0.01000000", "price": "90000.10000000"})
    change = {"symbol": "BTCUSDT", "side": "BUY", "orderId": placed["orderId"], "price": "90000.2"}
    assert refusal(context, "PUT", "/v1/order", **change, quantity="0.0101") == (400, -1111)


def test_filters_of_a_row_without_precision_have_no_such_rule(context: Context) -> None:
    """EXEC-6: then tick and step alone decide."""
    row = dict(context.session.info["symbols"][0])
    assert (Filters.of_exchange_info(row).price_digits, Filters.of_exchange_info(row).quantity_digits) == (2, 3)
    del row["pricePrecision"], row["quantityPrecision"]
    assert (Filters.of_exchange_info(row).price_digits, Filters.of_exchange_info(row).quantity_digits) == (None, None)


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        ("0.0100000", "0.010"),
        ("0.01", "0.010"),
        ("10", "10.000"),
        ("1E+2", "100.000"),
        ("0", "0.000"),
        ("0.12345", "0.12345"),
    ],
)
def test_a_number_is_printed_in_the_symbols_decimals_whatever_was_sent(number: str, printed: str) -> None:
    """EXEC-1: an answer does not echo the sender's zeros."""
    assert places(Decimal(number), 3) == printed


def test_quantities_are_printed_without_the_senders_zeros(context: Context) -> None:
    """EXEC-1: in answers and in queries."""
    placed = done(context, "POST", "/v1/order", **{**LIMIT, "quantity": "0.0100000", "price": "90000.100000"})
    found = done(context, "GET", "/v1/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert [(each["origQty"], each["price"]) for each in (placed, found)] == [("0.010", "90000.10")] * 2


def test_self_trade_prevention_expires_the_maker_unless_said_otherwise(context: Context) -> None:
    """EXEC-1: the default of the exchange."""
    assert done(context, "POST", "/v1/order", **LIMIT)["selfTradePreventionMode"] == "EXPIRE_MAKER"
    assert done(context, "POST", "/v1/algoOrder", **STOP)["selfTradePreventionMode"] == "EXPIRE_MAKER"
    chosen = done(context, "POST", "/v1/order", **LIMIT, selfTradePreventionMode="EXPIRE_TAKER")
    assert chosen["selfTradePreventionMode"] == "EXPIRE_TAKER"


def test_a_missing_timestamp_is_told_before_a_bad_signature(context: Context) -> None:
    """EXEC-6: -1102 names the timestamp."""
    reply = answer(context, Request("GET", "/fapi/v1/openOrders", "signature=00", "", TEST_KEY, "a", 0))
    assert (reply.status, reply.body["code"], "'timestamp'" in reply.body["msg"]) == (400, -1102, True)


def test_a_parameter_sent_twice_is_refused(context: Context) -> None:
    """EXEC-6: -1101."""
    query = "symbol=BTCUSDT&symbol=ETHUSDT"
    assert answer(context, Request("GET", "/fapi/v1/depth", query, "", "", "a", 0)).body["code"] == -1101
