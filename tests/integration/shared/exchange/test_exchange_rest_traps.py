"""Every REST trap of python-binance and of the exchange, met on a real socket; without its handling each test fails."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from binance.async_client import AsyncClient

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.errors import RULES, BadAnswer, ExchangeError
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Refused, Uncertain
from shared.store.memory import MemoryStore
from tests.support.exchange.stub import KEY, SECRET, Answer, ExchangeStub, adapter, settings, stub_exchange

ORDER = "POST /fapi/v1/order"
ALGO = "POST /fapi/v1/algoOrder"
PLACED = {
    "orderId": 7, "symbol": "BTCUSDT", "status": "FILLED", "clientOrderId": "ict-1", "price": "0", "origQty": "0.001",
    "executedQty": "0.001", "cumQty": "0.001", "timeInForce": "GTC", "type": "MARKET", "origType": "MARKET",
    "reduceOnly": False,
    "closePosition": False, "side": "BUY", "positionSide": "BOTH", "stopPrice": "0", "workingType": "CONTRACT_PRICE",
    "priceProtect": False, "updateTime": 1_700_000_000_000,
}  # fmt: skip
ALGO_PLACED = {
    "algoId": 9, "clientAlgoId": "ict-2", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET", "symbol": "BTCUSDT",
    "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0", "algoStatus": "NEW",
    "triggerPrice": "90000",
    "price": "0", "workingType": "CONTRACT_PRICE", "closePosition": True, "priceProtect": False, "reduceOnly": False,
    "createTime": 1_700_000_000_000, "updateTime": 1_700_000_000_000,
}  # fmt: skip
MARKET = NewOrder(client_id="ict-1", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.001"))
STOP = NewOrder(
    client_id="ict-2", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", trigger=Decimal(90_000), close_position=True
)


def refusal_of(code: int, message: str) -> Refused:
    """The refusal that the table's row of a code makes of the exchange's answer."""
    rule = RULES[code]
    return Refused(code=code, message=message, action=rule.action, sentence=rule.sentence)


@pytest.fixture
async def stub() -> AsyncIterator[ExchangeStub]:
    async with stub_exchange() as stub:
        yield stub


async def test_conditional_orders_keep_their_client_id(stub: ExchangeStub) -> None:
    """EXEC-1, EXEC-2: python-binance reroutes conditional orders and drops the id by which they must be found again."""
    stub.say(ALGO, ALGO_PLACED)
    async with adapter(stub) as exchange:
        outcome = await exchange.place(STOP)
    assert isinstance(outcome, Accepted)
    sent = stub.calls(ALGO)[0].params
    assert sent["clientAlgoId"] == "ict-2"
    assert (sent["triggerPrice"], sent["closePosition"], sent["algoType"]) == ("90000", "true", "CONDITIONAL")
    assert "quantity" not in sent


async def test_python_binance_still_drops_it(stub: ExchangeStub) -> None:
    """The specimen: when python-binance is mended, this says so, and the detour can go."""
    stub.say(ALGO, ALGO_PLACED)
    client = AsyncClient(KEY, SECRET)
    client.FUTURES_URL = f"{stub.url}/fapi"
    await client.futures_create_order(
        symbol="BTCUSDT", side="SELL", type="TRAILING_STOP_MARKET", quantity="1", callbackRate="1", activationPrice="5",
        newClientOrderId="ict-2",
    )  # fmt: skip
    await client.close_connection()
    sent = stub.calls(ALGO)[0].params
    assert sent["clientAlgoId"] != "ict-2"
    assert "activatePrice" not in sent


async def test_trailing_stops_name_their_activation_as_the_endpoint_does(stub: ExchangeStub) -> None:
    """EXEC-1: the algo endpoint reads ``activatePrice``; ``activationPrice`` would be ignored, and the stop live at once."""
    stub.say(ALGO, {**ALGO_PLACED, "orderType": "TRAILING_STOP_MARKET"})
    async with adapter(stub) as exchange:
        trailing = NewOrder(
            client_id="ict-3", symbol="BTCUSDT", side="SELL", type="TRAILING_STOP_MARKET", quantity=Decimal("0.001"),
            reduce_only=True, activation=Decimal("101000.10"), callback_rate=Decimal("1.0"),
        )  # fmt: skip
        assert isinstance(await exchange.place(trailing), Accepted)
    sent = stub.calls(ALGO)[0].params
    assert (sent["activatePrice"], sent["callbackRate"]) == ("101000.1", "1")


async def test_answers_to_placing_have_no_average_price(stub: ExchangeStub) -> None:
    """EXEC-4: since July 2026 the answer to a filled market order lacks avgPrice: None, never zero; the question has it."""
    stub.say(ORDER, PLACED)
    stub.say("GET /fapi/v1/order", {**PLACED, "avgPrice": "100500.50", "cumQuote": "100.5005", "time": 1})
    async with adapter(stub) as exchange:
        outcome = await exchange.place(MARKET)
        assert isinstance(outcome, Accepted)
        assert outcome.order is not None
        assert (outcome.order.status, outcome.order.average_price) == ("FILLED", None)
        asked = await exchange.order(MARKET.ref)
    assert asked is not None
    assert asked.average_price == Decimal("100500.50")


@pytest.mark.parametrize(
    ("quantity", "text"), [("0.00001", "0.00001"), ("1E+2", "100"), ("0.10000000", "0.1"), ("1E-7", "0.0000001")]
)
async def test_numbers_leave_as_plain_decimals(stub: ExchangeStub, quantity: str, text: str) -> None:
    """EXEC-1: str() of a small float is 1e-05, which the exchange refuses or misreads."""
    stub.say(ORDER, PLACED)
    async with adapter(stub) as exchange:
        order = NewOrder(client_id="ict-1", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal(quantity))
        await exchange.place(order)
    assert stub.calls(ORDER)[0].params["quantity"] == text


async def test_ids_that_do_not_survive_signing_are_refused_here(stub: ExchangeStub) -> None:
    """EXEC-2: the exchange takes ``:`` and ``/``, python-binance signs them wrongly (-1022): they never leave."""
    async with adapter(stub) as exchange:
        bad = NewOrder(client_id="ict:1/entry", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal(1))
        outcome = await exchange.place(bad)
    assert isinstance(outcome, Refused)
    assert outcome.code == -4015
    assert stub.calls(ORDER) == []


async def test_clock_is_the_exchanges_futures_clock(stub: ExchangeStub) -> None:
    """EXEC-6: python-binance takes its offset from the spot clock, once; ours is measured where orders are judged."""
    stub.clock_ahead_ms = 90_000
    stub.say(ORDER, PLACED)
    async with adapter(stub) as exchange:
        await exchange.place(MARKET)
        assert abs(exchange.now() - int(stub.calls(ORDER)[0].params["timestamp"])) < 5_000
        behind = int(stub.calls(ORDER)[0].params["timestamp"]) - int(asyncio.get_running_loop().time())
        assert behind > 0
    assert stub.calls("GET /api/v3/time") == []


async def test_a_stale_clock_is_measured_anew_and_the_order_sent_again(stub: ExchangeStub) -> None:
    """EXEC-6: -1021 says that nothing happened; what was wrong is the offset."""
    stub.say(ORDER, Answer({"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}, 400), PLACED)
    async with adapter(stub) as exchange:
        before = len(stub.calls("GET /fapi/v1/time"))
        stub.clock_ahead_ms = -7_000
        assert isinstance(await exchange.place(MARKET), Accepted)
        first, second = (int(seen.params["timestamp"]) for seen in stub.calls(ORDER))
        assert len(stub.calls("GET /fapi/v1/time")) > before
        assert second < first - 5_000


async def test_clock_is_refreshed_while_it_runs(stub: ExchangeStub) -> None:
    """EXEC-6: an offset that is measured once goes stale."""
    async with adapter(stub, clock_refresh_s=0.05) as exchange:
        stub.clock_ahead_ms = 60_000
        before = exchange.now()
        async with asyncio.timeout(30):
            while exchange.now() - before < 30_000:  # noqa: ASYNC110  the clock has no event
                await asyncio.sleep(0.01)


async def test_recv_window_is_the_configured_one(stub: ExchangeStub) -> None:
    """EXEC-2: python-binance overrides every call's recvWindow with 10 s; a small one bounds how long an outcome is open."""
    stub.say(ORDER, PLACED)
    async with adapter(stub, recv_window_ms=1_500) as exchange:
        await exchange.place(MARKET)
    assert stub.calls(ORDER)[0].params["recvWindow"] == "1500"


