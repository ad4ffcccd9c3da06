"""Faults of REST requests, one at a time, as a bare client meets them."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.support.simulator.bare_client import Answer
from tests.support.simulator.fault_scene import FaultScene, fault_scene
from tests.support.simulator.fault_specimens import specimen_of

ORDER = "/fapi/v1/order"


def told(answer: Answer) -> tuple[int, int, Any]:
    """Status, code and text of an error."""
    return answer.status, answer.code, answer.body["msg"]


@specimen_of("latency")
async def test_latency_delays_requests_of_its_path_alone(scene: FaultScene) -> None:
    """EXEC-6: half before, half after the exchange has done it; two latencies add up."""
    loop = asyncio.get_running_loop()

    async def took(path: str) -> float:
        began = loop.time()
        await scene.client.get(path, signed=False)
        return loop.time() - began

    await scene.hand.fault("latency", path="/fapi/v1/time", ms=300)
    assert await took("/fapi/v1/time") >= 0.29
    assert await took("/fapi/v1/ping") < 0.29
    await scene.hand.fault("latency", path="/fapi/v1/*", ms=100)
    assert await took("/fapi/v1/time") >= 0.39


@specimen_of("timeout_after_accept")
async def test_an_order_without_an_answer_stands(scene: FaultScene) -> None:
    """EXEC-6: the request was carried out and nothing said so."""
    await scene.hand.fault("timeout_after_accept", method="POST", path=ORDER, nth=2, count=1)
    assert (await scene.client.rest_limit("first")).status == 200
    scene.client.patience = 0.3
    with pytest.raises(TimeoutError):
        await scene.client.rest_limit("second")
    assert (await scene.client.rest_limit("third")).status == 200
    assert [await scene.client.exists(name) for name in ("first", "second", "third")] == [True, True, True]


@specimen_of("timeout_before_accept")
async def test_an_order_without_an_answer_never_arrived(scene: FaultScene) -> None:
    """EXEC-6: the other half of an unknown outcome; aimed at the second order."""
    await scene.hand.fault("timeout_before_accept", method="POST", path=ORDER, nth=2, count=1)
    assert (await scene.client.rest_limit("first")).status == 200
    scene.client.patience = 0.3
    with pytest.raises(TimeoutError):
        await scene.client.rest_limit("second")
    assert (await scene.client.rest_limit("third")).status == 200
    assert [await scene.client.exists(name) for name in ("first", "second", "third")] == [True, False, True]


@specimen_of("unknown_503")
async def test_unknown_error_says_nothing_about_the_order(scene: FaultScene) -> None:
    """EXEC-6: the same answer whether it was carried out or not."""
    await scene.hand.fault("unknown_503", method="POST", count=1)
    await scene.hand.fault("unknown_503", method="POST", nth=2, count=1, executed=False)
    text = "Unknown error, please check your request or try again later."
    assert told(await scene.client.rest_limit("done")) == (503, -1000, text)
    assert told(await scene.client.rest_limit("lost")) == (503, -1000, text)
    assert [await scene.client.exists(name) for name in ("done", "lost")] == [True, False]


@specimen_of("unavailable_503", "internal_503")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("unavailable_503", "Service Unavailable."),
        ("internal_503", "Internal error; unable to process your request. Please try again."),
    ],
)
async def test_503_that_was_not_carried_out(scene: FaultScene, kind: str, text: str) -> None:
    """EXEC-6: the failures that are certain."""
    await scene.hand.fault(kind, method="POST")
    assert told(await scene.client.rest_limit()) == (503, -1001, text)
    assert not await scene.client.exists()


@specimen_of("throttled_503")
async def test_throttling_lets_cancels_pass(scene: FaultScene) -> None:
    """EXEC-6: -1008 spares what makes a position smaller."""
    await scene.client.rest_limit()
    await scene.hand.fault("throttled_503", path=ORDER)
    assert told(await scene.client.rest_limit("two"))[:2] == (503, -1008)
    await scene.client.do("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="one")
    await scene.hand.lift()
    assert not await scene.client.exists("two")


@specimen_of("backend_timeout_408")
async def test_backend_timeout_leaves_the_outcome_open(scene: FaultScene) -> None:
    """EXEC-6: -1007; here it was carried out."""
    await scene.hand.fault("backend_timeout_408", method="POST")
    assert told(await scene.client.rest_limit())[:2] == (408, -1007)
    assert await scene.client.exists()


@specimen_of("rate_limited_429", "banned_418")
@pytest.mark.parametrize(("kind", "status"), [("rate_limited_429", 429), ("banned_418", 418)])
async def test_limits_say_when_to_come_back(scene: FaultScene, kind: str, status: int) -> None:
    """EXEC-6: -1003 with Retry-After, not carried out."""
    await scene.hand.fault(kind, method="POST", retry_after_s=7)
    answer = await scene.client.rest_limit()
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (status, -1003, "7")
    assert not await scene.client.exists()


@specimen_of("rest_outage")
@pytest.mark.parametrize(
    ("aim", "hit", "spared"),
    [
        ({"method": "GET"}, ("GET", "BTCUSDT"), ("POST", "BTCUSDT")),
        ({"method": "POST"}, ("POST", "BTCUSDT"), ("GET", "BTCUSDT")),
        ({"path": "/fapi/v1/openOrders"}, ("GET", "BTCUSDT"), ("POST", "BTCUSDT")),
        ({"symbol": "BTCUSDT"}, ("GET", "BTCUSDT"), ("GET", "ETHUSDT")),
    ],
)
async def test_an_outage_cuts_one_method_path_or_symbol(
    scene: FaultScene, aim: dict[str, str], hit: tuple[str, str], spared: tuple[str, str]
) -> None:
    """EXEC-6: reads alone, writes alone, one path, one symbol; the streams go on."""

    async def ask(method: str, symbol: str) -> Answer:
        if method == "GET":
            return await scene.client.ask("GET", "/fapi/v1/openOrders", symbol=symbol)
        return await scene.client.ask("POST", "/fapi/v1/leverage", symbol=symbol, leverage=5)

    socket = await scene.client.socket("/market/ws/btcusdt@kline_1m")
    await scene.hand.fault("rest_outage", **aim)
    with pytest.raises(aiohttp.ClientError):
        await ask(*hit)
    assert (await ask(*spared)).status == 200
    await scene.hand.advance(2_000)
    assert (await socket.heard())["e"] == "kline"


@specimen_of("unknown_symbol")
async def test_one_symbol_is_unknown_and_the_other_trades(scene: FaultScene) -> None:
    """EXEC-6: -1121 for whatever names it, a batch included; requests for all symbols go on."""
    await scene.hand.fault("unknown_symbol", symbol="ETHUSDT")
    assert told(await scene.client.ask("GET", "/fapi/v1/openOrders", symbol="ETHUSDT")) == (400, -1121, "Invalid symbol.")
    batch = '[{"symbol":"BTCUSDT"},{"symbol":"ETHUSDT"}]'
    assert told(await scene.client.ask("POST", "/fapi/v1/batchOrders", batchOrders=batch))[1] == -1121
    assert (await scene.client.rest_limit()).status == 200
    assert len(await scene.client.get("/fapi/v1/openOrders")) == 1


@specimen_of("error_answer")
async def test_any_error_can_be_answered(scene: FaultScene) -> None:
    """EXEC-6: from the third order on -2019, and nothing was done, as that code says; unless the fault says otherwise."""
    await scene.hand.fault("error_answer", method="POST", path=ORDER, symbol="BTCUSDT", code=-2019, nth=3)
    answers = [await scene.client.rest_limit(name) for name in ("a", "b", "c", "d")]
    assert [each.code for each in answers] == [0, 0, -2019, -2019]
    assert answers[2].body["msg"] == "Margin is insufficient."
    assert [await scene.client.exists(name) for name in ("b", "c")] == [True, False]
    await scene.hand.lift()
    await scene.hand.fault("error_answer", method="POST", code=-4411, count=1, executed=True)
    assert (await scene.client.rest_limit("e")).code == -4411
    assert await scene.client.exists("e")


@specimen_of("clock_skew")
async def test_a_skewed_clock_refuses_timestamps() -> None:
    """EXEC-6: -1021 when the exchange's clock goes wrong under a client; two skews add up, each is undone alone."""
    async with fault_scene(speed=1.0) as scene:
        before = (await scene.client.get("/fapi/v1/time", signed=False))["serverTime"]
        first = await scene.hand.fault("clock_skew", ms=30_000)
        await scene.hand.fault("clock_skew", ms=30_000)
        after = (await scene.client.get("/fapi/v1/time", signed=False))["serverTime"]
        assert after - before >= 60_000
        assert told(await scene.client.ask("GET", "/fapi/v3/balance"))[:2] == (400, -1021)
        await scene.hand.ask("DELETE", f"faults/{first}")
        again = (await scene.client.get("/fapi/v1/time", signed=False))["serverTime"]
        assert 30_000 <= again - before < 60_000
