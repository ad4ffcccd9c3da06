"""Requests that should not be sent, to every endpoint; and what an answer must be, whatever was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final
from urllib.parse import quote_plus

from hypothesis import strategies as st

from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Context
from simulator.server.rest.endpoints import Endpoint
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.background_server import BackgroundServer
from tests.support.simulator.protocol_server import make_context

_LIMIT: Final = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
    "price": "90000",
}
_STOP: Final = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "triggerPrice": "80000"}
_SYMBOL: Final = {"symbol": "BTCUSDT"}
_KLINES: Final = {**_SYMBOL, "interval": "1m", "limit": "5"}
_PAIR: Final = {"pair": "BTCUSDT", "interval": "1m", "limit": "5"}
_CHANGE: Final = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.020", "price": "89000", "origClientOrderId": "fuzz"}

#: Parameters with which an endpoint is asked, before they are spoilt; those not named here need none.
USUAL: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("GET", "/fapi/v1/depth"): {**_SYMBOL, "limit": "5"},
    ("GET", "/fapi/v1/rpiDepth"): _SYMBOL,
    ("GET", "/fapi/v1/trades"): _SYMBOL,
    ("GET", "/fapi/v1/historicalTrades"): _SYMBOL,
    ("GET", "/fapi/v1/aggTrades"): _SYMBOL,
    ("GET", "/fapi/v1/klines"): _KLINES,
    ("GET", "/fapi/v1/markPriceKlines"): _KLINES,
    ("GET", "/fapi/v1/premiumIndexKlines"): _KLINES,
    ("GET", "/fapi/v1/indexPriceKlines"): _PAIR,
    ("GET", "/fapi/v1/continuousKlines"): {**_PAIR, "contractType": "PERPETUAL"},
    ("GET", "/fapi/v1/openInterest"): _SYMBOL,
    ("POST", "/fapi/v1/order"): _LIMIT,
    ("POST", "/fapi/v1/order/test"): _LIMIT,
    ("PUT", "/fapi/v1/order"): _CHANGE,
    ("GET", "/fapi/v1/order"): {**_SYMBOL, "origClientOrderId": "fuzz"},
    ("GET", "/fapi/v1/openOrder"): {**_SYMBOL, "origClientOrderId": "fuzz"},
    ("GET", "/fapi/v1/orderAmendment"): {**_SYMBOL, "origClientOrderId": "fuzz"},
    ("DELETE", "/fapi/v1/order"): {**_SYMBOL, "origClientOrderId": "fuzz"},
    ("POST", "/fapi/v1/batchOrders"): {"batchOrders": json.dumps([_LIMIT, _LIMIT])},
    ("PUT", "/fapi/v1/batchOrders"): {"batchOrders": json.dumps([_CHANGE])},
    ("DELETE", "/fapi/v1/batchOrders"): {**_SYMBOL, "orderIdList": "[1,2]"},
    ("DELETE", "/fapi/v1/allOpenOrders"): _SYMBOL,
    ("POST", "/fapi/v1/countdownCancelAll"): {**_SYMBOL, "countdownTime": "0"},
    ("GET", "/fapi/v1/allOrders"): _SYMBOL,
    ("GET", "/fapi/v1/userTrades"): _SYMBOL,
    ("POST", "/fapi/v1/algoOrder"): {**_STOP, "algoType": "CONDITIONAL"},
    ("GET", "/fapi/v1/algoOrder"): {"clientAlgoId": "fuzz-stop"},
    ("DELETE", "/fapi/v1/algoOrder"): {"clientAlgoId": "fuzz-stop"},
    ("DELETE", "/fapi/v1/algoOpenOrders"): _SYMBOL,
    ("GET", "/fapi/v1/allAlgoOrders"): _SYMBOL,
    ("POST", "/fapi/v1/leverage"): {**_SYMBOL, "leverage": "20"},
    ("POST", "/fapi/v1/marginType"): {**_SYMBOL, "marginType": "ISOLATED"},
    ("POST", "/fapi/v1/positionMargin"): {**_SYMBOL, "amount": "1", "type": "1"},
    ("GET", "/fapi/v1/positionMargin/history"): _SYMBOL,
    ("POST", "/fapi/v1/feeBurn"): {"feeBurn": "false"},
    ("POST", "/fapi/v1/positionSide/dual"): {"dualSidePosition": "true"},
    ("POST", "/fapi/v1/multiAssetsMargin"): {"multiAssetsMargin": "false"},
    ("GET", "/fapi/v1/commissionRate"): _SYMBOL,
}

#: Values that break a careless reader: empty, huge, scientific, negative, of another type or script, JSON of all kinds.
NASTY: Final = (
    *("", " ", "\x00", "\n", "%", "%00", "%zz", "&", "=", "a&b=c", "'; drop", "<b>", "../..", "x" * 37, "fuzz"),
    *("0", "-0", "-1", "0.0", "00", "1e-2", "1E400", "-1e9", "NaN", "Infinity", "-inf", "1.", ".5", "+1", "0x10", "1_000"),
    *(str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 19, "9" * 20, "9" * 400, "0." + "1" * 20, "9" * 20 + ".9"),
    *("true", "TRUE", "yes", "null", "None", "undefined"),
    *("\u202e", "\U0001f4a5", "\uff22\uff34\uff23", "\u0661\u0662", "\udcff"),
    *("BTCUSDT ", "btcusdt", "ETHUSDT", "BTCUSDT,ETHUSDT", "BUY", "SELL", "LIMIT", "MARKET", "STOP", "GTD", "GTX"),
    *("1m", "1M", "LONG", "HEDGE", "ISOLATED"),
    *("{}", "[]", "[[]]", "[null]", "[1]", '["x"]', "[{}]", "[1e999]", "[-1]", '{"a":1}', "[" * 1_500, '"', '["\\ud800"]'),
    *('[{"symbol":null}]', "[" + "9" * 5_000 + "]", '[{"symbol":"BTCUSDT","side":["BUY"],"type":{"a":1}}]'),
    '[{"quantity":1e-7,"price":' + "9" * 400 + "}]",
)
VALUES: Final = st.sampled_from(NASTY) | st.text(max_size=12) | st.integers().map(str) | st.floats().map(str)
#: Headers under which a body may come.
_TYPES: Final = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain; charset=utf-16",
    "",
)

Pairs = list[tuple[str, str]]


class _Recording(dict[str, str]):
    """Parameters of a request that remember which names were asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@cache
