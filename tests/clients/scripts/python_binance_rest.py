"""The REST calls of ``python-binance``; ``with_python_binance.py`` runs them."""

from __future__ import annotations

import time
from typing import Any

from binance import AsyncClient
from binance.exceptions import BinanceAPIException
from report import SIMULATOR, Report, last_price

SYMBOL = "BTCUSDT"
QUANTITY = "0.01"


class Client(AsyncClient):
    """Addressed as the library's base URLs say."""

    API_URL = f"{SIMULATOR['rest']}/api"
    FUTURES_URL = f"{SIMULATOR['rest']}/fapi"
    FUTURES_DATA_URL = f"{SIMULATOR['rest']}/futures/data"
    MARGIN_API_URL = f"{SIMULATOR['rest']}/sapi"
    WS_FUTURES_URL = f"{SIMULATOR['sockets']}/ws-fapi/v1"


def code_of(error: BaseException) -> int | None:
    if isinstance(error, BinanceAPIException):
        return error.code or error.status_code
    return None


report = Report(code_of)
call = report.acall


async def rest(api: Client) -> None:
    """Market data, account, orders, histories."""
    await market(api)
    await account(api)
    await trade(api)
    await history(api)


async def market(api: Client) -> None:
    coin = {"symbol": SYMBOL}
    of = {**coin, "period": "5m"}
    await call("GET /fapi/v1/ping", api.futures_ping)
    await call("GET /fapi/v1/time", api.futures_time)
    await call("GET /fapi/v1/exchangeInfo", api.futures_exchange_info, holds=lambda a: a["symbols"])
    await call("GET /fapi/v1/depth", api.futures_order_book, **coin, limit=5, holds=lambda a: len(a["bids"]) == 5)
    await call("GET /fapi/v1/trades", api.futures_recent_trades, **coin)
    await call("GET /fapi/v1/historicalTrades", api.futures_historical_trades, **coin)
    await call("GET /fapi/v1/aggTrades", api.futures_aggregate_trades, **coin)
    await call("GET /fapi/v1/klines", api.futures_klines, **coin, interval="1m", limit=3, holds=lambda a: len(a) == 3)
    await call(
        "GET /fapi/v1/continuousKlines", api.futures_continuous_klines, pair=SYMBOL, contractType="PERPETUAL", interval="1m"
    )
    await call("GET /fapi/v1/indexPriceKlines", api.futures_index_price_klines, pair=SYMBOL, interval="1m")
    await call("GET /fapi/v1/markPriceKlines", api.futures_mark_price_klines, **coin, interval="1m")
    await call("GET /fapi/v1/premiumIndexKlines", api.futures_premium_index_klines, **coin, interval="1m")
    await call("GET /fapi/v1/premiumIndex", api.futures_mark_price, **coin)
    await call("GET /fapi/v1/premiumIndex (all)", api.futures_mark_price, holds=lambda a: len(a) > 1)
    await call("GET /fapi/v1/fundingRate", api.futures_funding_rate, **coin)
    await call("GET /fapi/v1/fundingInfo", api.futures_v1_get_funding_info)
    await call("GET /fapi/v1/ticker/24hr", api.futures_ticker, **coin)
    await call("GET /fapi/v1/ticker/price", api.futures_symbol_ticker, **coin)
    await call("GET /fapi/v1/ticker/bookTicker", api.futures_orderbook_ticker, **coin)
    await call("GET /fapi/v1/openInterest", api.futures_open_interest, **coin)
    await call("GET /futures/data/openInterestHist", api.futures_open_interest_hist, **of, optional=True)
    await call("GET /futures/data/topLongShortPositionRatio", api.futures_top_longshort_position_ratio, **of, optional=True)
    await call("GET /futures/data/topLongShortAccountRatio", api.futures_top_longshort_account_ratio, **of, optional=True)
    await call("GET /futures/data/globalLongShortAccountRatio", api.futures_global_longshort_ratio, **of, optional=True)
    await call("GET /futures/data/takerlongshortRatio", api.futures_taker_longshort_ratio, **of, optional=True)
    await call("GET /fapi/v1/indexInfo", api.futures_index_info, optional=True)
    await call("GET /fapi/v1/assetIndex", api.futures_v1_get_asset_index, symbol="BTCUSD", optional=True)
    await call("GET /fapi/v1/constituents", api.futures_index_price_constituents, **coin, optional=True)
    await call("GET /fapi/v1/symbolAdlRisk", api.futures_symbol_adl_risk, **coin, optional=True)
    await call("GET /fapi/v1/rpiDepth", api.futures_rpi_depth, **coin, optional=True)


