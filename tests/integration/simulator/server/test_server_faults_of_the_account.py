"""What the account's user and the exchange do beside the client, one at a time, as a bare client sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.simulator.bare_client import Socket
from tests.support.simulator.fault_scene import FaultScene
from tests.support.simulator.fault_specimens import specimen_of


async def held(scene: FaultScene) -> Decimal:
    """The position in BTCUSDT."""
    rows = await scene.client.get("/fapi/v3/positionRisk", symbol="BTCUSDT")
    return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))


async def foreign_fill(user: Socket) -> dict[str, Any]:
    """The next fill of an order that the client did not send."""
    while (
        not (order := (await user.heard_until("ORDER_TRADE_UPDATE"))["o"])["c"].startswith("web_") or order["x"] != "TRADE"
    ):
        pass
    return order


@specimen_of("margin_call")
async def test_a_margin_call_names_the_positions(scene: FaultScene) -> None:
    """EXEC-4: the event as the exchange sends it; without a position there is none to call."""
    user = await scene.client.user()
    with pytest.raises(AssertionError, match="margin_call: there is no open position"):
        await scene.hand.fault("margin_call")
    await scene.client.market()
    await scene.hand.fault("margin_call")
    event = await user.heard_until("MARGIN_CALL")
    (leg,) = event["p"]
    assert (leg["s"], leg["ps"], Decimal(leg["pa"])) == ("BTCUSDT", "BOTH", Decimal("0.010"))
    assert set(leg) == {"s", "ps", "pa", "mt", "iw", "mp", "up", "mm"}
    assert set(event) >= {"e", "E", "cw", "p"}


@specimen_of("adl")
async def test_auto_deleveraging_takes_a_part_of_the_position(scene: FaultScene) -> None:
    """EXEC-4: an order of the exchange, adl_autoclose and CALCULATED, reduces the leg; the client's stop stays."""
    await scene.client.market(quantity="0.030")
    await scene.client.stop()
    user = await scene.client.user()
    await scene.hand.fault("adl", symbol="BTCUSDT", percent=50)
    events = [(await user.heard_until("ORDER_TRADE_UPDATE"))["o"] for _ in range(2)]
    assert [(each["c"], each["x"], each["X"], each["S"]) for each in events] == [
        ("adl_autoclose", "NEW", "NEW", "SELL"),
        ("adl_autoclose", "CALCULATED", "FILLED", "SELL"),
    ]
    assert Decimal(events[1]["z"]) == Decimal("0.015")
    update = await user.heard_until("ACCOUNT_UPDATE")
    assert Decimal(update["a"]["P"][0]["pa"]) == await held(scene) == Decimal("0.015")
    assert len(await scene.client.get("/fapi/v1/openAlgoOrders")) == 1
    await scene.hand.fault("adl", symbol="BTCUSDT", percent=100)
    assert await held(scene) == 0


@specimen_of("app_order")
async def test_the_user_closes_cuts_and_adds_in_the_app(scene: FaultScene) -> None:
    """EXEC-4: fills of foreign client ids move the position."""
    await scene.client.market(quantity="0.030")
    user = await scene.client.user()
    seen = []
    for action, more in (("cut", {}), ("cut", {"quantity": "0.005"}), ("addition", {"quantity": "0.020"}), ("close", {})):
        await scene.hand.fault("app_order", symbol="BTCUSDT", action=action, **more)
        fill = await foreign_fill(user)
        seen.append((fill["S"], Decimal(fill["z"]), await held(scene)))
    assert seen == [
        ("SELL", Decimal("0.015"), Decimal("0.015")),
        ("SELL", Decimal("0.005"), Decimal("0.010")),
        ("BUY", Decimal("0.020"), Decimal("0.030")),
        ("SELL", Decimal("0.030"), Decimal(0)),
    ]


@specimen_of("app_order")
async def test_the_user_places_an_order_and_a_stop_beside_the_clients_and_cancels_all(scene: FaultScene) -> None:
    """EXEC-4: seen in the lists of open orders; the app's cancel takes the client's too."""
    await scene.client.market()
    await scene.client.rest_limit("mine")
    await scene.hand.fault("app_order", symbol="BTCUSDT", action="order", side="BUY", percent=2)
    await scene.hand.fault("app_order", symbol="BTCUSDT", action="stop", percent=3)
    orders = {row["clientOrderId"]: row for row in await scene.client.get("/fapi/v1/openOrders")}
    (foreign,) = set(orders) - {"mine"}
    price = await scene.client.price()
    assert foreign.startswith("web_")
    assert Decimal(orders[foreign]["price"]) / price == pytest.approx(Decimal("0.98"), rel=Decimal("0.002"))
    (stop,) = await scene.client.get("/fapi/v1/openAlgoOrders")
    assert (stop["clientAlgoId"][:4], stop["side"], stop["closePosition"]) == ("web_", "SELL", True)
    assert Decimal(stop["triggerPrice"]) / price == pytest.approx(Decimal("0.97"), rel=Decimal("0.002"))
    await scene.hand.fault("app_order", symbol="BTCUSDT", action="cancel")
    assert await scene.client.get("/fapi/v1/openOrders") == await scene.client.get("/fapi/v1/openAlgoOrders") == []


@specimen_of("app_order")
async def test_the_app_works_in_hedge_mode(scene: FaultScene) -> None:
    """EXEC-4: the leg that is open is closed."""
    await scene.client.do("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    await scene.client.market("SELL", positionSide="SHORT")
    await scene.hand.fault("app_order", symbol="BTCUSDT", action="close")
    assert await held(scene) == 0


async def test_an_order_of_the_app_that_the_exchange_refuses_sets_nothing(scene: FaultScene) -> None:
    """EXEC-6: no position to close, and more than the wallet can hold."""
    with pytest.raises(AssertionError, match="app_order: there is no open position in BTCUSDT"):
        await scene.hand.fault("app_order", symbol="BTCUSDT", action="close")
    with pytest.raises(AssertionError, match="app_order: the exchange refuses it: -2019"):
        await scene.hand.fault("app_order", symbol="BTCUSDT", action="order", quantity="900")
    assert await scene.faults("over") == await scene.faults("set") == []
    assert await scene.client.get("/fapi/v1/openOrders") == []
