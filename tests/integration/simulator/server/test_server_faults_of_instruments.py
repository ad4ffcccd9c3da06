"""Faults of what can be traded and how, one at a time, as a bare client meets them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.support.simulator.fault_scene import FaultScene
from tests.support.simulator.fault_specimens import specimen_of

HOUR = 3_600_000


async def listed(scene: FaultScene, symbol: str = "BTCUSDT") -> dict[str, Any] | None:
    """The symbol's row of exchangeInfo, its filters by type; None if it is not listed."""
    info = await scene.client.get("/fapi/v1/exchangeInfo", signed=False)
    row = next((each for each in info["symbols"] if each["symbol"] == symbol), None)
    return row and {**row, "filters": {each["filterType"]: each for each in row["filters"]}}


async def limit_buy(scene: FaultScene, price: str, quantity: str) -> int:
    """The code with which a limit buy is answered; 0 = taken."""
    answer = await scene.client.ask(
        "POST",
        "/fapi/v1/order",
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        price=price,
        quantity=quantity,
    )
    return answer.code


@specimen_of("filters")
async def test_filters_change_under_way_and_back(scene: FaultScene) -> None:
    """OPS-9: told in exchangeInfo, judged at once, standing orders stay; two changes end in any order."""
    base = int(await scene.client.price()) - 1_000
    before = await listed(scene)
    assert await limit_buy(scene, f"{base}.1", "0.010") == 0
    tick = await scene.hand.fault("filters", symbol="BTCUSDT", tick_size="1")
    await scene.hand.fault("filters", symbol="BTCUSDT", step_size="0.01", min_notional="2000")
    row = await listed(scene)
    assert row is not None
    told = row["filters"]
    assert (told["PRICE_FILTER"]["tickSize"], told["LOT_SIZE"]["stepSize"], told["LOT_SIZE"]["minQty"]) == (
        "1",
        "0.01",
        "0.01",
    )
    assert (told["MARKET_LOT_SIZE"]["stepSize"], told["MIN_NOTIONAL"]["notional"]) == ("0.01", "2000")
    assert Decimal(told["PRICE_FILTER"]["minPrice"]) % 1 == 0
    assert await limit_buy(scene, f"{base}.1", "0.10") == -4014
    assert await limit_buy(scene, f"{base}", "0.105") == -4023
    assert await limit_buy(scene, f"{base}", "0.01") == -4164
    assert await limit_buy(scene, f"{base}", "0.10") == 0
    assert len(await scene.client.get("/fapi/v1/openOrders", symbol="BTCUSDT")) == 2
    assert (await listed(scene, "ETHUSDT"))["filters"]["PRICE_FILTER"]["tickSize"] == "0.01"  # type: ignore[index]
    await scene.hand.ask("DELETE", f"faults/{tick}")
    assert await limit_buy(scene, f"{base}.1", "0.10") == 0
    assert await limit_buy(scene, f"{base}.1", "0.105") == -4023
    await scene.hand.lift()
    assert await listed(scene) == before
    assert await limit_buy(scene, f"{base}.1", "0.010") == 0


@specimen_of("filters")
async def test_a_finer_tick_is_taken_and_printed(scene: FaultScene) -> None:
    """OPS-9: the precision that is told grows with it."""
    base = int(await scene.client.price()) - 1_000
    await scene.hand.fault("filters", symbol="BTCUSDT", tick_size="0.001")
    row = await listed(scene)
    assert row is not None
    assert row["pricePrecision"] == 3
    assert await limit_buy(scene, f"{base}.123", "0.010") == 0
    (order,) = await scene.client.get("/fapi/v1/openOrders", symbol="BTCUSDT")
    assert order["price"] == f"{base}.123"