async def account(api: Client) -> None:
    await call("GET /fapi/v3/balance", api.futures_account_balance)
    await call("GET /fapi/v2/account", api.futures_account, version=2, holds=lambda a: len(a["positions"]) > 1)
    await call("GET /fapi/v3/account", api.futures_account, version=3, holds=lambda a: a["assets"])
    await call("GET /fapi/v1/accountConfig", api.futures_account_config)
    await call("GET /fapi/v1/symbolConfig", api.futures_symbol_config)
    await call("GET /fapi/v1/commissionRate", api.futures_commission_rate, symbol=SYMBOL)
    await call("GET /fapi/v1/leverageBracket", api.futures_leverage_bracket, symbol=SYMBOL)
    await call("GET /fapi/v1/rateLimit/order", api.futures_v1_get_rate_limit_order)
    await call("GET /fapi/v1/apiTradingStatus", api.futures_api_trading_status)
    await call(
        "GET /fapi/v1/positionSide/dual", api.futures_get_position_mode, holds=lambda a: a["dualSidePosition"] is False
    )
    await call(
        "POST /fapi/v1/positionSide/dual (unchanged)",
        api.futures_change_position_mode,
        dualSidePosition="false",
        refused=-4059,
    )
    await call("GET /fapi/v1/multiAssetsMargin", api.futures_get_multi_assets_mode)
    await call("POST /fapi/v1/multiAssetsMargin (unchanged)", api.futures_change_multi_assets_mode, False, refused=-4171)
    await call("GET /fapi/v1/feeBurn", api.futures_v1_get_fee_burn)
    await call(
        "POST /fapi/v1/leverage", api.futures_change_leverage, symbol=SYMBOL, leverage=7, holds=lambda a: a["leverage"] == 7
    )
    await call("POST /fapi/v1/marginType", api.futures_change_margin_type, symbol="ETHUSDT", marginType="ISOLATED")
    await call(
        "POST /fapi/v1/marginType (unchanged)",
        api.futures_change_margin_type,
        symbol="ETHUSDT",
        marginType="ISOLATED",
        refused=-4046,
    )


