"""The endpoints without a wire: what they answer, what they weigh, what they refuse."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.timeframes import MINUTE
from simulator.server.rest.answer import Request, answer
from simulator.server.rest.context import Context
from simulator.server.rest.endpoints import ENDPOINTS, Endpoint
from simulator.server.session import MarketMessage
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from simulator.server.streams import parse
from tests.support.simulator.protocol_server import make_context, server_settings
from tests.support.simulator.signed_requests import ask, done, refusal, told

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "quantity": "0.010"}


@pytest.fixture
def context() -> Context:
    context = make_context()
    context.session.advance(context.session.time + 2_000)
    return context


UNBOUNDED = server_settings(weight_minute=10_000_000, orders_ten_seconds=10_000_000, orders_minute=10_000_000)


@pytest.fixture(scope="module")
def patient() -> Context:
    """Without limits, and shared: for requests that change nothing, or whose changes do not matter."""
    context = make_context(UNBOUNDED)
    context.session.advance(context.session.time + 2_000)
    return context


def near(context: Context, factor: str) -> str:
    """A BTCUSDT price at this multiple of the last one, on the grid."""
    price = Decimal(done(context, "GET", "/v1/ticker/price", symbol="BTCUSDT")["price"]) * Decimal(factor)
    return str(price.quantize(Decimal("0.1")))


def test_no_endpoint_is_there_twice() -> None:
    """The table is one place to look."""
    assert len({(each.method, each.path) for each in ENDPOINTS}) == len(ENDPOINTS)


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.security != "none"], ids=lambda each: each.path)
def test_endpoint_with_a_key_is_refused_without_one(endpoint: Endpoint, patient: Context) -> None:
    """EXEC-6: -2014 without a key; signed ones also want a signature."""
    assert answer(patient, Request(endpoint.method, endpoint.path, "", "", "", "a", 0)).body["code"] == -2014
    if endpoint.security == "signed":
        assert answer(patient, Request(endpoint.method, endpoint.path, "", "", TEST_KEY, "a", 0)).body["code"] == -1102


@pytest.mark.parametrize(
    ("path", "parameters", "weight"),
    [
        ("/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 99}, 1),
        ("/v1/klines", {"symbol": "BTCUSDT", "interval": "1m"}, 5),
        ("/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1_000}, 5),
        ("/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1_500}, 10),
        ("/v1/depth", {"symbol": "BTCUSDT", "limit": 50}, 2),
        ("/v1/depth", {"symbol": "BTCUSDT", "limit": 1_000}, 20),
        ("/v1/premiumIndex", {}, 10),
        ("/v1/openOrders", {}, 40),
        ("/v1/openOrders", {"symbol": "BTCUSDT"}, 1),
    ],
)
def test_requests_weigh_what_the_table_says(path: str, parameters: dict[str, object], weight: int, context: Context) -> None:
    """EXEC-6: the header of used weight (binance.md §6.1)."""
    assert ask(context, "GET", path, **parameters).headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_orders_are_counted_and_bounded() -> None:
    """EXEC-6: the headers of order counts, and -1015."""
    context = make_context(server_settings(orders_ten_seconds=3))
    for number in range(3):
        assert ask(context, "POST", "/v1/order", **MARKET).headers["X-MBX-ORDER-COUNT-10S"] == str(number + 1)
    assert refusal(context, "POST", "/v1/order", **MARKET) == (429, -1015)


def test_klines_are_the_history_and_the_open_one(context: Context) -> None:
    """DATA-5: twelve columns; the last row is not finished."""
    context.session.advance(context.session.time + 90_000)
    rows = done(context, "GET", "/v1/klines", symbol="BTCUSDT", interval="1m", limit=3)
    truth = list(context.session.market["BTCUSDT"].klines.closed("1m"))
    assert [row[0] for row in rows[:2]] == [kline.open_time for kline in truth[-2:]]
    assert {len(row) for row in rows} == {12}
    assert rows[-1][6] >= context.session.time
    assert rows[0][6] == rows[1][0] - 1
    first = rows[0][0] - 5 * MINUTE
    spanned = done(
        context, "GET", "/v1/klines", symbol="BTCUSDT", interval="1m", startTime=first, endTime=first + 2 * MINUTE
    )
    assert [row[0] for row in spanned] == [first, first + MINUTE, first + 2 * MINUTE]
    assert done(context, "GET", "/v1/continuousKlines", pair="BTCUSDT", contractType="PERPETUAL", interval="1m")
    marks = done(context, "GET", "/v1/markPriceKlines", symbol="BTCUSDT", interval="1m", limit=3)
    assert [row[:5] for row in marks] == [row[:5] for row in rows]


def test_market_data_agrees_with_itself(context: Context) -> None:
    """DATA-1: book, tickers, trades, marks tell of one market."""
    depth = done(context, "GET", "/v1/depth", symbol="BTCUSDT", limit=5)
    ticker = done(context, "GET", "/v1/ticker/bookTicker", symbol="BTCUSDT")
    assert [ticker["bidPrice"], ticker["bidQty"]] == depth["bids"][0]
    assert [ticker["askPrice"], ticker["askQty"]] == depth["asks"][0]
    assert (len(depth["bids"]), len(depth["asks"])) == (5, 5)
    last = done(context, "GET", "/v2/ticker/price", symbol="BTCUSDT")
    trades = done(context, "GET", "/v1/trades", symbol="BTCUSDT", limit=1)
    aggregate = done(context, "GET", "/v1/aggTrades", symbol="BTCUSDT", fromId=trades[0]["id"])
    assert last["price"] == trades[-1]["price"] == aggregate[0]["p"]
    assert done(context, "GET", "/v1/ticker/24hr", symbol="BTCUSDT")["lastPrice"] == last["price"]
    assert len(done(context, "GET", "/v1/premiumIndex")) == 2
    assert done(context, "GET", "/v1/openInterest", symbol="BTCUSDT")["symbol"] == "BTCUSDT"
    assert done(context, "GET", "/v1/fundingInfo") == []


def test_an_ack_is_the_order_before_it_met_the_book(context: Context) -> None:
    """EXEC-1: ACK says NEW; the query says what became of it."""
    told(context)
    placed = done(context, "POST", "/v1/order", **MARKET, newClientOrderId="now")
    assert (placed["status"], placed["executedQty"]) == ("NEW", "0.000")
    found = done(context, "GET", "/v1/order", symbol="BTCUSDT", origClientOrderId="now")
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.010")
    kinds = [event["e"] for event in told(context)[0]]
    assert kinds[0] == "ORDER_TRADE_UPDATE"
    assert kinds.index("TRADE_LITE") < kinds.index("ACCOUNT_UPDATE")


REFUSALS = [
    ("GET", "/v1/klines", {"symbol": "XYZUSDT", "interval": "1m"}, 400, -1121),
    ("GET", "/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, 400, -1120),
    ("GET", "/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, 400, -4021),
    ("GET", "/v1/nothing", {}, 404, -5000),
    ("DELETE", "/v1/klines", {}, 404, -5000),
    ("POST", "/v1/order", {**MARKET, "symbol": "XYZUSDT"}, 400, -1121),
    ("POST", "/v1/order", {**MARKET, "side": "HOLD"}, 400, -1130),
    ("POST", "/v1/order", {**MARKET, "quantity": "x"}, 400, -1100),
    ("POST", "/v1/order", {**MARKET, "quantity": "1e-2"}, 400, -1100),
    ("POST", "/v1/order", {**MARKET, "quantity": "0.0105"}, 400, -1111),
    ("POST", "/v1/order", {**LIMIT, "price": "95000.001"}, 400, -1111),
    ("POST", "/v1/order", {**LIMIT, "price": "95000", "closePosition": "true"}, 400, -4136),
    ("POST", "/v1/order", {**MARKET, "price": "95000"}, 400, -1106),
    ("POST", "/v1/order", {**MARKET, "quantity": "900"}, 400, -4005),
    ("POST", "/v1/order", {**MARKET, "quantity": "0.001"}, 400, -4164),
    ("POST", "/v1/order", {**MARKET, "priceMatch": "OPPONENT"}, 400, -5037),
    ("POST", "/v1/order", {**MARKET, "newClientOrderId": "x" * 37}, 400, -4015),
    ("POST", "/v1/order", {**LIMIT, "price": "95000.05"}, 400, -4014),
    ("POST", "/v1/order", {**STOP, "stopPrice": "1"}, 400, -4120),
    ("POST", "/v1/order", {**MARKET, "side": "SELL", "reduceOnly": "true"}, 400, -2022),
    ("POST", "/v1/order", {**MARKET, "positionSide": "LONG"}, 400, -4061),
    ("POST", "/v1/algoOrder", {**STOP, "triggerPrice": "200000", "workingType": "X"}, 400, -1130),
    ("POST", "/v1/algoOrder", {**STOP, "triggerPrice": "200000"}, 400, -2021),
    ("POST", "/v1/algoOrder", {**STOP, "triggerPrice": "9000.001"}, 400, -1111),
    ("POST", "/v1/algoOrder", {**STOP, "type": "STOP", "closePosition": "true"}, 400, -4136),
    ("GET", "/v1/allOrders", {}, 400, -1102),
    ("GET", "/v1/allOrders", {"symbol": "BTCUSDT", "startTime": 2, "endTime": 1}, 400, -1023),
    ("GET", "/v1/userTrades", {}, 400, -1102),
    ("GET", "/v1/orderAmendment", {"symbol": "BTCUSDT"}, 400, -1102),
    ("GET", "/v1/forceOrders", {"autoCloseType": "OTHER"}, 400, -1130),
    ("GET", "/v1/rpiDepth", {"symbol": "BTCUSDT", "limit": 5}, 400, -4021),
    ("POST", "/v1/feeBurn", {"feeBurn": "true"}, 400, -1130),
    ("GET", "/v1/order", {"symbol": "BTCUSDT"}, 400, -1102),
    ("GET", "/v1/order", {"symbol": "BTCUSDT", "orderId": 999}, 400, -2013),
    ("DELETE", "/v1/order", {"symbol": "BTCUSDT", "orderId": 999}, 400, -2011),
    ("GET", "/v1/algoOrder", {"algoId": 999}, 400, -2013),
    ("DELETE", "/v1/algoOrder", {"clientAlgoId": "none"}, 400, -2011),
    ("PUT", "/v1/order", {"symbol": "BTCUSDT", "side": "BUY", "orderId": 1, "price": "1"}, 400, -1102),
    ("POST", "/v1/batchOrders", {"batchOrders": "[]"}, 400, -4082),
    ("POST", "/v1/batchOrders", {"batchOrders": "{"}, 400, -4083),
    ("POST", "/v1/batchOrders", {"batchOrders": "[1]"}, 400, -4083),
    ("DELETE", "/v1/batchOrders", {"symbol": "BTCUSDT"}, 400, -1102),
    ("DELETE", "/v1/batchOrders", {"symbol": "BTCUSDT", "orderIdList": '["x"]'}, 400, -1102),
    ("POST", "/v1/leverage", {"symbol": "BTCUSDT", "leverage": 151}, 400, -4028),
    ("POST", "/v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, 400, -4046),
    ("POST", "/v1/positionSide/dual", {"dualSidePosition": "false"}, 400, -4059),
    ("POST", "/v1/multiAssetsMargin", {"multiAssetsMargin": "false"}, 400, -4171),
    ("POST", "/v1/multiAssetsMargin", {"multiAssetsMargin": "true"}, 400, -4168),
    ("PUT", "/v1/listenKey", {}, 400, -1125),
]


@pytest.mark.parametrize(("method", "path", "parameters", "status", "code"), REFUSALS)
def test_wrong_request_is_refused_with_the_exchanges_code(
    method: str, path: str, parameters: dict[str, object], status: int, code: int, patient: Context
) -> None:
    """EXEC-6: status and code; nothing was changed."""
    told(patient)
    assert refusal(patient, method, path, **parameters) == (status, code)
    assert told(patient)[0] == []


def test_modes_margins_and_leverage_are_changed_and_shown(context: Context) -> None:
    """EXEC-1: configuration endpoints agree with the account's statements."""
    assert done(context, "POST", "/v1/leverage", symbol="BTCUSDT", leverage=25)["leverage"] == 25
    done(context, "POST", "/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    (config,) = done(context, "GET", "/v1/symbolConfig", symbol="BTCUSDT")
    assert (config["marginType"], config["leverage"]) == ("ISOLATED", 25)
    done(context, "POST", "/v1/order", **MARKET)
    moved = done(context, "POST", "/v1/positionMargin", symbol="BTCUSDT", amount="50", type=1)
    assert moved["code"] == 200
    (risk,) = done(context, "GET", "/v2/positionRisk", symbol="BTCUSDT")
    assert (risk["marginType"], risk["leverage"], risk["positionAmt"]) == ("isolated", "25", "0.010")
    assert Decimal(risk["isolatedMargin"]) > 50
    (leg,) = done(context, "GET", "/v3/positionRisk")
    assert Decimal(leg["liquidationPrice"]) == Decimal(risk["liquidationPrice"]) > 0
    assert done(context, "GET", "/v1/positionSide/dual") == {"dualSidePosition": False}
    assert done(context, "GET", "/v1/multiAssetsMargin") == {"multiAssetsMargin": False}
    assert done(context, "GET", "/v1/accountConfig")["dualSidePosition"] is False
    assert len(done(context, "GET", "/v1/rateLimit/order")) == 2
    assert done(context, "GET", "/v1/commissionRate", symbol="BTCUSDT")["takerCommissionRate"] == "0.000500"
    assert {each["symbol"] for each in done(context, "GET", "/v1/leverageBracket")} == {"BTCUSDT", "ETHUSDT"}


def test_a_countdown_lasts_as_long_on_the_clients_clock(context: Context) -> None:
    """EXEC-7: on a market that runs ten times as fast, ten times as much market time."""
    context.pace = 10.0
    done(context, "POST", "/v1/order", **LIMIT, price=near(context, "0.97"))
    done(context, "POST", "/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1_000)
    context.session.advance(context.session.time + 9_000)
    assert len(done(context, "GET", "/v1/openOrders")) == 1
    context.session.advance(context.session.time + 1_100)
    assert done(context, "GET", "/v1/openOrders") == []


def test_lists_are_cut_by_their_ids_times_and_limits(context: Context) -> None:
    """EXEC-5: what reconciliation pages through."""
    names = [f"order-{number}" for number in range(4)]
    for name in names:
        done(context, "POST", "/v1/order", **MARKET, newClientOrderId=name)
        context.session.advance(context.session.time + 1_000)
    orders = done(context, "GET", "/v1/allOrders", symbol="BTCUSDT")
    assert [order["clientOrderId"] for order in orders] == names
    assert [order["clientOrderId"] for order in done(context, "GET", "/v1/allOrders", symbol="BTCUSDT", limit=2)] == names[
        2:
    ]
    later = done(context, "GET", "/v1/allOrders", symbol="BTCUSDT", startTime=orders[1]["time"], limit=2)
    assert [order["clientOrderId"] for order in later] == names[1:3]
    above = done(context, "GET", "/v1/allOrders", symbol="BTCUSDT", orderId=orders[2]["orderId"])
    assert [order["clientOrderId"] for order in above] == names[2:]
    trades = done(context, "GET", "/v1/userTrades", symbol="BTCUSDT", orderId=orders[0]["orderId"])
    assert {trade["orderId"] for trade in trades} == {orders[0]["orderId"]}
    fees = done(context, "GET", "/v1/income", incomeType="COMMISSION", limit=1_000)
    assert sum(Decimal(fee["income"]) for fee in fees) == -sum(
        Decimal(trade["commission"]) for trade in done(context, "GET", "/v1/userTrades", symbol="BTCUSDT")
    )


def test_equity_is_what_price_moves_fees_and_funding_made_it() -> None:
    """BT-1: over trades and a funding time, to the last printed digit."""
    context = make_context(server_settings(tape={"trades_per_minute": 8, "history_minutes": 420}))
    for step in range(16):
        side = ("BUY", "SELL", "SELL")[step % 3]
        done(
            context,
            "POST",
            "/v1/order",
            symbol="BTCUSDT",
            type="MARKET",
            side=side,
            quantity="0.050",
            newClientOrderId=str(step),
        )
        context.session.advance(context.session.time + 6 * MINUTE)
    lines = done(context, "GET", "/v1/income", limit=1_000)
    assert {line["incomeType"] for line in lines} >= {"REALIZED_PNL", "COMMISSION", "FUNDING_FEE"}
    wallet = Decimal(done(context, "GET", "/v3/account")["totalWalletBalance"])
    printed = Decimal(len(lines)) * Decimal("1E-8")
    assert abs(wallet - 100_000 - sum(Decimal(line["income"]) for line in lines)) <= printed


NAMES = (
    "symbol", "side", "type", "quantity", "price", "limit", "startTime", "orderId", "interval", "leverage", "triggerPrice",
    "batchOrders", "algoId", "timeInForce", "amount", "orderIdList", "countdownTime", "fromId",
)  # fmt: skip
VALUES = ("BTCUSDT", "BUY", "LIMIT", "MARKET", "GTC", "1m", "0", "-1", "[1]", "[{}]", '[{"type":1}]')


@settings(max_examples=150, deadline=None)
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    parameters=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=8)),
)
def test_no_request_breaks_an_endpoint(patient: Context, endpoint: Endpoint, parameters: dict[str, str]) -> None:
    """The border never breaks: an answer or a refusal, whatever is sent."""
    query = urlencode({**parameters, "timestamp": patient.server_time})
    query += f"&signature={sign(query, TEST_SECRET)}"
    reply = answer(patient, Request(endpoint.method, endpoint.path, query, "", TEST_KEY, "a", 0))
    assert reply.status in (200, 400)
    json.dumps(reply.body)