@specimen_of("settling")
async def test_a_settling_symbol_can_only_be_left(scene: FaultScene) -> None:
    """OPS-9: SETTLING in exchangeInfo; entries are -4140, stops and closes are taken; the other symbol trades."""
    await scene.client.market()
    await scene.hand.fault("settling", symbol="BTCUSDT")
    row = await listed(scene)
    assert row is not None
    assert row["status"] == "SETTLING"
    refused = await scene.client.market()
    assert (refused.status, refused.body) == (400, {"code": -4140, "msg": "Invalid symbol status for opening position"})
    assert (await scene.client.rest_limit()).code == -4140
    assert (await scene.client.market(symbol="ETHUSDT", quantity="0.100")).status == 200
    assert (await scene.client.stop()).status == 200
    assert (await scene.client.market("SELL", reduceOnly="true")).status == 200
    await scene.hand.lift()
    assert (await scene.client.market()).status == 200


@specimen_of("delisted")
async def test_a_delisted_symbol_is_settled_and_gone(scene: FaultScene) -> None:
    """OPS-9: orders expire, the position is settled by the exchange's own order, then the symbol is unknown everywhere."""
    user, stream = await scene.client.user(), await scene.client.socket("/public/stream?streams=btcusdt@depth/ethusdt@depth")
    await scene.client.market(newClientOrderId="in")
    await scene.client.rest_limit("resting")
    await scene.client.stop("stop")
    while (await user.heard())["e"] != "ALGO_UPDATE":
        pass
    await scene.hand.fault("delisted", symbol="BTCUSDT")
    events = []
    while not events or events[-1]["e"] != "ACCOUNT_UPDATE":
        events.append(await user.heard())
    orders = [each["o"] for each in events if each["e"] == "ORDER_TRADE_UPDATE"]
    resting = [(each["X"], each["x"], each["er"]) for each in orders if each["c"] == "resting"]
    assert resting == [("EXPIRED", "EXPIRED", "7")]
    settled = [each for each in orders if each["c"].startswith("settlement_autoclose-")]
    assert [(each["X"], each["S"], each["z"]) for each in settled] == [("NEW", "SELL", "0.000"), ("FILLED", "SELL", "0.010")]
    assert [each["o"]["X"] for each in events if each["e"] == "ALGO_UPDATE"] == ["EXPIRED"]
    assert [Decimal(leg["pa"]) for leg in events[-1]["a"]["P"]] == [0]
    assert await listed(scene) is None
    for method, path in (("GET", "/fapi/v1/openOrders"), ("GET", "/fapi/v1/klines"), ("POST", "/fapi/v1/order")):
        assert (await scene.client.ask(method, path, symbol="BTCUSDT", interval="1m")).code == -1121
    for path in ("/fapi/v1/ticker/bookTicker", "/fapi/v1/premiumIndex", "/fapi/v2/positionRisk"):
        assert {row["symbol"] for row in await scene.client.get(path)} == {"ETHUSDT"}
    assert await scene.client.get("/fapi/v3/positionRisk") == []
    await scene.hand.advance(1_000)
    assert {(await stream.heard())["data"]["s"] for _ in range(3)} == {"ETHUSDT"}
    await scene.hand.lift()
    assert (await scene.client.market()).status == 200


@specimen_of("agreement_needed")
async def test_a_symbol_needs_an_agreement(scene: FaultScene) -> None:
    """EXEC-6: -4411 for entries, in a batch only for its symbol; signed means that the fault is lifted."""
    await scene.hand.fault("agreement_needed", symbol="ETHUSDT")
    assert (await scene.client.market(symbol="ETHUSDT", quantity="0.100")).code == -4411
    price = int(await scene.client.price()) - 1_000
    order = f'"side":"BUY","type":"LIMIT","timeInForce":"GTC","price":"{price}","quantity":"0.010"'
    batch = f'[{{"symbol":"BTCUSDT",{order}}},{{"symbol":"ETHUSDT",{order}}}]'
    first, second = await scene.client.do("POST", "/fapi/v1/batchOrders", batchOrders=batch)
    assert (first["status"], second["code"]) == ("NEW", -4411)
    await scene.hand.lift()
    assert (await scene.client.market(symbol="ETHUSDT", quantity="0.100")).status == 200


