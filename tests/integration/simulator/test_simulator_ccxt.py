"""ccxt's binanceusdm, REST and streams, unmodified but for its addresses, trades against the protocol server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt.pro  # first: it takes seconds, in which a server of this process would stand still
import pytest

from tests.support.simulator.protocol_server import Hand, a_hand, a_server, ccxt_pro

BTC = "BTC/USDT:USDT"
#: Seconds until a message must have come.
SOON = 10.0


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Any, Hand]]:
    async with a_server() as server, a_hand(server) as hand, ccxt_pro(server) as exchange:
        yield exchange, hand


async def soon(waited: Any) -> Any:
    return await asyncio.wait_for(waited, SOON)


async def test_it_loads_markets_and_market_data(ends: tuple[Any, Hand]) -> None:
    """DATA-1: markets with their grids, klines, books, tickers, funding."""
    exchange, hand = ends
    markets = await exchange.load_markets()
    assert set(markets) >= {BTC, "ETH/USDT:USDT"}
    assert markets[BTC]["precision"] == {**markets[BTC]["precision"], "amount": 0.001, "price": 0.1}
    candles = await exchange.fetch_ohlcv(BTC, "1m", limit=5)
    truth = await hand.ask("GET", "history?symbol=BTCUSDT&interval=1m")
    assert [candle[0] for candle in candles[:4]] == [row[0] for row in truth[-4:]]
    assert [candle[4] for candle in candles[:4]] == [float(row[4]) for row in truth[-4:]]
    book = await exchange.fetch_order_book(BTC, 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert (await exchange.fetch_ticker(BTC))["last"] > 0
    assert (await exchange.fetch_funding_rate(BTC))["fundingRate"] == pytest.approx(0.0001)
    assert await exchange.fetch_trades(BTC)


async def test_it_streams_klines_books_and_trades(ends: tuple[Any, Hand]) -> None:
    """DATA-1: ccxt keeps a local book of the differences, and finds it in step with the exchange."""
    exchange, _ = ends
    await exchange.load_markets()
    assert (await soon(exchange.watch_ohlcv(BTC, "1m")))[-1][4] > 0
    for _ in range(5):
        book = await soon(exchange.watch_order_book(BTC))
    assert book["bids"][0][0] < book["asks"][0][0]
    assert (await soon(exchange.watch_trades(BTC)))[-1]["price"] > 0
    assert (await soon(exchange.watch_bids_asks([BTC])))[BTC]["bid"] > 0
    assert (await soon(exchange.watch_mark_price(BTC)))["markPrice"] > 0
    assert (await soon(exchange.watch_ticker(BTC)))["last"] > 0


async def test_it_trades_both_books_and_reads_positions(ends: tuple[Any, Hand]) -> None:
    """EXEC-1: every order type of the unified interface; placed, asked for, changed and cancelled."""
    exchange, _ = ends
    await exchange.load_markets()
    last = (await exchange.fetch_ticker(BTC))["last"]
    bought = await exchange.create_order(BTC, "market", "buy", 0.01)
    assert (bought["status"], bought["filled"]) == ("closed", 0.01)
    resting = await exchange.create_order(BTC, "limit", "buy", 0.01, last * 0.97, {"clientOrderId": "mine"})
    assert (await exchange.fetch_order(resting["id"], BTC))["clientOrderId"] == "mine"
    changed = await exchange.edit_order(resting["id"], BTC, "limit", "buy", 0.02, last * 0.96)
    assert changed["amount"] == 0.02
    assert [order["id"] for order in await exchange.fetch_open_orders(BTC)] == [resting["id"]]
    assert (await exchange.cancel_order(resting["id"], BTC))["status"] == "canceled"
    post_only = await exchange.create_order(BTC, "limit", "sell", 0.01, last * 1.03, {"postOnly": True})
    assert post_only["timeInForce"] in ("PO", "GTX")
    await exchange.cancel_all_orders(BTC)
    for params in (
        {"stopLossPrice": last * 0.98, "reduceOnly": True},
        {"takeProfitPrice": last * 1.02, "reduceOnly": True},
        {"trailingPercent": 1.0, "reduceOnly": True},
    ):
        made = await exchange.create_order(BTC, "market", "sell", 0.01, None, params)
        found = await exchange.fetch_order(made["id"], BTC, {"trigger": True})
        assert found["id"] == made["id"]
    assert len(await exchange.fetch_open_orders(BTC, params={"trigger": True})) == 3
    await exchange.cancel_all_orders(BTC, {"trigger": True})
    assert await exchange.fetch_open_orders(BTC, params={"trigger": True}) == []
    (position,) = await exchange.fetch_positions([BTC])
    assert (position["side"], position["contracts"]) == ("long", 0.01)
    balance = await exchange.fetch_balance()
    assert 0 < balance["USDT"]["free"] < balance["USDT"]["total"] + 100
    assert sum(trade["amount"] for trade in await exchange.fetch_my_trades(BTC)) == pytest.approx(0.01)
    await exchange.set_leverage(20, BTC)
    assert (await exchange.fetch_leverage_tiers([BTC]))[BTC][0]["maxLeverage"] == 150
    assert (await exchange.fetch_leverage(BTC))["longLeverage"] == 20


async def test_refusals_have_their_meaning(ends: tuple[Any, Hand]) -> None:
    """EXEC-6: ccxt's own table of codes sorts the simulator's refusals."""
    exchange, _ = ends
    await exchange.load_markets()
    last = (await exchange.fetch_ticker(BTC))["last"]
    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order(BTC, "limit", "buy", 900, last * 0.99)
    with pytest.raises(ccxt.OrderNotFillable):
        await exchange.create_order(BTC, "limit", "buy", 0.01, last * 1.01, {"postOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.fetch_order("12345678", BTC)
    with pytest.raises(ccxt.InvalidOrder):
        await exchange.create_order(BTC, "limit", "buy", 0.001, last * 0.97)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await exchange.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": last * 1.02})


async def test_user_events_reach_ccxt(ends: tuple[Any, Hand]) -> None:
    """EXEC-4: orders, trades, positions and balances over the private stream."""
    exchange, hand = ends
    await exchange.load_markets()
    orders = asyncio.ensure_future(exchange.watch_orders(BTC))
    positions = asyncio.ensure_future(exchange.watch_positions([BTC]))
    await hand.until_private_socket()
    await exchange.create_order(BTC, "market", "buy", 0.01)
    assert (await soon(orders))[0]["symbol"] == BTC
    assert (await soon(positions))[0]["contracts"] == 0.01


async def test_the_class_for_spot_and_futures_starts_and_trades_futures() -> None:
    """EXEC-1: ccxt's binance asks spot, COIN-M and wallets as well; they are empty here."""
    async with a_server() as server, ccxt_pro(server, "binance") as exchange:
        markets = await exchange.load_markets()
        assert set(markets) == {BTC, "ETH/USDT:USDT"}
        assert await exchange.fetch_currencies() == {}
        bought = await exchange.create_order(BTC, "market", "buy", 0.01)
        assert (bought["status"], bought["filled"]) == ("closed", 0.01)
        (position,) = await exchange.fetch_positions([BTC])
        assert position["contracts"] == 0.01
        assert (await exchange.fetch_balance({"type": "swap"}))["USDT"]["total"] > 0