async def test_a_timeout_is_unknown_and_not_sent_again(stub: ExchangeStub) -> None:
    """EXEC-2, invariant 7: python-binance raises a bare TimeoutError without a word; a blind resend could fill twice."""
    stub.say(ORDER, Answer(PLACED, after=5.0))
    async with adapter(stub, request_timeout_s=0.2) as exchange:
        before = exchange.now()
        outcome = await exchange.place(MARKET)
    assert isinstance(outcome, Uncertain)
    assert outcome.doubt == "timeout"
    assert before + 1_400 <= outcome.until <= before + 2_500
    assert len(stub.calls(ORDER)) == 1


async def test_a_cut_connection_is_unknown_and_not_sent_again(stub: ExchangeStub) -> None:
    """EXEC-2: the request may have arrived before the line broke."""
    stub.say(ORDER, Answer(drop=True))
    async with adapter(stub) as exchange:
        outcome = await exchange.place(MARKET)
    assert isinstance(outcome, Uncertain)
    assert outcome.doubt == "connection"
    assert len(stub.calls(ORDER)) == 1


async def test_no_connection_means_that_nothing_happened(stub: ExchangeStub) -> None:
    """EXEC-2: a request that cannot leave is refused after its attempts, not unknown."""
    exchange = BinanceExchange("demo", settings(stub, rest_url="http://127.0.0.1:9"), None)
    outcome = await exchange.place(MARKET)
    assert isinstance(outcome, Refused)
    assert "cannot connect" in outcome.message
    assert not exchange.healthy()
    await exchange.close()