@specimen_of("odd_listing")
async def test_a_symbol_is_listed_in_an_odd_way(scene: FaultScene) -> None:
    """OPS-9: fields that are new, or gone; the other symbols and the judgement of orders are as before."""
    await scene.hand.fault("odd_listing", symbol="BTCUSDT", row={"status": "BREAK", "contractType": None})
    await scene.hand.fault("odd_listing", symbol="BTCUSDT", row={"filters": [{"filterType": "LOT_SIZE"}]})
    row, other = await listed(scene), await listed(scene, "ETHUSDT")
    assert row is not None
    assert other is not None
    assert (row["status"], "contractType" in row, list(row["filters"])) == ("BREAK", False, ["LOT_SIZE"])
    assert (other["status"], other["contractType"]) == ("TRADING", "PERPETUAL")
    assert (await scene.client.market()).status == 200
    await scene.hand.lift()
    assert await listed(scene) != row


async def test_the_schedule_of_other_markets_covers_a_week_without_a_gap(scene: FaultScene) -> None:
    """OPS-9: from yesterday on, closed on weekends."""
    schedule = await scene.client.get("/fapi/v1/tradingSchedule", signed=False)
    for market, kinds in (("EQUITY", 5), ("COMMODITY", 2)):
        sessions = schedule["marketSchedules"][market]["sessions"]
        assert all(one["endTime"] == next_["startTime"] for one, next_ in pairwise(sessions))
        assert sessions[0]["startTime"] <= schedule["updateTime"] - 24 * HOUR
        assert sessions[-1]["endTime"] >= schedule["updateTime"] + 6 * 24 * HOUR
        assert len({each["type"] for each in sessions}) == kinds
        closed = {
            datetime.fromtimestamp(each["startTime"] / 1000, UTC).weekday()
            for each in sessions
            if each["type"] == "NO_TRADING"
        }
        assert closed == {5, 6}


@specimen_of("funding_interval")
@pytest.mark.parametrize("hours", [4, 1])
async def test_funding_is_settled_at_another_interval(scene: FaultScene, hours: int) -> None:
    """OPS-9: told by fundingInfo and premiumIndex, paid at the new times by that symbol alone."""
    await scene.client.market()
    await scene.client.market(symbol="ETHUSDT", quantity="0.100")
    assert await scene.client.get("/fapi/v1/fundingInfo", signed=False) == []
    await scene.hand.fault("funding_interval", symbol="BTCUSDT", hours=hours)
    (row,) = await scene.client.get("/fapi/v1/fundingInfo", signed=False)
    assert (row["symbol"], row["fundingIntervalHours"]) == ("BTCUSDT", hours)
    now = await scene.hand.advance(2_000)
    due = {each["symbol"]: each["nextFundingTime"] for each in await scene.client.get("/fapi/v1/premiumIndex", signed=False)}
    assert due["BTCUSDT"] == now - now % (hours * HOUR) + hours * HOUR
    assert due["ETHUSDT"] == now - now % (8 * HOUR) + 8 * HOUR
    await scene.hand.advance(due["BTCUSDT"] - now + 1_000)
    paid = [(each["symbol"], each["time"]) for each in await scene.client.get("/fapi/v1/income", incomeType="FUNDING_FEE")]
    assert ("BTCUSDT", due["BTCUSDT"]) in paid
    assert (("ETHUSDT", due["BTCUSDT"]) in paid) == (due["BTCUSDT"] == due["ETHUSDT"])
    await scene.hand.lift()
    assert await scene.client.get("/fapi/v1/fundingInfo", signed=False) == []
    now = await scene.hand.advance(2_000)
    row = await scene.client.get("/fapi/v1/premiumIndex", signed=False, symbol="BTCUSDT")
    assert row["nextFundingTime"] == now - now % (8 * HOUR) + 8 * HOUR
