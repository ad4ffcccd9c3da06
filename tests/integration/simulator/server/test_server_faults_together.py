"""Two faults at once, as a bare client meets them: both apply, on both protocols, and nothing else changes."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from tests.support.simulator.bare_client import BareClient
from tests.support.simulator.fault_scene import FaultScene

ORDER = "/fapi/v1/order"


async def held(client: BareClient, symbol: str = "BTCUSDT") -> Decimal:
    rows = await client.get("/fapi/v3/positionRisk", symbol=symbol)
    return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))


async def test_a_fill_is_told_neither_by_the_stream_nor_by_the_account(scene: FaultScene) -> None:
    """EXEC-4: lost events and reads that lag: only the order's own answer says what was bought."""
    user = await scene.client.user()
    await scene.hand.fault("lost_user_events", symbol="BTCUSDT")
    await scene.hand.fault("stale_reads", reads="account", symbol="BTCUSDT", ms=5_000)
    answer = await scene.client.market(newOrderRespType="RESULT")
    assert answer.body["status"] == "FILLED"
    assert await user.silent()
    assert await held(scene.client) == 0
    await scene.client.market(symbol="ETHUSDT", quantity="0.100")
    assert (await user.heard_until("ORDER_TRADE_UPDATE"))["o"]["s"] == "ETHUSDT"
    assert await held(scene.client, "ETHUSDT") == Decimal("0.100")
    await scene.hand.advance(5_000)
    assert await held(scene.client) == Decimal("0.010")


async def test_a_stop_is_refused_by_new_filters_while_the_reads_that_would_tell_are_out(scene: FaultScene) -> None:
    """EXEC-3: -4014 for a price on the old tick; exchangeInfo cannot be read; the same stop on the new tick is taken."""
    await scene.client.market()
    await scene.hand.fault("filters", symbol="BTCUSDT", tick_size="50")
    await scene.hand.fault("rest_outage", method="GET", path="/fapi/v1/exchangeInfo")
    with pytest.raises(aiohttp.ClientError):
        await scene.client.get("/fapi/v1/exchangeInfo", signed=False)
    level = int(await scene.client.price() * Decimal("0.9")) // 50 * 50

    async def stop(price: int) -> int:
        answer = await scene.client.ask(
            "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol="BTCUSDT", side="SELL", type="STOP_MARKET",
            triggerPrice=price, closePosition="true",
        )  # fmt: skip
        return answer.code

    assert [await stop(level + 10), await stop(level)] == [-4014, 0]


async def test_a_hidden_stop_and_one_that_the_user_set_in_the_app(scene: FaultScene) -> None:
    """EXEC-3: the client's own stop is denied, a foreign one is listed."""
    await scene.client.market()
    await scene.client.stop("mine")
    await scene.hand.fault("hidden_stop", client_id="mine", listed=False)
    await scene.hand.fault("app_order", symbol="BTCUSDT", action="order", side="SELL", percent=4)
    assert (await scene.client.ask("GET", "/fapi/v1/algoOrder", clientAlgoId="mine")).code == -2013
    assert await scene.client.get("/fapi/v1/openAlgoOrders") == []
    (foreign,) = await scene.client.get("/fapi/v1/openOrders")
    assert foreign["clientOrderId"].startswith("web_")
    await scene.hand.lift()
    assert (await scene.client.get("/fapi/v1/algoOrder", clientAlgoId="mine"))["algoStatus"] == "NEW"


async def test_a_late_answer_that_is_an_error_and_a_status_that_nobody_knows(scene: FaultScene) -> None:
    """EXEC-2: latency on top of an unknown outcome; the query then tells a strange status."""
    await scene.hand.fault("latency", method="POST", path=ORDER, ms=300)
    await scene.hand.fault("unknown_503", method="POST", path=ORDER, count=1)
    await scene.hand.fault("unknown_status", method="GET", path=ORDER, status="RECEIVED")
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await scene.client.rest_limit()
    assert (answer.status, answer.code) == (503, -1000)
    assert loop.time() - began >= 0.29
    assert (await scene.client.get(ORDER, symbol="BTCUSDT", origClientOrderId="one"))["status"] == "RECEIVED"
    assert [row["status"] for row in await scene.client.get("/fapi/v1/openOrders")] == ["NEW"]


async def test_the_websocket_api_meets_the_faults_of_its_endpoints(scene: FaultScene) -> None:
    """EXEC-6: requests over both protocols are counted together; what is read lags on both."""
    await scene.hand.fault("error_answer", method="POST", path=ORDER, code=-2019, executed=False, nth=2, count=1)
    await scene.hand.fault("stale_reads", reads="account", ms=5_000)
    api = await scene.client.socket("/ws-fapi/v1")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    assert (await scene.client.market()).status == 200
    refused = await api.call("order.place", **order)
    assert (refused["status"], refused["error"]["code"]) == (400, -2019)
    assert (await api.call("order.place", **order))["status"] == 200
    assert (await api.call("v2/account.position", symbol="BTCUSDT"))["result"] == []
    await scene.hand.advance(5_000)
    (leg,) = (await api.call("v2/account.position", symbol="BTCUSDT"))["result"]
    assert Decimal(leg["positionAmt"]) == Decimal("0.020")


async def test_the_app_cannot_act_on_a_symbol_that_is_delisted(scene: FaultScene) -> None:
    """OPS-9: what is refused says which fault is in the way."""
    await scene.hand.fault("delisted", symbol="BTCUSDT")
    with pytest.raises(AssertionError, match="BTCUSDT is delisted by another fault; lift that one first"):
        await scene.hand.fault("app_order", symbol="BTCUSDT", action="cancel")
    assert len(await scene.faults("set")) == 1
