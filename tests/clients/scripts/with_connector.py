"""``binance-futures-connector``: REST, streams, user data."""

from __future__ import annotations

import json
import time
from typing import Any

from binance.error import ClientError
from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient
from report import SIMULATOR, Heard, Report, admin, is_event, last_price

SYMBOL = "BTCUSDT"
QUANTITY = 0.01


def code_of(error: BaseException) -> int | None:
    if isinstance(error, ClientError):
        return error.error_code if error.error_code is not None else error.status_code
    return None


report = Report(code_of)
call = report.call


def market(api: UMFutures) -> None:
    call("GET /fapi/v1/ping", api.ping)
    call("GET /fapi/v1/time", api.time, holds=lambda a: a["serverTime"] > 0)
    call("GET /fapi/v1/exchangeInfo", api.exchange_info, holds=lambda a: a["symbols"][0]["filters"])
    call("GET /fapi/v1/depth", api.depth, SYMBOL, limit=5, holds=lambda a: len(a["bids"]) == 5)
    call("GET /fapi/v1/trades", api.trades, SYMBOL, holds=lambda a: a[0]["price"])
    call("GET /fapi/v1/historicalTrades", api.historical_trades, SYMBOL)
    call("GET /fapi/v1/aggTrades", api.agg_trades, SYMBOL)
    call("GET /fapi/v1/klines", api.klines, SYMBOL, "1m", limit=3, holds=lambda a: len(a) == 3)
    call("GET /fapi/v1/continuousKlines", api.continuous_klines, SYMBOL, "PERPETUAL", "1m")
    call("GET /fapi/v1/indexPriceKlines", api.index_price_klines, SYMBOL, "1m")
    call("GET /fapi/v1/markPriceKlines", api.mark_price_klines, SYMBOL, "1m")
    call("GET /fapi/v1/premiumIndex", api.mark_price, SYMBOL)
    call("GET /fapi/v1/premiumIndex (all)", api.mark_price, holds=lambda a: len(a) > 1)
    call("GET /fapi/v1/fundingRate", api.funding_rate, SYMBOL)
    call("GET /fapi/v1/fundingInfo", api.funding_info)
    call("GET /fapi/v1/ticker/24hr", api.ticker_24hr_price_change, SYMBOL)
    call("GET /fapi/v1/ticker/price", api.ticker_price, SYMBOL)
    call("GET /fapi/v1/ticker/bookTicker", api.book_ticker, SYMBOL)
    call("GET /fapi/v1/openInterest", api.open_interest, SYMBOL)
    call("GET /futures/data/openInterestHist", api.open_interest_hist, SYMBOL, "5m", optional=True)
    call("GET /futures/data/topLongShortPositionRatio", api.top_long_short_position_ratio, SYMBOL, "5m", optional=True)
    call("GET /futures/data/topLongShortAccountRatio", api.top_long_short_account_ratio, SYMBOL, "5m", optional=True)
    call("GET /futures/data/globalLongShortAccountRatio", api.long_short_account_ratio, SYMBOL, "5m", optional=True)
    call("GET /futures/data/takerlongshortRatio", api.taker_long_short_ratio, SYMBOL, "5m", optional=True)
    call("GET /futures/data/delivery-price", api.quarterly_contract_settlement_price, SYMBOL, optional=True)
    call("GET /fapi/v1/indexInfo", api.index_info, optional=True)
    call("GET /fapi/v1/assetIndex", api.asset_Index, "BTCUSD", optional=True)
    call("GET /fapi/v1/constituents", api.index_price_constituents, SYMBOL, optional=True)


def account(api: UMFutures) -> None:
    call("GET /fapi/v2/balance", api.balance)
    call("GET /fapi/v2/account", api.account, holds=lambda a: a["assets"])
    call("GET /fapi/v1/accountConfig", api.futures_account_configuration)
    call("GET /fapi/v1/symbolConfig", api.symbol_configuration)
    call("GET /fapi/v1/commissionRate", api.commission_rate, SYMBOL)
    call("GET /fapi/v1/leverageBracket", api.leverage_brackets, symbol=SYMBOL)
    call("GET /fapi/v1/rateLimit/order", api.query_user_rate_limit)
    call("GET /fapi/v1/apiTradingStatus", api.api_trading_status)
    call("GET /fapi/v1/positionSide/dual", api.get_position_mode, holds=lambda a: a["dualSidePosition"] is False)
    call("POST /fapi/v1/positionSide/dual (unchanged)", api.change_position_mode, "false", refused=-4059)
    call("GET /fapi/v1/multiAssetsMargin", api.get_multi_asset_mode)
    call("POST /fapi/v1/multiAssetsMargin (unchanged)", api.change_multi_asset_mode, "false", refused=-4171)
    call("GET /fapi/v1/feeBurn", api.get_bnb_burn)
    call("POST /fapi/v1/leverage", api.change_leverage, SYMBOL, 7, holds=lambda a: a["leverage"] == 7)
    call("POST /fapi/v1/marginType", api.change_margin_type, "ETHUSDT", "ISOLATED")
    call("POST /fapi/v1/marginType (unchanged)", api.change_margin_type, "ETHUSDT", "ISOLATED", refused=-4046)


