"""Every fault of the vocabulary, one at a time, as a client meets it (EXEC-8's simulator half)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import aiohttp
import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from simulator.server.faults import VOCABULARY, FaultKind
from simulator.server.scenario import Scenario
from simulator.server.serving import Server
from tests.support.simulator.protocol_server import STEP, Hand, a_hand, a_server, python_binance

KLINES = "btcusdt@kline_1m"
DEPTH = "btcusdt@depth@100ms"
#: Seconds until a message must have come; and for which silence must have lasted.
SOON, SILENCE = 10.0, 0.3


@dataclass
class Context:
    """A market that stands until it is moved, a client of it, and plain sockets."""

    server: Server
    client: AsyncClient
    hand: Hand
    http: aiohttp.ClientSession

    async def socket(self, path: str) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(f"{self.server.sockets_url}{path}")

    async def user(self) -> aiohttp.ClientWebSocketResponse:
        key = await self.client.futures_stream_get_listen_key()
        return await self.socket(f"/private/ws?listenKey={key}")

    async def buy(self, name: str = "one", **more: str) -> Any:
        price = Decimal((await self.client.futures_symbol_ticker(symbol="BTCUSDT"))["price"]) * Decimal("0.97")
        return await self.client.futures_create_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010",
            price=str(price.quantize(Decimal("0.1"))), newClientOrderId=name, **more,
        )  # fmt: skip

    async def exists(self, name: str = "one") -> bool:
        try:
            await self.client.futures_get_order(symbol="BTCUSDT", origClientOrderId=name)
        except BinanceAPIException as error:
            if error.code != -2013:
                raise
            return False
        return True


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    async with (
        a_server(speed=STEP) as server,
        a_hand(server) as hand,
        python_binance(server) as (client, _),
        aiohttp.ClientSession() as http,
    ):
        yield Context(server, client, hand, http)


async def heard(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next message."""
    return dict(json.loads(await asyncio.wait_for(socket.receive_str(), SOON)))


async def silent(socket: aiohttp.ClientWebSocketResponse) -> bool:
    """Whether nothing comes for a while."""
    try:
        await asyncio.wait_for(socket.receive(), SILENCE)
    except TimeoutError:
        return True
    return False


async def refused(asked: Awaitable[Any], status: int, code: int) -> BinanceAPIException:
    with pytest.raises(BinanceAPIException) as refusal:
        await asked
    assert (refusal.value.status_code, refusal.value.code) == (status, code)
    return refusal.value


# ---- REST --------------------------------------------------------------------------------------------------------------


async def latency(context: Context) -> None:
    await context.hand.fault("latency", path="/fapi/v1/time", ms=300)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await context.client.futures_time()
    assert loop.time() - began >= 0.29
    began = loop.time()
    await context.client.futures_ping()
    assert loop.time() - began < 0.29


async def timeout_after_accept(context: Context) -> None:
    await context.hand.fault("timeout_after_accept", method="POST", path="/fapi/v1/order")
    context.client.REQUEST_TIMEOUT = 0.3
    with pytest.raises(asyncio.TimeoutError):
        await context.buy()
    assert await context.exists()


async def timeout_before_accept(context: Context) -> None:
    await context.hand.fault("timeout_before_accept", method="POST", path="/fapi/v1/order")
    context.client.REQUEST_TIMEOUT = 0.3
    with pytest.raises(asyncio.TimeoutError):
        await context.buy()
    assert not await context.exists()


async def unknown_503(context: Context) -> None:
    await context.hand.fault("unknown_503", method="POST", count=1)
    error = await refused(context.buy("done"), 503, -1000)
    assert error.message == "Unknown error, please check your request or try again later."
    assert await context.exists("done")
    await context.hand.fault("unknown_503", method="POST", count=1, executed=False)
    await refused(context.buy("lost"), 503, -1000)
    assert not await context.exists("lost")


async def unavailable_503(context: Context) -> None:
    await context.hand.fault("unavailable_503", method="POST")
    assert (await refused(context.buy(), 503, -1001)).message == "Service Unavailable."
    assert not await context.exists()


async def internal_503(context: Context) -> None:
    await context.hand.fault("internal_503", method="POST")
    assert "Internal error; unable to process" in (await refused(context.buy(), 503, -1001)).message
    assert not await context.exists()


async def throttled_503(context: Context) -> None:
    await context.buy()
    await context.hand.fault("throttled_503", path="/fapi/v1/order")
    await refused(context.buy("two"), 503, -1008)
    await context.client.futures_cancel_order(symbol="BTCUSDT", origClientOrderId="one")
    await context.hand.lift()
    assert not await context.exists("two")


