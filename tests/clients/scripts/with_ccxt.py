"""ccxt, REST and streams (``ccxt.pro``): ``with_ccxt.py binance`` or ``with_ccxt.py binanceusdm``."""

from __future__ import annotations

import asyncio
import re
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any

import ccxt.pro
from ccxt.base.errors import BaseError
from report import PATIENCE, SIMULATOR, Report, last_price, until_private_socket

SYMBOL, ETHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
QUANTITY = 0.01
#: What the class that trades spot and futures is told beside addresses, where it is to trade futures only.
FUTURES = {"defaultType": "swap", "fetchMarkets": {"types": ["linear"]}, "fetchCurrencies": False}


def code_of(error: BaseException) -> int | None:
    if not isinstance(error, BaseError):
        return None
    found = re.search(r'"code":\s*(-?\d+)', str(error)) or re.search(r" (404) Not Found", str(error))
    return int(found.group(1)) if found else None


report = Report(code_of)
call = report.acall


def addresses(of: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """Every address of the class, put elsewhere: the paths stay as they are."""
    changed: dict[str, Any] = {}
    for name, address in of.items():
        if isinstance(address, dict):
            changed[name] = addresses(address, place)
        elif re.match(r"(https|wss)://", str(address)):
            changed[name] = place(address)
    return changed


def at_the_simulator(address: str) -> str:
    """The simulator's host in the place of Binance's."""
    return re.sub(r"^\w+://[^/]+", SIMULATOR["sockets" if address.startswith("wss") else "rest"], address)


def at_the_real_name(address: str) -> str:
    """The real host, at the simulator's port."""
    return re.sub(r"^(\w+://[^/:]+)(:\d+)?", rf"\1:{PORT}", address)


PORT = urllib.parse.urlsplit(SIMULATOR["rest"]).port
#: Under the real names ccxt is told the port, and what to trust.
REAL_NAMES = {"hostname": f"binance.com:{PORT}", "cafile": SIMULATOR["certificate"]} if "certificate" in SIMULATOR else {}


def a_client(kind: str, **options: Any) -> Any:
    """A client whose addresses are the simulator's; nothing else is changed."""
    make = getattr(ccxt.pro, kind)
    urls = {"api": addresses(make().urls["api"], at_the_real_name if REAL_NAMES else at_the_simulator)}
    key = {"apiKey": SIMULATOR["key"], "secret": SIMULATOR["secret"]}
    return make({**key, **REAL_NAMES, "urls": urls, "options": options})


async def start(kind: str) -> Any:
    """Load the markets with addresses alone, and again with the options of those who trade futures only."""
    client = a_client(kind)
    await call("start (addresses alone)", client.load_markets, holds=lambda markets: SYMBOL in markets)
    await client.close()
    client = a_client(kind, **FUTURES)
    await call("start (options for futures)", client.load_markets, holds=lambda markets: SYMBOL in markets)
    return client


async def market(api: Any) -> None:
    await call("GET /fapi/v1/time", api.fetch_time, {"type": "swap", "subType": "linear"})
    await call("GET /fapi/v1/depth", api.fetch_order_book, SYMBOL, 5, holds=lambda a: len(a["bids"]) == 5)
    await call("GET /fapi/v1/aggTrades", api.fetch_trades, SYMBOL, limit=5, holds=lambda a: len(a) == 5)
    await call("GET /fapi/v1/klines", api.fetch_ohlcv, SYMBOL, "1m", limit=3, holds=lambda a: len(a) == 3)
    await call("GET /fapi/v1/markPriceKlines", api.fetch_ohlcv, SYMBOL, "1m", None, 3, {"price": "mark"})
    await call("GET /fapi/v1/indexPriceKlines", api.fetch_ohlcv, SYMBOL, "1m", None, 3, {"price": "index"})
    await call("GET /fapi/v1/premiumIndexKlines", api.fetch_ohlcv, SYMBOL, "1m", None, 3, {"price": "premiumIndex"})
    await call("GET /fapi/v1/premiumIndex", api.fetch_mark_price, SYMBOL, holds=lambda a: a["markPrice"] > 0)
    await call("GET /fapi/v1/premiumIndex (all)", api.fetch_funding_rates, holds=lambda a: SYMBOL in a)
    await call("GET /fapi/v1/fundingRate", api.fetch_funding_rate_history, SYMBOL)
    await call("GET /fapi/v1/fundingInfo", api.fetch_funding_intervals)
    await call("GET /fapi/v1/ticker/24hr", api.fetch_ticker, SYMBOL, holds=lambda a: a["last"] > 0)
    await call("GET /fapi/v1/ticker/24hr (all)", api.fetch_tickers, [SYMBOL, ETHER], holds=lambda a: len(a) == 2)
    await call("GET /fapi/v2/ticker/price", api.fetch_last_prices, [SYMBOL], holds=lambda a: a[SYMBOL]["price"] > 0)
    await call("GET /fapi/v1/ticker/bookTicker", api.fetch_bids_asks, [SYMBOL], holds=lambda a: a[SYMBOL]["bid"] > 0)
    await call("GET /fapi/v1/openInterest", api.fetch_open_interest, SYMBOL)
    await call("GET /futures/data/openInterestHist", api.fetch_open_interest_history, SYMBOL, "5m", optional=True)
    await call(
        "GET /futures/data/globalLongShortAccountRatio", api.fetch_long_short_ratio_history, SYMBOL, "5m", optional=True
    )


async def account(api: Any) -> None:
    await call("GET /fapi/v3/account", api.fetch_balance, holds=lambda a: a["USDT"]["total"] > 0)
    await call("GET /fapi/v1/positionSide/dual", api.fetch_position_mode, SYMBOL, holds=lambda a: a["hedged"] is False)
    await call("GET /fapi/v1/symbolConfig", api.fetch_leverages, [SYMBOL], holds=lambda a: a[SYMBOL]["longLeverage"])
    await call("GET /fapi/v1/leverageBracket", api.fetch_leverage_tiers, [SYMBOL], holds=lambda a: a[SYMBOL])
    await call("GET /fapi/v1/commissionRate", api.fetch_trading_fee, SYMBOL, holds=lambda a: a["taker"] > 0)
    await call("GET /fapi/v1/accountConfig", api.fetch_trading_fees, holds=lambda a: a[SYMBOL]["taker"] > 0)
    await call("POST /fapi/v1/positionSide/dual (unchanged)", api.set_position_mode, False, SYMBOL, refused=-4059)
    await call("POST /fapi/v1/leverage", api.set_leverage, 7, SYMBOL, holds=lambda a: int(a["leverage"]) == 7)
    await call("POST /fapi/v1/marginType", api.set_margin_mode, "isolated", ETHER)
    await call("POST /fapi/v1/marginType (unchanged)", api.set_margin_mode, "isolated", ETHER, refused=-4046)


async def trade(api: Any) -> None:
    low = round(last_price() * 0.9, 1)
    limit = (SYMBOL, "limit", "buy", QUANTITY)
    placed = await call(
        "POST /fapi/v1/order (LIMIT)",
        api.create_order,
        *limit,
        low,
        {"clientOrderId": "cc-1"},
        holds=lambda a: a["status"] == "open",
    )
    await call(
        "POST /fapi/v1/order (same client id)", api.create_order, *limit, low, {"clientOrderId": "cc-1"}, refused=-4116
    )
    await call("POST /fapi/v1/order (beyond the margin)", api.create_order, SYMBOL, "limit", "buy", 900, low, refused=-2019)
    await call("POST /fapi/v1/order (too small)", api.create_order, SYMBOL, "limit", "buy", 0.001, low, refused=-4164)
    number = (placed["id"], SYMBOL)
    await call("GET /fapi/v1/order", api.fetch_order, *number, holds=lambda a: a["status"] == "open")
    await call("GET /fapi/v1/openOrder", api.fetch_open_order, *number)
    await call("GET /fapi/v1/openOrders", api.fetch_open_orders, SYMBOL, holds=lambda a: len(a) == 1)
    await call("PUT /fapi/v1/order", api.edit_order, *number, "limit", "buy", QUANTITY, low - 10, holds=lambda a: a["id"])
    await call("DELETE /fapi/v1/order", api.cancel_order, *number, holds=lambda a: a["status"] == "canceled")
    await call("DELETE /fapi/v1/order (unknown)", api.cancel_order, *number, refused=-2011)
    await call("GET /fapi/v1/order (unknown)", api.fetch_order, "7", SYMBOL, refused=-2013)
    batch = [{"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": QUANTITY, "price": low - n} for n in (1, 2)]
    placed = await call("POST /fapi/v1/batchOrders", api.create_orders, batch, holds=lambda a: all(each["id"] for each in a))
    numbers = [each["id"] for each in placed]
    changes = [{"id": number_, **order, "price": low - 20} for number_, order in zip(numbers, batch, strict=True)]
    await call("PUT /fapi/v1/batchOrders", api.edit_orders, changes, holds=lambda a: all(each["id"] for each in a))
    await call(
        "DELETE /fapi/v1/batchOrders", api.cancel_orders, numbers, SYMBOL, holds=lambda a: a[0]["status"] == "canceled"
    )
    await call("DELETE /fapi/v1/allOpenOrders", api.cancel_all_orders, SYMBOL)
    await call(
        "POST /fapi/v1/order (MARKET)",
        api.create_order,
        SYMBOL,
        "market",
        "buy",
        QUANTITY,
        holds=lambda a: a["status"] == "closed",
    )
    await call("GET /fapi/v3/positionRisk", api.fetch_positions, [SYMBOL], holds=lambda a: a[0]["contracts"] == QUANTITY)
    await call("GET /fapi/v1/adlQuantile", api.fetch_positions_adl_rank, [SYMBOL])
    await stops(api, low)
    only = {"reduceOnly": True}
    await call("POST /fapi/v1/order (reduce-only MARKET)", api.create_order, SYMBOL, "market", "sell", QUANTITY, None, only)
    await call(
        "POST /fapi/v1/order (reduce-only, flat)",
        api.create_order,
        SYMBOL,
        "market",
        "sell",
        QUANTITY,
        None,
        only,
        refused=-2022,
    )


async def stops(api: Any, low: float) -> None:
    high = round(low / 0.9 * 1.1, 1)
    order = api.create_order
    market_stop = (SYMBOL, "market", "sell", QUANTITY, None)
    placed = await call(
        "POST /fapi/v1/algoOrder (STOP_MARKET)", order, *market_stop, {"stopLossPrice": low, "closePosition": True}
    )
    await call(
        "POST /fapi/v1/algoOrder (second closePosition)",
        order,
        *market_stop,
        {"stopLossPrice": low - 5, "closePosition": True},
        refused=-4130,
    )
    await call(
        "POST /fapi/v1/algoOrder (would trigger at once)", order, *market_stop, {"stopLossPrice": high}, refused=-2021
    )
    await call(
        "POST /fapi/v1/algoOrder (TAKE_PROFIT)", order, SYMBOL, "limit", "sell", QUANTITY, high, {"takeProfitPrice": high}
    )
    trailing = {"trailingPercent": 1, "trailingTriggerPrice": high}
    await call("POST /fapi/v1/algoOrder (TRAILING_STOP_MARKET)", order, *market_stop, trailing)
    of_stops = {"trigger": True}
    await call(
        "GET /fapi/v1/algoOrder", api.fetch_order, placed["id"], SYMBOL, of_stops, holds=lambda a: a["status"] == "open"
    )
    await call(
        "GET /fapi/v1/openAlgoOrders", api.fetch_open_orders, SYMBOL, None, None, of_stops, holds=lambda a: len(a) == 3
    )
    await call("DELETE /fapi/v1/algoOrder", api.cancel_order, placed["id"], SYMBOL, of_stops)
    await call("DELETE /fapi/v1/algoOpenOrders", api.cancel_all_orders, SYMBOL, of_stops)
    await call("GET /fapi/v1/allAlgoOrders", api.fetch_orders, SYMBOL, None, None, of_stops, holds=lambda a: len(a) == 3)


async def history(api: Any) -> None:
    await call("GET /fapi/v1/allOrders", api.fetch_orders, SYMBOL, holds=lambda a: len(a) >= 3)
    await call("GET /fapi/v1/userTrades", api.fetch_my_trades, SYMBOL, holds=lambda a: len(a) >= 2)
    await call(
        "GET /fapi/v1/income",
        api.fetch_ledger,
        None,
        None,
        None,
        {"type": "swap", "subType": "linear"},
        holds=lambda a: len(a) >= 2,
    )
    await call("GET /fapi/v1/income (FUNDING_FEE)", api.fetch_funding_history, SYMBOL)
    await call("GET /fapi/v1/forceOrders", api.fetch_my_liquidations, SYMBOL)
    await call("POST /fapi/v1/order (MARKET)", api.create_order, ETHER, "market", "buy", 1)
    await call("POST /fapi/v1/positionMargin", api.add_margin, ETHER, 5)
    await call("GET /fapi/v1/positionMargin/history", api.fetch_margin_adjustment_history, ETHER)
    await call(
        "POST /fapi/v1/order (reduce-only MARKET)", api.create_order, ETHER, "market", "sell", 1, None, {"reduceOnly": True}
    )


async def streams(api: Any) -> None:
    await call("<symbol>@ticker", once, api.watch_ticker, SYMBOL)
    await call("<symbol>@miniTicker", once, api.watch_tickers, [SYMBOL])
    await call("<symbol>@bookTicker", once, api.watch_bids_asks, [SYMBOL])
    await call("<symbol>@depth", once, api.watch_order_book, SYMBOL, holds=lambda a: len(a["bids"]) > 10)
    await call("<symbol>@trade", once, api.watch_trades, SYMBOL)
    await call("<symbol>@kline_<interval>", once, api.watch_ohlcv, SYMBOL, "1m")
    await call("<symbol>@markPrice", once, api.watch_mark_price, SYMBOL)
    await user_data(api)


async def once(watch: Any, *args: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await watch(*args)


async def user_data(api: Any) -> None:
    """ccxt opens the listen key and the socket when somebody watches."""
    watched = {
        "ORDER_TRADE_UPDATE": asyncio.create_task(once(api.watch_orders, SYMBOL)),
        "ORDER_TRADE_UPDATE (fills)": asyncio.create_task(once(api.watch_my_trades, SYMBOL)),
        "ACCOUNT_UPDATE (positions)": asyncio.create_task(once(api.watch_positions, [SYMBOL])),
        "ACCOUNT_UPDATE (balances)": asyncio.create_task(once(api.watch_balance)),
    }
    await call("POST /fapi/v1/listenKey", until_private_socket)
    await api.create_order(SYMBOL, "market", "buy", QUANTITY)
    await api.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"reduceOnly": True})
    for name, task in watched.items():
        await call(name, asyncio.wait_for, task, PATIENCE)


async def orders_socket(api: Any) -> None:
    low = round(last_price() * 0.9, 1)
    await call("depth", once, api.fetch_order_book_ws, SYMBOL, 5)
    await call("ticker.price", once, api.fetch_ticker_ws, SYMBOL)
    await call("v2/account.balance", once, api.fetch_balance_ws, {"type": "swap"})
    await call("v2/account.position", once, api.fetch_positions_ws, [SYMBOL])
    placed = await call("order.place (LIMIT)", once, api.create_order_ws, SYMBOL, "limit", "buy", QUANTITY, low)
    await call("order.status", once, api.fetch_order_ws, placed["id"], SYMBOL)
    await call("order.modify", once, api.edit_order_ws, placed["id"], SYMBOL, "limit", "buy", QUANTITY, low - 10)
    await call("order.cancel", once, api.cancel_order_ws, placed["id"], SYMBOL)
    await call("order.cancel (unknown)", once, api.cancel_order_ws, placed["id"], SYMBOL, refused=-2011)


async def main() -> None:
    api = await start(sys.argv[1])
    try:
        await market(api)
        await account(api)
        await trade(api)
        await history(api)
        await streams(api)
        await orders_socket(api)
    finally:
        await api.close()


asyncio.run(main())