def names_read(endpoint: Endpoint) -> tuple[str, ...]:
    """Every parameter that an endpoint asks for when it is called with its usual ones."""
    values = _Recording(USUAL.get((endpoint.method, endpoint.path), {}))
    parameters = Parameters(values)
    with suppress(Refused):
        endpoint.weighs(parameters)
        endpoint.handler(_context(), parameters, Caller(TEST_KEY, 0))
    return tuple(sorted({*values.asked, *values, "recvWindow", "timestamp"}))


@cache
def _context() -> Context:
    context = make_context()
    context.session.advance(context.session.time + 2_000)
    return context


@st.composite
def spoilt_parameters(draw: st.DrawFn, usual: Mapping[str, str], names: tuple[str, ...]) -> Pairs:
    """Usual parameters of which up to two are missing, doubled or replaced, with up to two others."""
    spoilt = draw(st.sets(st.sampled_from(sorted(usual)), max_size=2)) if usual else set()
    pairs: Pairs = []
    for name, value in usual.items():
        change = draw(st.sampled_from(("nasty", "nasty", "missing", "doubled"))) if name in spoilt else "kept"
        if change == "kept":
            pairs.append((name, value))
        elif change != "missing":
            pairs.append((name, draw(VALUES)))
            pairs.extend([(name, draw(VALUES))] if change == "doubled" else [])
    others = st.sampled_from(names) | st.sampled_from(names) | st.text(max_size=5)
    added = draw(st.lists(st.tuples(others, VALUES), max_size=2, unique_by=lambda pair: pair[0]))
    return pairs + [(name, value) for name, value in added if name not in usual]


@st.composite
def spoilt_requests(draw: st.DrawFn, endpoint: Endpoint, time: int) -> tuple[str, bytes, dict[str, str]]:
    """Query string, body and headers of a request that is mostly signed rightly, so that it reaches the endpoint."""
    pairs = draw(spoilt_parameters(USUAL.get((endpoint.method, endpoint.path), {}), names_read(endpoint)))
    if not any(name == "timestamp" for name, _ in pairs) and draw(st.sampled_from((True,) * 9 + (False,))):
        pairs.append(("timestamp", str(time)))
    cut = len(pairs) if endpoint.method == "GET" else draw(st.integers(0, len(pairs)))
    query, body = (encoded(part) for part in (pairs[:cut], pairs[cut:]))
    if draw(st.sampled_from((True,) * 9 + (False,))):
        query = "&".join(part for part in (query, f"signature={sign(query + body, TEST_SECRET)}") if part)
    raw = draw(
        st.just(body.encode())
        if body
        else st.sampled_from((b"", b"", b"", b"\xff\xfe", b"{}", b'{"symbol": 1}', b"--x\r\n"))
    )
    key = draw(st.sampled_from((TEST_KEY,) * 9 + ("nobody",)))
    return query, raw, {"X-MBX-APIKEY": key, "Content-Type": draw(st.sampled_from(_TYPES))}


def encoded(pairs: Pairs) -> str:
    """Percent-encode; a surrogate becomes bytes that are no UTF-8."""
    return "&".join(
        f"{quote_plus(name, errors='surrogateescape')}={quote_plus(value.encode('utf-8', 'surrogatepass'))}"
        for name, value in pairs
    )


def check_answer(status: int, body: bytes) -> Any:
    """Return the JSON of an answer. Raises AssertionError for an error that is none of the exchange's."""
    answer = json.loads(body)
    if status == 200:
        return answer
    assert 400 <= status < 500, f"HTTP {status}: {answer}"
    assert set(answer) == {"code", "msg"}, answer
    assert isinstance(answer["code"], int), answer
    assert answer["code"] < 0, answer
    assert isinstance(answer["msg"], str), answer
    assert answer["msg"].strip(), answer
    return answer


def check_quiet(server: BackgroundServer) -> None:
    """Raise AssertionError if anything was logged as an error or with a traceback; forget it, so that it is told once."""
    told, server.complaints.texts[:] = list(server.complaints.texts), []
    assert not told, told[0]


def send_spoilt(
    server: BackgroundServer, endpoint: Endpoint, data: st.DataObject, check: Callable[[int, bytes], Any]
) -> None:
    """Send one spoilt request to an endpoint and check answer and log."""
    query, body, headers = data.draw(spoilt_requests(endpoint, server.context.session.time))
    status, answer = server.ask(endpoint.method, f"{endpoint.path}?{query}", body, headers)
    try:
        check(status, answer)
    finally:
        check_quiet(server)