async def backend_timeout_408(context: Context) -> None:
    await context.hand.fault("backend_timeout_408", method="POST")
    await refused(context.buy(), 408, -1007)
    assert await context.exists()


async def rate_limited_429(context: Context) -> None:
    await context.hand.fault("rate_limited_429", method="POST", retry_after_s=7)
    error = await refused(context.buy(), 429, -1003)
    assert error.response.headers["Retry-After"] == "7"
    assert not await context.exists()


async def banned_418(context: Context) -> None:
    await context.hand.fault("banned_418", retry_after_s=120)
    error = await refused(context.client.futures_ping(), 418, -1003)
    assert error.response.headers["Retry-After"] == "120"


async def rest_outage(context: Context) -> None:
    socket = await context.socket(f"/market/ws/{KLINES}")
    await context.hand.fault("rest_outage")
    with pytest.raises(aiohttp.ClientError):
        await context.client.futures_ping()
    await context.hand.advance(2_000)
    assert (await heard(socket))["e"] == "kline"  # the streams go on: a partial outage


# ---- sockets and market events -----------------------------------------------------------------------------------------


async def disconnect(context: Context) -> None:
    struck, spared = await context.socket(f"/market/ws/{KLINES}"), await context.socket("/market/ws/ethusdt@kline_1m")
    await context.hand.fault("disconnect", stream="btc*")
    assert (await asyncio.wait_for(struck.receive(), SOON)).type in (
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
        aiohttp.WSMsgType.CLOSE,
    )
    await context.hand.advance(2_000)
    assert (await heard(spared))["s"] == "ETHUSDT"


async def refuse_streams(context: Context) -> None:
    await context.hand.fault("refuse_streams", stream="btc*")
    with pytest.raises(aiohttp.WSServerHandshakeError) as turned_away:
        await context.socket(f"/market/ws/{KLINES}")
    assert turned_away.value.status == 503
    await context.socket("/market/ws/ethusdt@kline_1m")


async def silent_streams(context: Context) -> None:
    struck, spared = await context.socket(f"/market/ws/{KLINES}"), await context.socket("/market/ws/ethusdt@kline_1m")
    await context.hand.fault("silent_streams", stream=KLINES)
    await context.hand.advance(5_000)
    assert (await heard(spared))["e"] == "kline"
    assert await silent(struck)
    await context.hand.lift()
    await context.hand.advance(5_000)
    assert (await heard(struck))["e"] == "kline"


async def lost_market_events(context: Context) -> None:
    socket = await context.socket(f"/public/ws/{DEPTH}")
    await context.hand.advance(200)
    await context.hand.fault("lost_market_events", stream=DEPTH, count=1)
    await context.hand.advance(300)
    events = [await heard(socket) for _ in range(4)]
    gaps = [before["u"] != after["pu"] for before, after in pairwise(events)]
    assert gaps.count(True) == 1


async def duplicate_market_events(context: Context) -> None:
    socket = await context.socket(f"/public/ws/{DEPTH}")
    await context.hand.fault("duplicate_market_events", stream=DEPTH)
    await context.hand.advance(200)
    first, second = await heard(socket), await heard(socket)
    assert first == second


# ---- user events, keys, time, price ------------------------------------------------------------------------------------


