"""The WebSocket API as a client sees it that knows no library: listen keys, rate limits, wrong types, other alphabets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from simulator.server.serving import Server
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.bare_client import BareClient, Socket, bare_client
from tests.support.simulator.protocol_server import STEP, a_hand, a_server

API = "/ws-fapi/v1"
#: A symbol that is really traded, in an alphabet that has to be encoded in an address.
CHINESE = "\u5e01\u5b89\u4eba\u751fUSDT"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with a_server(speed=STEP, names=("BTCUSDT", CHINESE)) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BareClient]:
    async with bare_client(server) as client:
        yield client


@pytest.fixture
async def api(client: BareClient) -> Socket:
    return await client.socket(API)


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """The counts by kind and interval."""
    return {f"{row['rateLimitType']} {row['intervalNum']} {row['interval']}": row["count"] for row in answer["rateLimits"]}


async def test_a_listen_key_of_this_api_delivers_user_events(client: BareClient, api: Socket) -> None:
    """EXEC-4: started here, subscribed there, ended here."""
    key = (await api.call("userDataStream.start"))["result"]["listenKey"]
    assert (await api.call("userDataStream.ping"))["result"] == {"listenKey": key}
    user = await client.socket("/private/ws")
    await user.say(method="SUBSCRIBE", params=[key], id=1)
    await client.market()
    assert (await user.heard_until("ACCOUNT_UPDATE"))["a"]["m"] == "ORDER"
    assert (await api.call("userDataStream.stop"))["result"] == {}
    assert (await api.call("userDataStream.ping"))["error"]["code"] == -1125


async def test_every_answer_counts_weight_and_orders(api: Socket) -> None:
    """EXEC-6: also errors and malformed requests; orders where they are counted."""
    price = await api.call("ticker.price", symbol="BTCUSDT")
    assert price["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2_400, "count": 1,
    }  # fmt: skip
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    placed = await api.call("order.place", **order)
    assert placed["status"] == 200
    assert list(counts(placed)) == ["REQUEST_WEIGHT 1 MINUTE", "ORDERS 10 SECOND", "ORDERS 1 MINUTE"]
    assert counts(placed)["ORDERS 1 MINUTE"] == 1
    refused = await api.call("order.place", **{**order, "quantity": "0"})
    assert (refused["status"], counts(refused)["ORDERS 1 MINUTE"]) == (400, 2)
    assert list(counts(await api.say_text("{"))) == ["REQUEST_WEIGHT 1 MINUTE"]


async def test_rate_limits_are_left_out_where_the_request_or_the_address_says_so(client: BareClient, api: Socket) -> None:
    """EXEC-6: returnRateLimits."""
    assert "rateLimits" not in await api.call("ticker.price", symbol="BTCUSDT", returnRateLimits=False)
    hidden = await client.socket(f"{API}?returnRateLimits=false")
    assert "rateLimits" not in await hidden.call("ticker.price", symbol="BTCUSDT")
    assert "rateLimits" not in await hidden.say_text("{")
    assert "rateLimits" in await hidden.call("ticker.price", symbol="BTCUSDT", returnRateLimits=True)


async def test_an_answer_that_a_fault_makes_counts_too(server: Server, api: Socket) -> None:
    """EXEC-6: a client reads its counts from whatever comes."""
    async with a_hand(server) as hand:
        await hand.fault("internal_503", path="/fapi/v1/order", count=1)
        answer = await api.call("order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
    assert (answer["status"], len(answer["rateLimits"])) == (503, 3)


@pytest.mark.parametrize(
    "params",
    [
        {"symbol": ["BTCUSDT"]},
        {"side": {"is": "BUY"}},
        {"type": 5},
        {"quantity": True},
        {"quantity": [0.01]},
        {"quantity": "ten"},
        {"newClientOrderId": {"a": 1}},
        {"reduceOnly": "perhaps"},
        {"timestamp": "now"},
        {"timestamp": [1]},
        {"signature": 5},
        {"apiKey": 5},
        {"recvWindow": {}},
    ],
    ids=str,
)
async def test_an_order_with_a_wrong_type_is_an_error_and_the_connection_lives(api: Socket, params: dict[str, Any]) -> None:
    """EXEC-6: Binance's shape, the request's id, and no order."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "apiKey": "simulator-key"}
    answer = await api.say(id="mine", method="order.place", params={**order, **params})
    assert (answer["id"], set(answer["error"])) == ("mine", {"code", "msg"})
    assert answer["status"] in (400, 401)
    assert answer["error"]["code"] < 0
    assert (await api.call("ticker.price", symbol="BTCUSDT"))["status"] == 200


async def test_a_client_that_leaves_too_many_requests_open_is_cut() -> None:
    """Boundedness: its unanswered requests have an end, like the queue of a stream; another connection goes on."""
    async with a_server(speed=STEP, stream_buffer=10) as server, bare_client(server) as client, a_hand(server) as hand:
        busy, other = await client.socket(API), await client.socket(API)
        await hand.fault("latency", path="/fapi/v2/ticker/price", ms=60_000)
        for number in range(11):
            await busy.send(id=number, method="ticker.price", params={"symbol": "BTCUSDT"})
        assert await busy.cut()
        assert (await other.call("depth", symbol="BTCUSDT"))["status"] == 200


async def test_a_symbol_of_another_alphabet_is_encoded_before_signing_in_rest_and_plain_here(
    server: Server, client: BareClient, api: Socket
) -> None:
    """EXEC-1: both with the right signature; the other way round -1022."""
    order: dict[str, Any] = {"symbol": CHINESE, "side": "BUY", "type": "MARKET", "quantity": "1000"}
    assert (await client.ask("POST", "/fapi/v1/order", **order)).body["symbol"] == CHINESE
    assert (await api.call("order.place", **order))["result"]["symbol"] == CHINESE
    plain = await client.ask("GET", "/fapi/v1/ticker/price", signed=False, symbol=CHINESE)
    assert plain.body["symbol"] == CHINESE
    params = {**order, "apiKey": TEST_KEY, "timestamp": server.context.server_time}
    encoded = sign(urlencode(sorted(params.items())), TEST_SECRET)
    wrong = await api.say(id=1, method="order.place", params={**params, "signature": encoded})
    assert wrong["error"]["code"] == -1022


@pytest.mark.parametrize("form", ["encoded", "subscribed"])
async def test_streams_of_a_symbol_of_another_alphabet(server: Server, client: BareClient, form: str) -> None:
    """DATA-1: percent-encoded in an address, plain in a command."""
    name = f"{CHINESE.lower()}@kline_1m"
    socket = await client.socket(f"/market/ws/{quote(name)}" if form == "encoded" else "/market/ws")
    if form == "subscribed":
        await socket.say(method="SUBSCRIBE", params=[name], id=1)
    async with a_hand(server) as hand:
        await hand.until_sockets(1)
        await hand.advance(60_000)
    assert (await socket.heard())["s"] == CHINESE