def test_batches_are_placed_changed_and_cancelled_element_by_element(context: Context) -> None:
    """EXEC-1: five orders, lists in either spelling; a refused element does not stop the others."""
    price = near(context, "0.97")
    batch = [{**LIMIT, "price": price, "newClientOrderId": f"b{n}", "reduceOnly": False} for n in range(3)]
    batch[1]["quantity"] = "0.0001"
    answers = done(context, "POST", "/v1/batchOrders", batchOrders=json.dumps(batch))
    assert [each.get("code", each.get("status")) for each in answers][::2] == ["NEW", "NEW"]
    assert answers[1]["code"] < 0
    lower = near(context, "0.96")
    changes = [{"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "b0", "quantity": "0.010", "price": lower}]
    assert done(context, "PUT", "/v1/batchOrders", batchOrders=json.dumps(changes))[0]["price"] == lower.ljust(8, "0")
    first = answers[0]["orderId"]
    gone = done(
        context, "DELETE", "/v1/batchOrders", symbol="BTCUSDT", orderIdList=f"[{first}]", origClientOrderIdList='["b2"]'
    )
    assert [each["status"] for each in gone] == ["CANCELED", "CANCELED"]
    assert refusal(context, "DELETE", "/v1/batchOrders", symbol="BTCUSDT", orderIdList=str(list(range(11)))) == (400, -4082)
    assert done(context, "POST", "/v1/order/test", **MARKET) == {}
    assert refusal(context, "GET", "/v1/openOrder", symbol="BTCUSDT", orderId=first) == (400, -2013)


def test_conditional_orders_are_listed_with_their_children(context: Context) -> None:
    """EXEC-1: the query names the order that the trigger made; the plain lists never see the conditional one."""
    trigger = near(context, "0.99")
    made = done(context, "POST", "/v1/algoOrder", **STOP, triggerPrice=trigger, clientAlgoId="stop")
    assert [each["algoId"] for each in done(context, "GET", "/v1/openAlgoOrders", symbol="BTCUSDT")] == [made["algoId"]]
    assert done(context, "GET", "/v1/openOrders") == []
    context.session.set_price("BTCUSDT", Decimal(near(context, "0.98")))
    (found,) = done(context, "GET", "/v1/allAlgoOrders", symbol="BTCUSDT", algoId=made["algoId"])
    assert found["algoStatus"] == "FINISHED"
    child = done(context, "GET", "/v1/order", symbol="BTCUSDT", orderId=found["actualOrderId"])
    assert (child["status"], child["executedQty"]) == ("FILLED", found["actualQty"])
    done(context, "POST", "/v1/algoOrder", **STOP, triggerPrice=near(context, "0.9"))
    done(context, "DELETE", "/v1/algoOpenOrders", symbol="BTCUSDT")
    assert done(context, "GET", "/v1/openAlgoOrders") == []


def test_restrictions_status_and_keys_are_answered(context: Context) -> None:
    """OPS-4: a key that cannot withdraw says so; trading is not restricted; a closed listen key is dead."""
    told_of = answer(context, _signed(context, "GET", "/sapi/v1/account/apiRestrictions")).body
    assert (told_of["enableWithdrawals"], told_of["enableFutures"]) == (False, True)
    assert done(context, "GET", "/v1/apiTradingStatus")["indicators"] == {}
    key = done(context, "POST", "/v1/listenKey")["listenKey"]
    assert done(context, "PUT", "/v1/listenKey") == {"listenKey": key}
    assert done(context, "DELETE", "/v1/listenKey") == {}
    assert not context.listen_keys.alive(0)


def _signed(context: Context, method: str, path: str) -> Request:
    query = f"timestamp={context.server_time}"
    return Request(method, path, f"{query}&signature={sign(query, TEST_SECRET)}", "", TEST_KEY, "a", 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("btcusdt_perpetual@continuousKline_1m", "continuous_kline"), ("btcusdt@depth5@100ms", "depthUpdate"),
     ("btcusdt@miniTicker", "24hrMiniTicker"), ("!bookTicker", "bookTicker")],
)  # fmt: skip
def test_the_other_streams_say_what_they_are(name: str, kind: str, context: Context) -> None:
    """DATA-1: partial books, continuous klines, small tickers, all books."""
    stream = parse(name)
    assert stream is not None
    context.session.emitter.subscribe(stream)
    context.session.advance(context.session.time + 3_000)
    bodies = [json.loads(message.body) for message in told(context)[1]]
    assert {body["e"] for body in bodies} == {kind}
    if kind == "depthUpdate":
        assert {(len(body["b"]), len(body["a"])) for body in bodies} == {(5, 5)}


@settings(max_examples=6, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 15_000), st.sampled_from(["BUY", "SELL"]), st.sampled_from(["0.010", "0.500", "3"])),
        max_size=6,
    )
)
def test_the_same_requests_at_the_same_times_give_the_same_bytes(steps: list[tuple[int, str, str]]) -> None:
    """BT-1: user events and stream messages, whatever else ran in the process."""

    def run() -> list[bytes]:
        context = make_context(UNBOUNDED)
        for name in ("btcusdt@kline_1m", "btcusdt@depth@500ms", "btcusdt@forceOrder", "ethusdt@markPrice@1s"):
            stream = parse(name)
            assert stream is not None
            context.session.emitter.subscribe(stream)
        for ms, side, quantity in steps:
            ask(context, "POST", "/v1/order", symbol="BTCUSDT", side=side, type="MARKET", quantity=quantity)
            context.session.advance(context.session.time + ms)
        return [
            message.body if isinstance(message, MarketMessage) else json.dumps(message.event).encode()
            for message in context.session.take_outbox()
        ]

    first = run()
    assert first == run()
    # An order that names none gets the exchange's own client id: counted, not drawn.
    assert steps or not any(b"ORDER_TRADE_UPDATE" in each for each in first)


