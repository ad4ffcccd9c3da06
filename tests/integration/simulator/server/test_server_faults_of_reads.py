"""Faults of what the exchange tells about orders, income and the account, one at a time, as a bare client meets them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.simulator.fault_scene import FaultScene, fault_scene
from tests.support.simulator.fault_specimens import specimen_of

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
HOUR = 3_600_000


async def held(scene: FaultScene) -> Decimal:
    """The position in BTCUSDT, as the account tells it."""
    rows = await scene.client.get("/fapi/v3/positionRisk", symbol="BTCUSDT")
    return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))


async def wallet(scene: FaultScene) -> Decimal:
    return Decimal((await scene.client.get("/fapi/v3/account"))["totalWalletBalance"])


async def income(scene: FaultScene, **parameters: object) -> list[dict[str, Any]]:
    return list(await scene.client.get("/fapi/v1/income", limit=1000, **parameters))


@specimen_of("stale_reads")
async def test_account_reads_lag_behind_an_order_that_says_filled(scene: FaultScene) -> None:
    """EXEC-4: the order answers FILLED at once, the position is seen 5 s later, and the close of it 5 s after that."""
    await scene.hand.fault("stale_reads", reads="account", ms=5_000)
    before = await wallet(scene)
    await scene.client.market(newClientOrderId="in")
    order = await scene.client.get(ORDER, symbol="BTCUSDT", origClientOrderId="in")
    assert (order["status"], await held(scene), await wallet(scene)) == ("FILLED", 0, before)
    assert len(await scene.client.get("/fapi/v1/userTrades", symbol="BTCUSDT")) == 1
    await scene.hand.advance(4_000)
    assert await held(scene) == 0
    await scene.client.market("SELL", reduceOnly="true")
    await scene.hand.advance(1_000)
    assert await held(scene) == Decimal("0.010")
    await scene.hand.advance(4_000)
    assert await held(scene) == 0
    assert await wallet(scene) < before


@specimen_of("stale_reads")
async def test_order_reads_lag_while_the_account_does_not(scene: FaultScene) -> None:
    """EXEC-4: a new order is -2013 and in no list until the lag is over; the event came at once."""
    user = await scene.client.user()
    await scene.hand.fault("stale_reads", reads="orders", ms=3_000)
    assert (await scene.client.rest_limit()).status == 200
    assert (await user.heard())["o"]["X"] == "NEW"
    assert not await scene.client.exists()
    assert await scene.client.get("/fapi/v1/openOrders") == []
    await scene.client.market()
    assert await held(scene) == Decimal("0.010")
    await scene.hand.advance(3_000)
    assert await scene.client.exists()
    assert len(await scene.client.get("/fapi/v1/openOrders")) == 1
    assert (await scene.client.ask("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="one")).status == 200
    assert len(await scene.client.get("/fapi/v1/openOrders")) == 1
    await scene.hand.advance(3_000)
    assert await scene.client.get("/fapi/v1/openOrders") == []


@specimen_of("stale_reads")
async def test_income_reads_lag_alone_and_the_second_read_alone(scene: FaultScene) -> None:
    """EXEC-4: aimed at the nth read."""
    await scene.hand.fault("stale_reads", reads="income", ms=60_000, nth=2, count=1)
    await scene.client.market()
    counts = [len(await income(scene)) for _ in range(3)]
    assert counts == [1, 0, 1]
    assert await held(scene) == Decimal("0.010")


@specimen_of("late_income")
async def test_a_late_income_row_arrives_behind_younger_ones(scene: FaultScene) -> None:
    """EXEC-4: the commission of BTCUSDT is seen 10 s late and with its own time, while that of ETHUSDT is there."""
    await scene.hand.fault("late_income", symbol="BTCUSDT", income_type="COMMISSION", ms=10_000)
    await scene.client.market()
    await scene.hand.advance(1_000)
    await scene.client.market(symbol="ETHUSDT", quantity="0.100")
    assert [row["symbol"] for row in await income(scene)] == ["ETHUSDT"]
    await scene.hand.advance(9_000)
    rows = await income(scene)
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
    assert rows[1]["time"] - rows[0]["time"] == 1_000


@specimen_of("repeated_income")
async def test_income_rows_come_twice_with_one_transaction_id(scene: FaultScene) -> None:
    """EXEC-4: only those of the type; once the fault is lifted, once."""
    await scene.hand.fault("repeated_income", income_type="COMMISSION")
    await scene.client.market()
    await scene.client.market("SELL")
    rows = await income(scene)
    commissions = [row for row in rows if row["incomeType"] == "COMMISSION"]
    assert [row["tranId"] for row in commissions] == [row["tranId"] for row in commissions[::2] for _ in range(2)]
    assert (len(commissions), len(rows)) == (4, 5)
    await scene.hand.lift()
    assert len(await income(scene)) == 3


@specimen_of("hidden_stop")
@pytest.mark.parametrize("listed", [True, False])
async def test_a_stop_that_stands_is_said_not_to_exist(scene: FaultScene, listed: bool) -> None:
    """EXEC-3: -2013 to query and cancel by either id; the other stop is known; the hidden one still closes the position."""
    await scene.client.market()
    number = (await scene.client.stop("mine")).body["algoId"]
    await scene.client.market(symbol="ETHUSDT", quantity="0.100")
    assert (await scene.client.stop("other", symbol="ETHUSDT")).status == 200
    await scene.hand.fault("hidden_stop", client_id="mine", listed=listed)
    for method in ("GET", "DELETE"):
        for sent in ({"clientAlgoId": "mine"}, {"algoId": number}):
            answer = await scene.client.ask(method, ALGO, **sent)
            assert (answer.status, answer.body) == (400, {"code": -2013, "msg": "Order does not exist."})
    assert (await scene.client.get(ALGO, clientAlgoId="other"))["algoStatus"] == "NEW"
    open_ones = {row["clientAlgoId"] for row in await scene.client.get("/fapi/v1/openAlgoOrders")}
    assert open_ones == ({"mine", "other"} if listed else {"other"})
    await scene.hand.price("BTCUSDT", float(await scene.client.price()) * 0.9)
    await scene.hand.advance(2_000)
    assert await held(scene) == 0


@specimen_of("expire_in_match")
@pytest.mark.parametrize("kind", ["MARKET", "LIMIT"])
async def test_an_order_expires_in_match(scene: FaultScene, kind: str) -> None:
    """EXEC-2: accepted, then EXPIRED_IN_MATCH with nothing filled; the second order alone."""
    user = await scene.client.user()
    await scene.hand.fault("expire_in_match", method="POST", symbol="BTCUSDT", nth=2, count=1)
    for name in ("a", "b", "c"):
        if kind == "MARKET":
            answer = await scene.client.market(newClientOrderId=name, newOrderRespType="RESULT")
        else:
            answer = await scene.client.rest_limit(name)
        assert answer.status == 200
    usual = "FILLED" if kind == "MARKET" else "NEW"
    told = {name: (await scene.client.get(ORDER, symbol="BTCUSDT", origClientOrderId=name)) for name in "abc"}
    assert [told[name]["status"] for name in "abc"] == [usual, "EXPIRED_IN_MATCH", usual]
    assert Decimal(told["b"]["executedQty"]) == 0
    events = []
    while not events or events[-1]["c"] != "c":
        events.append((await user.heard_until("ORDER_TRADE_UPDATE"))["o"])
    of_b = [(each["x"], each["X"], each["er"]) for each in events if each["c"] == "b"]
    assert of_b == [("NEW", "NEW", "0"), ("EXPIRED", "EXPIRED_IN_MATCH", "1")]


@specimen_of("unknown_status")
async def test_a_status_that_nobody_knows(scene: FaultScene) -> None:
    """EXEC-2: in the answer, in queries and lists, and in the event; of that order alone."""
    user = await scene.client.user()
    await scene.hand.fault("unknown_status", client_id="one", status="HALTED_BY_VENUE")
    answer = await scene.client.rest_limit("one")
    assert answer.body["status"] == "HALTED_BY_VENUE"
    await scene.client.rest_limit("two")
    found = {row["clientOrderId"]: row["status"] for row in await scene.client.get("/fapi/v1/openOrders")}
    assert found == {"one": "HALTED_BY_VENUE", "two": "NEW"}
    assert [(await user.heard())["o"]["X"] for _ in range(2)] == ["HALTED_BY_VENUE", "NEW"]
    await scene.hand.lift()
    assert (await scene.client.get(ORDER, symbol="BTCUSDT", origClientOrderId="one"))["status"] == "NEW"


@specimen_of("unknown_status")
async def test_a_status_that_only_events_tell(scene: FaultScene) -> None:
    """EXEC-2: the aims of requests and of events are apart."""
    user = await scene.client.user()
    await scene.hand.fault("unknown_status", stream="ORDER_TRADE_UPDATE", count=1)
    assert (await scene.client.rest_limit()).body["status"] == "NEW"
    assert (await user.heard())["o"]["X"] == "PENDING_NEW"
    assert (await scene.client.get(ORDER, symbol="BTCUSDT", origClientOrderId="one"))["status"] == "NEW"


@specimen_of("multi_assets")
async def test_multi_assets_mode_knows_no_isolated_margin_and_can_be_left(scene: FaultScene) -> None:
    """OPS-9: seen wherever it is told, and ended by the client's own request."""
    await scene.hand.fault("multi_assets")
    for path in ("/fapi/v1/multiAssetsMargin", "/fapi/v1/accountConfig", "/fapi/v2/account"):
        assert (await scene.client.get(path))["multiAssetsMargin"] is True
    refused = await scene.client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    assert (refused.status, refused.code) == (400, -4168)
    again = await scene.client.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    assert again.code == -4171
    await scene.client.do("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="false")
    assert (await scene.client.get("/fapi/v1/multiAssetsMargin"))["multiAssetsMargin"] is False
    await scene.client.do("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")


@specimen_of("bnfcr")
async def test_credits_trading_mode_tells_everything_in_bnfcr(scene: FaultScene) -> None:
    """OPS-9: USDT rows of zero, BNFCR rows with the money; commissions and events too; multi-assets mode for good."""
    user, before = await scene.client.user(), await wallet(scene)
    await scene.hand.fault("bnfcr")
    for rows in (await scene.client.get("/fapi/v3/balance"), (await scene.client.get("/fapi/v3/account"))["assets"]):
        amounts = {row["asset"]: Decimal(row.get("balance", row.get("walletBalance"))) for row in rows}
        assert amounts == {"USDT": 0, "BNFCR": before}
    await scene.client.market()
    assert (await user.heard_until("ORDER_TRADE_UPDATE"))["o"]["x"] == "NEW"
    assert (await user.heard_until("ORDER_TRADE_UPDATE"))["o"]["N"] == "BNFCR"
    assert [row["a"] for row in (await user.heard_until("ACCOUNT_UPDATE"))["a"]["B"]] == ["BNFCR"]
    assert {row["asset"] for row in await income(scene)} == {"BNFCR"}
    assert {row["commissionAsset"] for row in await scene.client.get("/fapi/v1/userTrades", symbol="BTCUSDT")} == {"BNFCR"}
    assert (await scene.client.get("/fapi/v1/multiAssetsMargin"))["multiAssetsMargin"] is True
    left = await scene.client.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="false")
    assert left.code == -1020


async def test_a_run_with_lagging_reads_is_the_same_again() -> None:
    """BT-1: what is seen depends on the market's clock and the seed alone."""

    async def seen() -> list[object]:
        async with fault_scene() as scene:
            await scene.hand.fault("stale_reads", ms=2_000, share=0.5)
            found: list[object] = []
            for step in range(12):
                await scene.client.market("BUY" if step % 3 else "SELL")
                await scene.hand.advance(500)
                found.append((await held(scene), await wallet(scene), len(await income(scene))))
            return found

    assert await seen() == await seen()