def far_limit() -> tuple[float, dict[str, Any]]:
    """A limit order that rests."""
    low = round(last_price() * 0.9, 1)
    return low, {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": QUANTITY, "price": low}


async def trade(api: Client) -> None:
    low, limit = far_limit()
    order = api.futures_create_order
    await call("POST /fapi/v1/order/test", api.futures_create_test_order, **limit)
    placed = await call("POST /fapi/v1/order (LIMIT)", order, **limit, newClientOrderId="pb-1")
    number = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    await call("POST /fapi/v1/order (same client id)", order, **limit, newClientOrderId="pb-1", refused=-4116)
    await call("POST /fapi/v1/order (off the tick)", order, **{**limit, "price": round(low + 0.03, 2)}, refused=-4014)
    await call("POST /fapi/v1/order (too many decimals)", order, **{**limit, "quantity": "0.0123"}, refused=-1111)
    await call("POST /fapi/v1/order (beyond the margin)", order, **{**limit, "quantity": 900}, refused=-2019)
    await call("POST /fapi/v1/order (too small)", order, **{**limit, "quantity": "0.001"}, refused=-4164)
    await call("GET /fapi/v1/order", api.futures_get_order, **number, holds=lambda a: a["status"] == "NEW")
    await call("GET /fapi/v1/openOrder", api.futures_v1_get_open_order, **number)
    await call("GET /fapi/v1/openOrders", api.futures_get_open_orders, symbol=SYMBOL, holds=lambda a: len(a) == 1)
    await call("PUT /fapi/v1/order", api.futures_modify_order, **number, side="BUY", quantity=QUANTITY, price=low - 10)
    await call("GET /fapi/v1/orderAmendment", api.futures_v1_get_order_amendment, **number, holds=lambda a: len(a) == 1)
    await call("DELETE /fapi/v1/order", api.futures_cancel_order, **number, holds=lambda a: a["status"] == "CANCELED")
    await call("DELETE /fapi/v1/order (unknown)", api.futures_cancel_order, **number, refused=-2011)
    await call(
        "GET /fapi/v1/order (unknown)", api.futures_get_order, symbol=SYMBOL, origClientOrderId="nobody", refused=-2013
    )
    batch = [{**limit, "price": str(low)} for _ in range(2)]
    placed = await call(
        "POST /fapi/v1/batchOrders", api.futures_place_batch_order, batchOrders=batch, holds=lambda a: len(a) == 2
    )
    numbers = [each["orderId"] for each in placed]
    await call(
        "DELETE /fapi/v1/batchOrders",
        api.futures_cancel_orders,
        symbol=SYMBOL,
        orderidlist=numbers,
        holds=lambda a: a[0]["status"] == "CANCELED",
    )
    await call("POST /fapi/v1/countdownCancelAll", api.futures_countdown_cancel_all, symbol=SYMBOL, countdownTime=0)
    await call("DELETE /fapi/v1/allOpenOrders", api.futures_cancel_all_open_orders, symbol=SYMBOL)
    market_order = {"symbol": SYMBOL, "type": "MARKET", "quantity": QUANTITY, "newOrderRespType": "RESULT"}
    await call("POST /fapi/v1/order (MARKET)", order, side="BUY", **market_order, holds=lambda a: a["status"] == "FILLED")
    await call("GET /fapi/v3/positionRisk", api.futures_position_information, holds=lambda a: len(a) == 1)
    await call("GET /fapi/v2/positionRisk", api.futures_position_information, version=2, holds=lambda a: len(a) > 1)
    await call("GET /fapi/v1/adlQuantile", api.futures_adl_quantile_estimate)
    await stops(api, low)
    await call("POST /fapi/v1/order (reduce-only MARKET)", order, side="SELL", reduceOnly="true", **market_order)
    await call(
        "POST /fapi/v1/order (reduce-only, flat)", order, side="SELL", reduceOnly="true", **market_order, refused=-2022
    )


async def stops(api: Client, low: float) -> None:
    high = round(low / 0.9 * 1.1, 1)
    stop = {"symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET"}
    placed = await call(
        "POST /fapi/v1/algoOrder (STOP_MARKET)", api.futures_create_order, **stop, closePosition="true", stopPrice=low
    )
    await call(
        "POST /fapi/v1/algoOrder (second closePosition)",
        api.futures_create_algo_order,
        **stop,
        closePosition="true",
        triggerPrice=low - 5,
        refused=-4130,
    )
    await call(
        "POST /fapi/v1/algoOrder (would trigger at once)",
        api.futures_create_order,
        **stop,
        quantity=QUANTITY,
        stopPrice=high,
        refused=-2021,
    )
    await call(
        "POST /fapi/v1/algoOrder (TAKE_PROFIT)",
        api.futures_create_order,
        **{**stop, "type": "TAKE_PROFIT"},
        quantity=QUANTITY,
        price=high,
        stopPrice=high,
        timeInForce="GTC",
    )
    await call(
        "POST /fapi/v1/algoOrder (TRAILING_STOP_MARKET)",
        api.futures_create_order,
        **{**stop, "type": "TRAILING_STOP_MARKET"},
        quantity=QUANTITY,
        callbackRate=1,
        activatePrice=high,
    )
    number = {"algoId": placed["algoId"]}
    await call("GET /fapi/v1/algoOrder", api.futures_get_algo_order, **number)
    await call("GET /fapi/v1/openAlgoOrders", api.futures_get_open_algo_orders, symbol=SYMBOL, holds=lambda a: len(a) == 3)
    await call("DELETE /fapi/v1/algoOrder", api.futures_cancel_algo_order, **number)
    await call("DELETE /fapi/v1/algoOpenOrders", api.futures_cancel_all_algo_open_orders, symbol=SYMBOL)
    await call("GET /fapi/v1/allAlgoOrders", api.futures_get_all_algo_orders, symbol=SYMBOL, holds=lambda a: len(a) == 3)


async def history(api: Client) -> None:
    await call("GET /fapi/v1/allOrders", api.futures_get_all_orders, symbol=SYMBOL, holds=lambda a: len(a) >= 3)
    await call("GET /fapi/v1/userTrades", api.futures_account_trades, symbol=SYMBOL, holds=lambda a: len(a) >= 2)
    await call("GET /fapi/v1/income", api.futures_income_history, holds=lambda a: len(a) >= 2)
    await call("GET /fapi/v1/forceOrders", api.futures_liquidation_orders)
    eth = {"symbol": "ETHUSDT", "type": "MARKET", "quantity": 1}
    await call("POST /fapi/v1/order (MARKET)", api.futures_create_order, side="BUY", **eth)
    await call("POST /fapi/v1/positionMargin", api.futures_change_position_margin, symbol="ETHUSDT", amount=5, type=1)
    await call("GET /fapi/v1/positionMargin/history", api.futures_position_margin_history, symbol="ETHUSDT")
    await call("POST /fapi/v1/order (reduce-only MARKET)", api.futures_create_order, side="SELL", reduceOnly="true", **eth)
    day = {"endTime": int(time.time() * 1000)}
    day["startTime"] = day["endTime"] - 86_400_000
    await call("GET /fapi/v1/income/asyn", api.futures_v1_get_income_asyn, **day, optional=True)
    await call("GET /fapi/v1/order/asyn", api.futures_v1_get_order_asyn, **day, optional=True)
    await call("GET /fapi/v1/trade/asyn", api.futures_v1_get_trade_asyn, **day, optional=True)
    await call("POST /fapi/v1/feeBurn", api.futures_v1_post_fee_burn, feeBurn="false", optional=True)
    await call(
        "GET /fapi/v1/convert/exchangeInfo", api.futures_v1_get_convert_exchange_info, fromAsset="USDT", optional=True
    )
    await call("GET /fapi/v1/pmAccountInfo", api.futures_v1_get_pm_account_info, asset="USDT", optional=True)
