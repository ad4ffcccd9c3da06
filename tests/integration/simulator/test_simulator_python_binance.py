"""python-binance, unmodified but for its addresses, trades against the protocol server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException, BinanceWebsocketUnableToConnect

from tests.support.simulator.protocol_server import Hand, a_hand, a_server, python_binance

#: Seconds until a message must have come.
SOON = 10.0
#: The library closes a silent socket only when its read times out, by default after 10 s.
PATIENCE = 1


@pytest.fixture
async def ends() -> AsyncIterator[tuple[AsyncClient, BinanceSocketManager, Hand]]:
    async with a_server() as server, a_hand(server) as hand, python_binance(server) as (client, sockets):
        yield client, sockets, hand


async def next_of(socket: Any, *kinds: str) -> dict[str, Any]:
    """The next message of one of these types, unwrapped."""

    async def wait() -> dict[str, Any]:
        while True:
            message = await socket.recv()
            body = message.get("data", message)
            if body["e"] in kinds:
                return dict(body)

    return await asyncio.wait_for(wait(), SOON)


def grid(price: Decimal) -> str:
    """On BTCUSDT's ticks."""
    return str(price.quantize(Decimal("0.1")))


async def price_of(client: AsyncClient, symbol: str = "BTCUSDT") -> Decimal:
    return Decimal((await client.futures_symbol_ticker(symbol=symbol))["price"])