def trade(api: UMFutures) -> None:
    low = round(last_price() * 0.9, 1)
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": QUANTITY, "price": low}
    call("POST /fapi/v1/order/test", api.new_order_test, **limit)
    placed = call("POST /fapi/v1/order (LIMIT)", api.new_order, **limit, newClientOrderId="connector-1")
    number = placed["orderId"]
    call("POST /fapi/v1/order (same client id)", api.new_order, **limit, newClientOrderId="connector-1", refused=-4116)
    call("POST /fapi/v1/order (off the tick)", api.new_order, **{**limit, "price": round(low + 0.03, 2)}, refused=-4014)
    call("POST /fapi/v1/order (too many decimals)", api.new_order, **{**limit, "quantity": 0.0123}, refused=-1111)
    call("POST /fapi/v1/order (beyond the margin)", api.new_order, **{**limit, "quantity": 900}, refused=-2019)
    call("POST /fapi/v1/order (too small)", api.new_order, **{**limit, "quantity": 0.001}, refused=-4164)
    call("GET /fapi/v1/order", api.query_order, SYMBOL, orderId=number, holds=lambda a: a["status"] == "NEW")
    call("GET /fapi/v1/openOrder", api.get_open_orders, SYMBOL, orderId=number)
    call("GET /fapi/v1/openOrders", api.get_orders, holds=lambda a: len(a) == 1)
    call("PUT /fapi/v1/order", api.modify_order, SYMBOL, "BUY", QUANTITY, low - 10, orderId=number)
    call("DELETE /fapi/v1/order", api.cancel_order, SYMBOL, orderId=number, holds=lambda a: a["status"] == "CANCELED")
    call("DELETE /fapi/v1/order (unknown)", api.cancel_order, SYMBOL, orderId=number, refused=-2011)
    call("GET /fapi/v1/order (unknown)", api.query_order, SYMBOL, origClientOrderId="nobody", refused=-2013)
    batch = [{**limit, "quantity": str(QUANTITY), "price": str(low)}] * 2
    placed = call(
        "POST /fapi/v1/batchOrders", api.new_batch_order, batch, holds=lambda a: all("orderId" in each for each in a)
    )
    numbers = [each["orderId"] for each in placed]
    call(
        "DELETE /fapi/v1/batchOrders",
        api.cancel_batch_order,
        SYMBOL,
        numbers,
        [],
        holds=lambda a: a[0]["status"] == "CANCELED",
    )
    call("POST /fapi/v1/countdownCancelAll", api.countdown_cancel_order, SYMBOL, 0)
    call("DELETE /fapi/v1/allOpenOrders", api.cancel_open_orders, SYMBOL)
    call(
        "POST /fapi/v1/order (STOP_MARKET)",
        api.new_order,
        SYMBOL,
        "SELL",
        "STOP_MARKET",
        quantity=QUANTITY,
        stopPrice=low,
        refused=-4120,
    )
    market_order = {"symbol": SYMBOL, "type": "MARKET", "quantity": QUANTITY, "newOrderRespType": "RESULT"}
    call("POST /fapi/v1/order (MARKET)", api.new_order, side="BUY", **market_order, holds=lambda a: a["status"] == "FILLED")
    call(
        "GET /fapi/v2/positionRisk",
        api.get_position_risk,
        symbol=SYMBOL,
        holds=lambda a: float(a[0]["positionAmt"]) == QUANTITY,
    )
    call("GET /fapi/v1/adlQuantile", api.adl_quantile)
    call("POST /fapi/v1/order (reduce-only MARKET)", api.new_order, side="SELL", reduceOnly="true", **market_order)
    call(
        "POST /fapi/v1/order (reduce-only, flat)",
        api.new_order,
        side="SELL",
        reduceOnly="true",
        **market_order,
        refused=-2022,
    )