def test_a_stream_is_made_only_when_somebody_wants_it(context: Context) -> None:
    """OPS-6: one more subscriber does not make it twice, and the last one to leave ends it."""
    stream = parse("btcusdt@kline_1m")
    assert stream is not None
    emitter = context.session.emitter
    told(context)
    context.session.advance(context.session.time + 2_000)
    assert told(context)[1] == []
    emitter.subscribe(stream)
    emitter.subscribe(stream)
    context.session.advance(context.session.time + 2_000)
    messages = told(context)[1]
    assert len({message.time for message in messages}) == len(messages) > 0
    emitter.unsubscribe(stream)
    emitter.unsubscribe(stream)
    emitter.unsubscribe(stream)
    assert (emitter.subscribed(), emitter.next_due()) == ([], None)


@pytest.mark.parametrize("name", ["!markPrice@arr@1s", "!ticker@arr", "!miniTicker@arr"])
def test_streams_of_all_symbols_come_as_one_list(name: str, context: Context) -> None:
    """DATA-1: every symbol once."""
    stream = parse(name)
    assert stream is not None
    context.session.emitter.subscribe(stream)
    context.session.advance(context.session.time + 1_500)
    bodies = [json.loads(message.body) for message in told(context)[1]]
    assert bodies
    assert all([each["s"] for each in body] == ["BTCUSDT", "ETHUSDT"] for body in bodies)


@pytest.mark.parametrize("path", ["userTrades", "allOrders", "allAlgoOrders", "income", "fundingRate", "aggTrades"])
@pytest.mark.parametrize("limit", ["0", "-1", "1001"])
def test_a_history_refuses_a_limit_outside_its_range(patient: Context, path: str, limit: str) -> None:
    """EXEC-6: -1130; a client that asks for more than there may be must not believe that it has seen everything."""
    assert refusal(patient, "GET", f"/v1/{path}", symbol="BTCUSDT", limit=limit) == (400, -1130)