async def orders_heard(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[str]:
    """Client ids of the next order events."""
    return [(await heard(socket))["o"]["c"] for _ in range(count)]


async def duplicate_user_events(context: Context) -> None:
    user = await context.user()
    await context.hand.fault("duplicate_user_events", stream="ORDER_TRADE_UPDATE")
    await context.buy()
    assert await heard(user) == await heard(user)


async def reorder_user_events(context: Context) -> None:
    user = await context.user()
    await context.hand.fault("reorder_user_events", ms=200)
    await context.buy("one")
    await context.buy("two")
    assert await orders_heard(user, 2) == ["two", "one"]


async def late_user_events(context: Context) -> None:
    user = await context.user()
    await context.hand.fault("late_user_events", ms=400)
    await context.buy()
    assert await silent(user)
    assert await orders_heard(user, 1) == ["one"]


async def lost_user_events(context: Context) -> None:
    user = await context.user()
    await context.hand.fault("lost_user_events", count=1)
    await context.buy("one")
    await context.buy("two")
    assert await orders_heard(user, 1) == ["two"]


async def expire_listen_key(context: Context) -> None:
    user = await context.user()
    await context.hand.fault("expire_listen_key")
    assert (await heard(user))["e"] == "listenKeyExpired"
    await context.buy()
    assert await silent(user)
    assert not user.closed
    await refused(context.client.futures_stream_keepalive("any"), 400, -1125)
    again = await context.user()
    await context.buy("two")
    assert await orders_heard(again, 1) == ["two"]


async def clock_skew(context: Context) -> None:
    before = (await context.client.futures_time())["serverTime"]
    fault = await context.hand.fault("clock_skew", ms=-30_000)
    assert (await context.client.futures_time())["serverTime"] == before - 30_000
    await context.hand.ask("DELETE", f"faults/{fault}")
    assert (await context.client.futures_time())["serverTime"] == before


async def price_spike(context: Context) -> None:
    price = Decimal((await context.client.futures_symbol_ticker(symbol="BTCUSDT"))["price"])
    await context.hand.fault("price_spike", symbol="BTCUSDT", percent=-10, lasts_ms=3_000)
    struck = Decimal((await context.client.futures_symbol_ticker(symbol="BTCUSDT"))["price"])
    assert struck / price == pytest.approx(Decimal("0.9"), rel=Decimal("0.001"))
    await context.hand.advance(3_000)
    after = Decimal((await context.client.futures_symbol_ticker(symbol="BTCUSDT"))["price"])
    assert after / price == pytest.approx(Decimal(1), rel=Decimal("0.01"))
    low = min(Decimal(row[3]) for row in await context.client.futures_klines(symbol="BTCUSDT", interval="1m", limit=2))
    assert low <= struck


CASES: dict[str, Callable[[Context], Awaitable[None]]] = {
    case.__name__: case
    for case in (
        latency, timeout_after_accept, timeout_before_accept, unknown_503, unavailable_503, internal_503, throttled_503,
        backend_timeout_408, rate_limited_429, banned_418, rest_outage, disconnect, refuse_streams, silent_streams,
        lost_market_events, duplicate_market_events, duplicate_user_events, reorder_user_events, late_user_events,
        lost_user_events, expire_listen_key, clock_skew, price_spike,
    )
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
async def test_a_client_meets_the_fault(kind: str, context: Context) -> None:
    """EXEC-6: what the fault does is what a client sees, and it is gone when it is lifted."""
    await CASES[kind](context)
    await context.hand.lift()
    assert (await context.hand.ask("GET", "faults"))["set"] == []
    assert sum(each["hits"] for each in (await context.hand.ask("GET", "faults"))["over"] if each["kind"] == kind) >= 1
    context.client.REQUEST_TIMEOUT = SOON
    await context.client.futures_ping()


def test_every_fault_of_the_vocabulary_is_tried() -> None:
    """A fault without a case would be a promise that nobody checks."""
    assert set(CASES) == set(get_args(FaultKind)) == set(VOCABULARY)


async def test_a_skewed_clock_refuses_timestamps() -> None:
    """EXEC-6: -1021 when the server's clock goes 30 s wrong under a client that measured its offset before."""
    async with a_server() as server, a_hand(server) as hand, python_binance(server) as (client, _):
        await hand.fault("clock_skew", ms=30_000)
        await refused(client.futures_account_balance(), 400, -1021)
        client.timestamp_offset += 30_000
        await client.futures_account_balance()


async def test_a_scenario_sets_and_lifts_at_its_times(context: Context) -> None:
    """OPS-9: faults at set times of the market's clock, the same on every run."""
    del context
    scenario = Scenario.model_validate(
        {
            "steps": [
                {"at_s": 5, "price": {"symbol": "BTCUSDT", "price": "50000"}},
                {"at_s": 2, "fault": {"kind": "silent_streams", "stream": KLINES, "lasts_ms": 1_000}},
            ]
        }
    )
    async with a_server(speed=STEP, scenario=scenario) as server, a_hand(server) as hand:
        await hand.advance(2_500)
        assert [each["kind"] for each in (await hand.ask("GET", "faults"))["set"]] == ["silent_streams"]
        await hand.advance(1_000)
        assert (await hand.ask("GET", "faults"))["set"] == []
        await hand.advance(2_000)
        assert Decimal((await hand.ask("GET", "state"))["symbols"]["BTCUSDT"]["last"]) < 60_000


async def test_unknown_fault_symbol_or_page_is_refused_with_the_reason(context: Context) -> None:
    """EXEC-6: a fault that does not exist, a symbol that is not traded, a page that is not there."""
    for page, body, status, word in (
        ("faults", {"kind": "earthquake"}, 400, "kind"),
        ("faults", {"kind": "price_spike", "symbol": "XYZUSDT"}, 400, "XYZUSDT"),
        ("price", {"symbol": "XYZUSDT", "price": "1"}, 404, "XYZUSDT"),
        ("nothing", {}, 404, "/sim/nothing"),
    ):
        async with context.http.post(f"{context.server.url}/sim/{page}", json=body) as answer:
            assert answer.status == status
            assert word in (await answer.json())["error"]