UNAVAILABLE = {"code": 0, "msg": "Service Unavailable."}


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (
            Answer({"code": -1000, "msg": "Unknown error, please check your request or try again later."}, 503),
            "status_unknown",
        ),
        (
            Answer("Unknown error, please check your request or try again later.", 503, content_type="text/html"),
            "status_unknown",
        ),
        (Answer({"code": -1007, "msg": "Timeout waiting for response from backend server."}, 408), "status_unknown"),
        (Answer("", 408, content_type="text/plain"), "status_unknown"),
        (Answer({"code": -1006, "msg": "An unexpected response was received."}, 400), "status_unknown"),
        (Answer("<html>502 Bad Gateway</html>", 502, content_type="text/html"), "status_unknown"),
        (Answer({"code": -4116, "msg": "ClientOrderId is duplicated."}, 400), "known_id"),
        (Answer("not json"), "unreadable"),
        (Answer({"orderId": 7}), "unreadable"),
        (Answer({**PLACED, "status": "SLEEPING"}), "unreadable"),
    ],
    ids=[
        "503a",
        "503a as text",
        "408 with code",
        "408 bare",
        "-1006",
        "502",
        "-4116",
        "no json",
        "fields missing",
        "status",
    ],
)
async def test_answers_that_leave_the_outcome_open(stub: ExchangeStub, answer: Answer, doubt: str) -> None:
    """EXEC-2, EXEC-6: none of these is a failure, and none is a reason to send again."""
    stub.say(ORDER, answer)
    async with adapter(stub) as exchange:
        outcome = await exchange.place(MARKET)
    assert isinstance(outcome, Uncertain), outcome
    assert outcome.doubt == doubt
    assert len(stub.calls(ORDER)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(UNAVAILABLE, 503),
        Answer({"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}, 503),
        Answer({"code": -1008, "msg": "Server is currently overloaded with other requests."}, 503),
        Answer({"code": -5028, "msg": "ME recvWindow reject."}, 400),
    ],
    ids=["503b", "503c", "503d", "-5028"],
)
async def test_answers_that_say_nothing_happened_are_tried_again(stub: ExchangeStub, answer: Answer) -> None:
    """EXEC-6: the exchange says so itself; the fifth attempt is the last."""
    stub.say(ORDER, answer, PLACED)
    async with adapter(stub) as exchange:
        assert isinstance(await exchange.place(MARKET), Accepted)
        stub.seen.clear()
        stub.say(ORDER, answer)
        assert isinstance(await exchange.place(MARKET), Refused)
    assert len(stub.calls(ORDER)) == 5


@pytest.mark.parametrize("code", [-2010, -2019, -2021, -2022, -4014, -4164, -5021, -5022, -2015])
async def test_refusals_are_final_and_keep_their_code(stub: ExchangeStub, code: int) -> None:
    """EXEC-6: what the exchange refuses is not tried again; class and sentence come along."""
    stub.say(ORDER, Answer({"code": code, "msg": "no"}, 400))
    async with adapter(stub) as exchange:
        outcome = await exchange.place(MARKET)
    assert outcome == refusal_of(code, "no")
    assert len(stub.calls(ORDER)) == 1


async def test_429_silences_every_process_until_it_is_over(stub: ExchangeStub) -> None:
    """EXEC-6: who goes on after 429 is banned; the pause holds for all who share the store."""
    store = MemoryStore()
    await store.start()
    stub.say(
        "GET /fapi/v3/balance",
        Answer({"code": -1003, "msg": "Too many requests."}, 429, {"Retry-After": "1"}),
        [],
    )
    stub.say("GET /fapi/v3/account", Answer({}, 500))
    async with (
        adapter(stub, store) as one,
        adapter(stub, store, read_attempts=1, limiter={"read_wait_s": 0.2, "order_wait_s": 0.2}) as two,
    ):
        asking = asyncio.create_task(one.balances())
        async with asyncio.timeout(30):
            while one._rest._limiter.usage.closed_until == 0:  # noqa: ASYNC110  a value, not an event
                await asyncio.sleep(0.005)
        with pytest.raises(ExchangeError, match="rate limits"):
            await two.balances()
        assert len(stub.calls("GET /fapi/v3/balance")) == 1
        assert await asking == ()
    assert len(stub.calls("GET /fapi/v3/balance")) == 2


async def test_418_and_403_stop_at_once(stub: ExchangeStub) -> None:
    """EXEC-6: a ban ends by itself and the firewall lets go; until then nothing is tried again."""
    async with adapter(stub, limiter={"read_wait_s": 0.1}) as exchange:
        stub.say("GET /fapi/v3/balance", Answer("<html>Forbidden</html>", 403, content_type="text/html"))
        with pytest.raises(ExchangeError) as refused:
            await exchange.balances()
        assert refused.value.action == "refuse"
        stub.say(
            "GET /fapi/v3/balance",
            Answer({"code": -1003, "msg": "Way too much request weight; IP banned."}, 418, {"Retry-After": "120"}),
        )
        with pytest.raises(ExchangeError) as banned:
            await exchange.balances()
        assert (banned.value.action, banned.value.retry_after) == ("refuse", 120.0)
        with pytest.raises(ExchangeError, match="rate limits"):
            await exchange.balances()
    assert len(stub.calls("GET /fapi/v3/balance")) == 2


async def test_reads_are_repeated_and_give_up_with_a_reason(stub: ExchangeStub) -> None:
    """EXEC-6: a question may be asked again; it fails with what the exchange said last."""
    stub.say("GET /fapi/v3/balance", Answer(drop=True), Answer({"code": -1000, "msg": "?"}, 503), [])
    async with adapter(stub) as exchange:
        assert await exchange.balances() == ()
        stub.say("GET /fapi/v3/balance", Answer({"code": -1001, "msg": "Internal error"}, 503))
        with pytest.raises(ExchangeError, match="Internal error"):
            await exchange.balances()
    assert len(stub.calls("GET /fapi/v3/balance")) == 3 + 4


async def test_a_bad_answer_names_the_field(stub: ExchangeStub) -> None:
    """OPS-7: a mandatory field that is missing is said by name, and the question is not hammered."""
    stub.say("GET /fapi/v3/balance", [{"asset": "USDT", "crossWalletBalance": "1"}])
    async with adapter(stub) as exchange:
        with pytest.raises(BadAnswer, match="balance"):
            await exchange.balances()
    assert len(stub.calls("GET /fapi/v3/balance")) == 1


async def test_both_books_are_read_and_cleared(stub: ExchangeStub) -> None:
    """EXEC-4: plain open orders never show conditional ones."""
    stub.say("GET /fapi/v1/openOrders", [PLACED])
    stub.say("GET /fapi/v1/openAlgoOrders", [ALGO_PLACED])
    stub.say("DELETE /fapi/v1/allOpenOrders", {"code": 200, "msg": "done"})
    stub.say("DELETE /fapi/v1/algoOpenOrders", {"code": 200, "msg": "done"})
    async with adapter(stub) as exchange:
        assert {order.book for order in await exchange.open_orders("BTCUSDT")} == {"plain", "algo"}
        await exchange.cancel_all("BTCUSDT")
        stub.say("DELETE /fapi/v1/algoOpenOrders", Answer({"code": -2015, "msg": "no"}, 401))
        with pytest.raises(ExchangeError):
            await exchange.cancel_all("BTCUSDT")
    assert len(stub.calls("DELETE /fapi/v1/algoOpenOrders")) == 2


async def test_a_batch_is_signed_as_it_is_sent_and_answered_one_by_one(stub: ExchangeStub) -> None:
    """EXEC-1: python-binance encodes forms after signing; the stub checks the signature over the raw body."""
    stub.say(
        "POST /fapi/v1/batchOrders",
        [PLACED, {"code": -2019, "msg": "Margin is insufficient."}, {"code": -1007, "msg": "Timeout"}],
    )
    stub.say(ALGO, ALGO_PLACED)
    small = [
        NewOrder(client_id=f"ict-{n}", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.001"))
        for n in range(3)
    ]
    async with adapter(stub) as exchange:
        one, two, three, four = await exchange.place_batch([*small, STOP])
    assert isinstance(one, Accepted)
    assert two == refusal_of(-2019, "Margin is insufficient.")
    assert isinstance(three, Uncertain)
    assert isinstance(four, Accepted)
    assert [seen.call for seen in stub.seen if seen.call.startswith("POST")] == [ALGO, "POST /fapi/v1/batchOrders"]


async def test_closing_leaves_no_socket(stub: ExchangeStub) -> None:
    """OPS-9: python-binance's close leaves its futures WebSocket and, on an error in create, its session."""
    stub.say("GET /fapi/v3/balance", [])
    async with adapter(stub) as exchange:
        await exchange.balances()
        client = exchange._rest._client
    assert client.session.closed
    assert client.ws_future.ws is None


async def test_no_such_order_is_none_and_not_an_error(stub: ExchangeStub) -> None:
    """EXEC-2: "no such order" is an answer; when it is conclusive is the outcome protocol's business."""
    stub.say("GET /fapi/v1/order", Answer({"code": -2013, "msg": "Order does not exist."}, 400))
    async with adapter(stub) as exchange:
        assert await exchange.order(OrderRef(symbol="BTCUSDT", client_id="ict-1")) is None


async def test_settings_that_are_so_already_are_done(stub: ExchangeStub) -> None:
    """RISK-5: "no need to change" is what was wanted."""
    stub.say("POST /fapi/v1/marginType", Answer({"code": -4046, "msg": "No need to change margin type."}, 400))
    stub.say("POST /fapi/v1/positionSide/dual", Answer({"code": -4068, "msg": "Position side cannot be changed."}, 400))
    async with adapter(stub) as exchange:
        await exchange.set_margin_type("BTCUSDT", "cross")
        with pytest.raises(ExchangeError):
            await exchange.set_hedge_mode(True)


async def test_an_order_that_the_limits_hold_back_is_refused_not_late(stub: ExchangeStub) -> None:
    """EXEC-6: an order that waited for a minute is not the order that was decided; protection still passes."""
    stub.clock_ahead_ms = (
        1_000 - int(time.time() * 1000) % 10_000
    )  # the exchange counts anew every ten seconds: not meanwhile
    stub.say(ORDER, PLACED)
    stub.say(ALGO, Answer(ALGO_PLACED, headers={"X-MBX-ORDER-COUNT-10S": "280", "X-MBX-ORDER-COUNT-1M": "280"}))
    async with adapter(stub, limiter={"order_wait_s": 0.05}) as exchange:
        await exchange.place(STOP)
        outcome = await exchange.place(MARKET)
        assert isinstance(outcome, Refused)
        assert outcome.code == -1015
        assert isinstance(await exchange.place(STOP), Accepted)
    assert stub.calls(ORDER) == []


EXISTS = Answer(
    {"code": -4130, "msg": "An open stop or take profit order with GTE and closePosition in the direction is existing."}, 400
)
THEIRS = {**ALGO_PLACED, "algoId": 77, "clientAlgoId": "app-1", "triggerPrice": "88000"}
OPEN_ALGOS = "GET /fapi/v1/openAlgoOrders"


async def test_a_stop_that_stands_already_is_found(stub: ExchangeStub) -> None:
    """EXEC-3: -4130 says that the position is protected; by which order, and at which price, is asked for."""
    stub.say(ALGO, EXISTS)
    target = {**THEIRS, "algoId": 76, "clientAlgoId": "app-0", "orderType": "TAKE_PROFIT_MARKET", "triggerPrice": "120000"}
    other_side = {**THEIRS, "algoId": 75, "clientAlgoId": "app-2", "side": "BUY"}
    stub.say(OPEN_ALGOS, [target, other_side, THEIRS])
    async with adapter(stub) as exchange:
        outcome = await exchange.place(STOP)
    assert isinstance(outcome, Accepted)
    assert outcome.order is not None
    assert outcome.stood
    assert (outcome.order.id, outcome.order.client_id, outcome.order.trigger) == (77, "app-1", Decimal(88_000))
    assert len(stub.calls(ALGO)) == 1


async def test_a_stop_that_stood_and_is_gone_is_a_refusal(stub: ExchangeStub) -> None:
    """EXEC-3: nothing protects any more, so the caller places its own again."""
    stub.say(ALGO, EXISTS)
    stub.say(OPEN_ALGOS, [])
    async with adapter(stub) as exchange:
        outcome = await exchange.place(STOP)
    assert isinstance(outcome, Refused)
    assert outcome.code == -4130


async def test_a_standing_stop_that_cannot_be_asked_for_stays_open(stub: ExchangeStub) -> None:
    """EXEC-2: neither accepted nor refused; the outcome protocol goes on asking."""
    stub.say(ALGO, EXISTS)
    stub.say(OPEN_ALGOS, Answer({"code": -1001, "msg": "Internal error"}, 500))
    async with adapter(stub) as exchange:
        assert isinstance(await exchange.place(STOP), Uncertain)


async def test_a_new_code_of_the_exchange_leaves_an_order_in_doubt_and_keeps_its_text(stub: ExchangeStub) -> None:
    """EXEC-2, EXEC-6: nobody knows whether the order was carried out; it is asked for, and never sent again at once."""
    stub.say(ORDER, Answer({"code": -9999, "msg": "A rule of next year."}, 400))
    async with adapter(stub) as exchange:
        outcome = await exchange.place(MARKET)
    assert isinstance(outcome, Uncertain)
    assert outcome.doubt == "unnamed"
    assert "A rule of next year." in outcome.message
    assert len(stub.calls(ORDER)) == 1


async def test_a_new_code_of_the_exchange_refuses_any_other_call(stub: ExchangeStub) -> None:
    """EXEC-6: with the exchange's text, and once."""
    stub.say("GET /fapi/v3/balance", Answer({"code": -9999, "msg": "A rule of next year."}, 400))
    async with adapter(stub) as exchange:
        with pytest.raises(ExchangeError, match=r"A rule of next year\.") as refused:
            await exchange.balances()
    assert refused.value.action == "refuse"
    assert len(stub.calls("GET /fapi/v3/balance")) == 1


async def test_no_such_order_is_asked_once(stub: ExchangeStub) -> None:
    """EXEC-6: it is an answer; asking it again costs weight and says the same."""
    stub.say("GET /fapi/v1/order", Answer({"code": -2013, "msg": "Order does not exist."}, 400))
    async with adapter(stub) as exchange:
        assert await exchange.order(MARKET.ref) is None
    assert len(stub.calls("GET /fapi/v1/order")) == 1


async def test_a_cancel_of_an_order_that_is_not_open_is_refused_at_once(stub: ExchangeStub) -> None:
    """EXEC-2: the call itself is certain; how the order ended is for the caller to ask."""
    stub.say("DELETE /fapi/v1/order", Answer({"code": -2011, "msg": "Unknown order sent."}, 400))
    async with adapter(stub) as exchange:
        outcome = await exchange.cancel(MARKET.ref)
    assert isinstance(outcome, Refused)
    assert outcome.code == -2011


@pytest.mark.parametrize(("call", "ask"), [
    ("GET /fapi/v3/account", lambda exchange: exchange.account()),
    ("DELETE /fapi/v1/order", lambda exchange: exchange.cancel(OrderRef(symbol="BTCUSDT", client_id="one"))),
    ("PUT /fapi/v1/listenKey", lambda exchange: exchange._keep_key()),
])  # fmt: skip
async def test_a_request_whose_connection_is_cut_is_sent_once(stub: ExchangeStub, call: str, ask: Any) -> None:
    """aiohttp repeats GET, PUT and DELETE by itself when a connection breaks: unseen, uncounted by our limiter, and
    without asking what became of the first. Whoever repeats a request must be us."""
    stub.say(call, Answer(drop=True))
    stub.say("GET /fapi/v1/order", {"code": -2013, "msg": "Order does not exist."})
    async with adapter(stub, read_attempts=1) as exchange:
        with contextlib.suppress(ExchangeError):
            await ask(exchange)
    assert len(stub.calls(call)) == 1