async def test_it_streams_klines_trades_marks_and_books(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """DATA-1: every market stream of the library comes from its routed path."""
    _, sockets, _ = ends
    async with (
        sockets.futures_multiplex_socket(["btcusdt@kline_1m", "btcusdt@aggTrade", "ethusdt@markPrice@1s"]) as market,
        sockets.futures_multiplex_socket(["btcusdt@depth@100ms", "btcusdt@bookTicker"], category="public") as public,
        sockets.kline_futures_socket("BTCUSDT") as continuous,
        sockets.futures_depth_socket("BTCUSDT", "20") as partial,
    ):
        assert (await next_of(market, "markPriceUpdate"))["s"] == "ETHUSDT"
        assert (await next_of(market, "kline"))["k"]["i"] == "1m"
        assert (await next_of(market, "aggTrade"))["s"] == "BTCUSDT"
        assert (await next_of(public, "bookTicker"))["s"] == "BTCUSDT"
        assert (await next_of(continuous, "continuous_kline"))["ps"] == "BTCUSDT"
        assert len((await next_of(partial, "depthUpdate"))["b"]) == 20


async def test_a_wrong_category_is_acknowledged_and_silent(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """DATA-1: as on the exchange since 2026-04: a book under /market opens and never says a word."""
    _, sockets, hand = ends
    async with sockets.futures_multiplex_socket(["btcusdt@bookTicker"], category="market") as wrong:
        wrong.TIMEOUT = PATIENCE
        state = await hand.ask("GET", "state")
        assert {"path": "market", "streams": ["btcusdt@bookTicker"], "waiting": 0} in state["sockets"]
        assert "btcusdt@bookTicker" not in state["subscribed"]
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wrong.recv(), 1.5)


async def test_the_local_book_follows_the_differences(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """DATA-1: Binance's own rules for a local book hold: first U <= lastUpdateId <= u, then each pu is the u before."""
    client, sockets, hand = ends
    async with sockets.futures_multiplex_socket(["btcusdt@depth@100ms"], category="public") as stream:
        buffered = [await next_of(stream, "depthUpdate")]
        snapshot = await client.futures_order_book(symbol="BTCUSDT", limit=1000)
        last = snapshot["lastUpdateId"]
        while buffered[-1]["u"] < last:
            buffered.append(await next_of(stream, "depthUpdate"))
        first = buffered[-1]
        assert first["U"] <= last <= first["u"]
        sides = {side: {level[0]: level[1] for level in snapshot[side]} for side in ("bids", "asks")}
        before = first["pu"]
        for _ in range(10):
            assert first["pu"] == before
            for side, changed in (("bids", first["b"]), ("asks", first["a"])):
                for price, quantity in changed:
                    sides[side][price] = quantity
                    if not Decimal(quantity):
                        del sides[side][price]
            before, first = first["u"], await next_of(stream, "depthUpdate")
        best_bid, best_ask = max(map(Decimal, sides["bids"])), min(map(Decimal, sides["asks"]))
        assert best_bid < best_ask
        assert 100 < len(sides["bids"]) < 400
    del hand


async def test_every_kind_of_order_is_placed_asked_for_and_cancelled(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-1: both books, each order once, with the answers' missing fields (no avgPrice in a placement)."""
    client, _, _ = ends
    price = await price_of(client)
    below, above = grid(price * Decimal("0.97")), grid(price * Decimal("1.03"))
    market = await client.futures_create_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010", newOrderRespType="RESULT"
    )
    assert (market["status"], market["executedQty"]) == ("FILLED", "0.010")
    assert not {"avgPrice", "cumQuote", "cumBase"} & market.keys()
    for number, time_in_force in enumerate(("GTC", "GTX")):
        name = f"rest-{number}"
        placed = await client.futures_create_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce=time_in_force,
            price=below, quantity="0.010", newClientOrderId=name,
        )  # fmt: skip
        assert placed["status"] == "NEW"
        found = await client.futures_get_order(symbol="BTCUSDT", origClientOrderId=name)
        assert (found["orderId"], found["status"], found["cumQuote"]) == (placed["orderId"], "NEW", "0.00")
        assert [each["clientOrderId"] for each in await client.futures_get_open_orders(symbol="BTCUSDT")] == [name]
        assert (await client.futures_cancel_order(symbol="BTCUSDT", origClientOrderId=name))["status"] == "CANCELED"
    for number, time_in_force in enumerate(("IOC", "FOK")):
        await client.futures_create_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce=time_in_force, price=grid(price * Decimal("1.01")),
            quantity="0.002", newClientOrderId=f"now-{number}",
        )  # fmt: skip
        found = await client.futures_get_order(symbol="BTCUSDT", origClientOrderId=f"now-{number}")
        assert found["status"] == "FILLED"
        assert Decimal(found["avgPrice"]) > 0
    conditional: tuple[dict[str, str], ...] = (
        {"type": "STOP_MARKET", "stopPrice": below, "closePosition": "true"},
        {"type": "TAKE_PROFIT_MARKET", "stopPrice": above, "quantity": "0.005", "reduceOnly": "true"},
        {"type": "STOP", "stopPrice": below, "price": below, "quantity": "0.005", "timeInForce": "GTC"},
        {"type": "TAKE_PROFIT", "stopPrice": above, "price": above, "quantity": "0.005", "timeInForce": "GTC"},
        {"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "quantity": "0.005", "activatePrice": above},
    )
    for order in conditional:
        name = f"algo-{order['type']}"
        made = await client.futures_create_order(symbol="BTCUSDT", side="SELL", clientAlgoId=name, **order)
        assert (made["clientAlgoId"], made["orderType"], made["algoStatus"]) == (name, order["type"], "NEW")
        found = await client.futures_get_order(symbol="BTCUSDT", clientAlgoId=name)
        assert found["algoId"] == made["algoId"]
    assert await client.futures_get_open_orders(symbol="BTCUSDT") == []
    assert len(await client.futures_get_open_orders(symbol="BTCUSDT", conditional=True)) == len(conditional)
    cancelled = await client.futures_cancel_order(symbol="BTCUSDT", clientAlgoId="algo-STOP_MARKET")
    assert cancelled["code"] == "200"
    await client.futures_cancel_all_open_orders(symbol="BTCUSDT", conditional=True)
    assert await client.futures_get_open_orders(symbol="BTCUSDT", conditional=True) == []
    trades = await client.futures_account_trades(symbol="BTCUSDT")
    assert sum(Decimal(trade["qty"]) for trade in trades) == Decimal("0.014")


async def test_conditional_types_on_the_plain_endpoint_are_switched_away(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-1: -4120, since 2025-12: the library's batch does not reroute them."""
    client, _, _ = ends
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "50000", "closePosition": "true"}
    assert [each["code"] for each in await client.futures_place_batch_order(batchOrders=[stop])] == [-4120]


async def test_batches_are_placed_changed_and_cancelled_one_by_one(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-1: a bad element does not stop the others."""
    client, _, _ = ends
    price = await price_of(client)
    good = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "price": grid(price * Decimal("0.97")), "quantity": "0.010", "newClientOrderId": "one",
    }  # fmt: skip
    answers = await client.futures_place_batch_order(batchOrders=[good, {**good, "quantity": "0.0001"}])
    assert answers[0]["status"] == "NEW"
    assert answers[1]["code"] < 0
    changed = await client.futures_modify_order(
        symbol="BTCUSDT", side="BUY", orderId=answers[0]["orderId"],
        quantity="0.020", price=grid(price * Decimal("0.96")),
    )  # fmt: skip
    assert changed["origQty"] == "0.020"
    gone = await client.futures_cancel_orders(symbol="BTCUSDT", origclientorderidlist=["one", "unknown"])
    assert (gone[0]["status"], gone[1]["code"]) == ("CANCELED", -2011)


async def test_user_events_tell_the_life_of_an_order(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-4: a stop triggers: TRIGGERING, TRIGGERED with its child's id, the child's fill, FINISHED, and the account."""
    client, sockets, hand = ends
    price = await price_of(client)
    async with sockets.futures_user_socket() as user:
        user.TIMEOUT = PATIENCE
        await client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
        assert (await next_of(user, "ORDER_TRADE_UPDATE"))["o"]["x"] == "NEW"
        filled = await next_of(user, "ORDER_TRADE_UPDATE")
        assert (filled["o"]["x"], filled["o"]["N"]) == ("TRADE", "USDT")
        opened = await next_of(user, "ACCOUNT_UPDATE")
        assert (opened["a"]["m"], opened["a"]["P"][0]["pa"]) == ("ORDER", "0.010")
        await client.futures_create_order(
            symbol="BTCUSDT", side="SELL", type="STOP_MARKET", stopPrice=grid(price * Decimal("0.98")),
            closePosition="true", clientAlgoId="stop",
        )  # fmt: skip
        assert (await next_of(user, "ALGO_UPDATE"))["o"]["X"] == "NEW"
        await hand.price("BTCUSDT", float(price * Decimal("0.975")))
        states, child = [], ""
        while not states or states[-1] != "FINISHED":
            event = (await next_of(user, "ALGO_UPDATE"))["o"]
            states.append(event["X"])
            child = event["ai"] or child
        assert states == ["TRIGGERING", "TRIGGERED", "FINISHED"]
        order = await client.futures_get_order(symbol="BTCUSDT", orderId=int(child))
        assert (order["status"], order["origType"], order["closePosition"]) == ("FILLED", "STOP_MARKET", True)
    assert await client.futures_position_information() == []


async def test_account_positions_and_configuration_agree_with_each_other(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-1: every account endpoint of the library answers, and they say the same."""
    client, _, _ = ends
    await client.futures_change_leverage(symbol="BTCUSDT", leverage=20)
    await client.futures_create_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.010")
    (position,) = await client.futures_position_information()
    old = await client.futures_account()
    new = await client.futures_account(version=3)
    assert position["positionAmt"] == "-0.010"
    assert old["totalWalletBalance"] == new["totalWalletBalance"]
    assert (await client.futures_account_balance())[0]["balance"] == new["totalWalletBalance"]
    assert {each["symbol"]: each["leverage"] for each in old["positions"]}["BTCUSDT"] == "20"
    brackets = await client.futures_leverage_bracket(symbol="BTCUSDT")
    assert brackets[0]["brackets"][0]["initialLeverage"] == 150
    income = await client.futures_income_history(incomeType="COMMISSION")
    assert sum(Decimal(each["income"]) for each in income) == Decimal(new["totalWalletBalance"]) - 100_000
    with pytest.raises(BinanceAPIException) as no_change:
        await client.futures_change_margin_type(symbol="BTCUSDT", marginType="CROSSED")
    assert no_change.value.code == -4046


async def test_orders_go_over_the_websocket_api_too(
    ends: tuple[AsyncClient, BinanceSocketManager, Hand],
) -> None:
    """EXEC-1: placed, asked for, changed and cancelled; conditional ones through algoOrder.place; refusals are errors."""
    client, _, hand = ends
    price = await price_of(client)
    below = grid(price * Decimal("0.97"))
    client.ws_future.TIMEOUT = 2 * PATIENCE
    try:
        placed = await client.ws_futures_create_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", price=below, quantity="0.010",
            newClientOrderId="by-socket",
        )  # fmt: skip
        assert placed["status"] == "NEW"
        changed = await client.ws_futures_edit_order(
            symbol="BTCUSDT", side="BUY", orderId=placed["orderId"], quantity="0.020", price=below
        )
        assert changed["origQty"] == "0.020"
        found = await client.ws_futures_get_order(symbol="BTCUSDT", origClientOrderId="by-socket")
        assert found["origQty"] == "0.020"
        gone = await client.ws_futures_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
        assert gone["status"] == "CANCELED"
        stop = await client.ws_futures_create_order(
            symbol="BTCUSDT", side="SELL", type="STOP_MARKET", triggerPrice=below, quantity="0.010", clientAlgoId="stop"
        )
        assert (stop["clientAlgoId"], stop["algoStatus"]) == ("stop", "NEW")
        assert (await client.ws_futures_v2_account_balance())[0]["asset"] == "USDT"
        await hand.fault("timeout_after_accept", path="/fapi/v1/order", method="POST")
        with pytest.raises(BinanceWebsocketUnableToConnect, match="timed out"):
            await client.ws_futures_create_order(
                symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", price=below, quantity="0.010",
                newClientOrderId="unanswered",
            )  # fmt: skip
        assert (await client.futures_get_order(symbol="BTCUSDT", origClientOrderId="unanswered"))["status"] == "NEW"
    finally:
        await client.ws_future.close()


async def test_hedge_mode_holds_both_sides(ends: tuple[AsyncClient, BinanceSocketManager, Hand]) -> None:
    """EXEC-1: LONG and SHORT legs, with the mode's own refusals."""
    client, _, _ = ends
    await client.futures_change_position_mode(dualSidePosition="true")
    with pytest.raises(BinanceAPIException) as mismatch:
        await client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
    assert mismatch.value.code == -4061
    for side, leg in (("BUY", "LONG"), ("SELL", "SHORT")):
        await client.futures_create_order(
            symbol="BTCUSDT", side=side, positionSide=leg, type="MARKET", quantity="0.010"
        )  # fmt: skip
    legs = {each["positionSide"]: each["positionAmt"] for each in await client.futures_position_information()}
    assert legs == {"LONG": "0.010", "SHORT": "-0.010"}
