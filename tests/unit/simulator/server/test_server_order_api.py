"""The WebSocket API: methods in, answers out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.server.rest.context import Context
from simulator.server.rest.endpoints import BY_PATH
from simulator.server.rest.order_api import METHODS, Call, answer_call, read_call, shows_limits
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.protocol_server import make_context


@pytest.fixture
def context() -> Context:
    return make_context()


def say(context: Context, method: str, *, signed: bool = True, **params: Any) -> dict[str, Any]:
    """Ask as a client does: numbers and booleans as JSON has them, signed in lower case."""
    if signed:
        params |= {"apiKey": TEST_KEY, "timestamp": context.server_time}
        text = "&".join(f"{name}={json.dumps(params[name]).strip(chr(34))}" for name in sorted(params))
        params["signature"] = sign(text, TEST_SECRET)
    call = read_call(json.dumps({"id": 5, "method": method, "params": params}))
    return answer_call(context, call, "a", 0) if isinstance(call, Call) else call


def test_every_method_has_an_endpoint() -> None:
    """One table: the API has no answers of its own."""
    assert all(place in BY_PATH for place in METHODS.values())


def test_an_order_is_placed_and_asked_for(context: Context) -> None:
    """EXEC-1: as over REST, with the id of the request."""
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "reduceOnly": False}
    placed = say(context, "order.place", **order, newOrderRespType="RESULT")
    assert (placed["id"], placed["status"], placed["result"]["status"]) == (5, 200, "FILLED")
    found = say(context, "order.status", symbol="BTCUSDT", orderId=placed["result"]["orderId"])
    assert found["result"]["executedQty"] == "0.010"
    assert say(context, "ticker.book", signed=False, symbol="BTCUSDT")["result"]["symbol"] == "BTCUSDT"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", -1000),
        ("[" * 100_000, -1000),
        ("1" * 10_000, -1000),
        ("[]", -1000),
        ('{"method":"dance"}', -1000),
        ('{"method":["order.place"]}', -1000),
        ('{"method":"order.place","params":[]}', -1000),
        ('{"method":"order.place","params":{"symbol":["BTCUSDT"]}}', -1102),
        ('{"method":"order.place","params":{"quantity":{"of":1}}}', -1102),
        ('{"id":1.5,"method":"order.place"}', -1130),
        ('{"id":{"a":1},"method":"order.place"}', -1130),
        ('{"id":true,"method":"order.place"}', -1130),
        ('{"method":"depth","params":{"returnRateLimits":"perhaps"}}', -1130),
    ],
)
def test_malformed_websocket_request_is_answered_with_its_error(text: str, code: int) -> None:
    """The border never breaks."""
    answered = read_call(text)
    assert isinstance(answered, dict)
    assert answered["error"]["code"] == code


def test_refusals_are_errors_with_the_exchanges_codes(context: Context) -> None:
    """EXEC-6: keys, signatures, orders."""
    assert say(context, "account.status", signed=False)["error"]["code"] == -2014
    assert say(context, "account.status", signed=False, apiKey=TEST_KEY)["error"]["code"] == -1102
    untimed = say(context, "account.status", signed=False, apiKey=TEST_KEY, signature="00")["error"]
    assert (untimed["code"], "'timestamp'" in untimed["msg"]) == (-1102, True)
    timed = {"apiKey": TEST_KEY, "timestamp": context.server_time}
    assert say(context, "account.status", signed=False, **timed, signature="00")["error"]["code"] == -1022
    assert say(context, "account.status", signed=False, **timed, signature="ß")["error"]["code"] == -1022
    assert say(context, "account.status", signed=False, **timed)["error"]["code"] == -1102
    unknown = say(context, "order.cancel", symbol="BTCUSDT", orderId=77)
    assert (unknown["status"], unknown["error"]["code"]) == (400, -2011)


def test_listen_keys_are_made_renewed_and_ended_without_a_signature(context: Context) -> None:
    """EXEC-4: userDataStream.start, ping, stop: an API key is enough, and they are the REST ones."""
    made = say(context, "userDataStream.start", signed=False, apiKey=TEST_KEY)["result"]["listenKey"]
    assert context.listen_keys.alive(0) == [made]
    assert say(context, "userDataStream.start", signed=False, apiKey=TEST_KEY)["result"] == {"listenKey": made}
    assert say(context, "userDataStream.ping", signed=False, apiKey=TEST_KEY)["result"] == {"listenKey": made}
    assert say(context, "userDataStream.stop", signed=False, apiKey=TEST_KEY)["result"] == {}
    assert say(context, "userDataStream.ping", signed=False, apiKey=TEST_KEY)["error"]["code"] == -1125
    assert say(context, "userDataStream.start", signed=False, apiKey="nobody")["error"]["code"] == -2015
    assert say(context, "userDataStream.start", signed=False)["error"]["code"] == -2014


@pytest.mark.parametrize(
    ("query", "params", "shown"),
    [
        ("", "{}", True),
        ("", '{"returnRateLimits":false}', False),
        ("returnRateLimits=false", "{}", False),
        ("returnRateLimits=false", '{"returnRateLimits":true}', True),
        ("returnRateLimits=true", '{"returnRateLimits":"false"}', False),
        ("other=1", "null", True),
    ],
)
def test_rate_limits_are_shown_unless_the_address_or_the_request_says_no(query: str, params: str, shown: bool) -> None:
    """EXEC-6: the request decides, then the address."""
    call = read_call(f'{{"id":1,"method":"ticker.price","params":{params}}}', show_limits=shows_limits(query))
    assert isinstance(call, Call)
    assert call.shows_limits is shown