def history(api: UMFutures) -> None:
    call("GET /fapi/v1/allOrders", api.get_all_orders, SYMBOL, holds=lambda a: len(a) >= 3)
    call("GET /fapi/v1/userTrades", api.get_account_trades, SYMBOL, holds=lambda a: len(a) >= 2)
    call("GET /fapi/v1/income", api.get_income_history, holds=lambda a: len(a) >= 2)
    call("GET /fapi/v1/forceOrders", api.force_orders)
    eth = {"symbol": "ETHUSDT", "type": "MARKET", "quantity": 1.0}
    call("POST /fapi/v1/order (MARKET)", api.new_order, side="BUY", **eth)
    call("POST /fapi/v1/positionMargin", api.modify_isolated_position_margin, "ETHUSDT", 5.0, 1)
    call("GET /fapi/v1/positionMargin/history", api.get_position_margin_history, "ETHUSDT")
    call("POST /fapi/v1/order (reduce-only MARKET)", api.new_order, side="SELL", reduceOnly="true", **eth)
    day = {"endTime": int(time.time() * 1000)}
    day["startTime"] = day["endTime"] - 86_400_000
    call("GET /fapi/v1/income/asyn", api.download_transactions_asyn, **day, optional=True)
    call("GET /fapi/v1/order/asyn", api.download_order_asyn, **day, optional=True)
    call("GET /fapi/v1/trade/asyn", api.download_trade_asyn, **day, optional=True)
    call("POST /fapi/v1/feeBurn", api.toggle_bnb_burn, "false", optional=True)
    call("GET /fapi/v1/convert/exchangeInfo", api.list_all_convert_pairs, fromAsset="USDT", optional=True)


class Socket:
    """One of the exchange's three stream paths."""

    def __init__(self, path: str) -> None:
        self.heard = Heard()
        self.client = UMFuturesWebsocketClient(
            stream_url=f"{SIMULATOR['sockets']}/{path}", on_message=lambda _, text: self.heard.add(json.loads(text))
        )

    def first(self, kind: str, subscribe: Any, **parameters: Any) -> Any:
        """Subscribe, and wait for an event of this kind."""
        subscribe(**parameters)
        return self.heard.wait(lambda frame: _kind(frame) == kind)


def _kind(frame: Any) -> str:
    return str((frame[0] if isinstance(frame, list) else frame).get("e"))


def streams() -> None:
    market_, public = Socket("market"), Socket("public")
    on = market_.client
    coin = {"symbol": SYMBOL}
    call("<symbol>@aggTrade", market_.first, "aggTrade", on.agg_trade, **coin)
    call("<symbol>@kline_<interval>", market_.first, "kline", on.kline, **coin, interval="1m")
    call(
        "<pair>_perpetual@continuousKline_<interval>",
        market_.first,
        "continuous_kline",
        on.continuous_kline,
        pair=SYMBOL,
        contractType="perpetual",
        interval="1m",
    )
    call("<symbol>@markPrice", market_.first, "markPriceUpdate", on.mark_price, **coin, speed=1)
    call("<symbol>@miniTicker", market_.first, "24hrMiniTicker", on.mini_ticker, **coin)
    call("<symbol>@ticker", market_.first, "24hrTicker", on.ticker, **coin)
    on = public.client
    call("<symbol>@bookTicker", public.first, "bookTicker", on.book_ticker, **coin)
    call("<symbol>@depth", public.first, "depthUpdate", on.diff_book_depth, **coin, speed=100)
    for each in (market_, public):
        each.client.stop()
    for name, path, kind, method, more in (
        ("!markPrice@arr", "market", "markPriceUpdate", "mark_price_all_market", {}),
        ("!ticker@arr", "market", "24hrTicker", "ticker", {}),
        ("!miniTicker@arr", "market", "24hrMiniTicker", "mini_ticker", {}),
        ("!bookTicker", "public", "bookTicker", "book_ticker", {"symbol": None}),
        ("<symbol>@depth<levels>", "public", "depthUpdate", "partial_book_depth", {**coin, "level": 5, "speed": 100}),
    ):
        socket = Socket(path)
        call(name, socket.first, kind, getattr(socket.client, method), **more)
        socket.client.stop()


def user_data(api: UMFutures) -> None:
    key = call("POST /fapi/v1/listenKey", api.new_listen_key)["listenKey"]
    call("PUT /fapi/v1/listenKey", api.renew_listen_key, key)
    socket = Socket("private")
    socket.client.user_data(listen_key=key, id=7)
    call("SUBSCRIBE <listenKey>", socket.heard.wait, lambda frame: frame["id"] == 7 and frame["result"] is None)
    market_order = {"symbol": SYMBOL, "type": "MARKET", "quantity": QUANTITY}
    api.new_order(side="BUY", **market_order)
    admin("faults", kind="margin_call", symbol=SYMBOL)
    api.new_order(side="SELL", reduceOnly="true", **market_order)
    api.change_leverage(SYMBOL, 9)
    for kind in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL"):
        call(kind, socket.heard.wait, is_event(kind))
    admin("faults", kind="expire_listen_key")
    call("listenKeyExpired", socket.heard.wait, is_event("listenKeyExpired"))
    key = call("POST /fapi/v1/listenKey", api.new_listen_key)["listenKey"]
    call("DELETE /fapi/v1/listenKey", api.close_listen_key, key)
    socket.client.stop()


def main() -> None:
    api = UMFutures(key=SIMULATOR["key"], secret=SIMULATOR["secret"], base_url=SIMULATOR["rest"])
    market(api)
    account(api)
    trade(api)
    history(api)
    streams()
    user_data(api)


main()
