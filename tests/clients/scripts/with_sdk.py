"""The official SDK, ``binance-sdk-derivatives-trading-usds-futures``: REST, streams with user data, WebSocket API."""

from __future__ import annotations

import asyncio
from typing import Any

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from report import SIMULATOR, Heard, admin, last_price
from sdk_rest import QUANTITY, SYMBOL, Refused, report, rest, rest_call


async def streams(client: DerivativesTradingUsdsFutures) -> None:
    streams_ = client.websocket_streams
    await report.acall("connect (streams)", streams_.create_connection)
    for name, open_ in {
        "<symbol>@aggTrade": lambda: streams_.aggregate_trade_streams(symbol="btcusdt"),
        "<symbol>@kline_<interval>": lambda: streams_.kline_candlestick_streams(symbol="btcusdt", interval="1m"),
        "<pair>_perpetual@continuousKline_<interval>": lambda: streams_.continuous_contract_kline_candlestick_streams(
            pair="btcusdt", contract_type="perpetual", interval="1m"
        ),
        "<symbol>@markPrice": lambda: streams_.mark_price_stream(symbol="btcusdt", update_speed="1s"),
        "!markPrice@arr": lambda: streams_.mark_price_stream_for_all_market(update_speed="1s"),
        "<symbol>@ticker": lambda: streams_.individual_symbol_ticker_streams(symbol="btcusdt"),
        "!ticker@arr": lambda: streams_.all_market_tickers_streams(),
        "<symbol>@miniTicker": lambda: streams_.individual_symbol_mini_ticker_stream(symbol="btcusdt"),
        "!miniTicker@arr": lambda: streams_.all_market_mini_tickers_stream(),
        "<symbol>@bookTicker": lambda: streams_.individual_symbol_book_ticker_streams(symbol="btcusdt"),
        "!bookTicker": lambda: streams_.all_book_tickers_stream(),
        "<symbol>@depth": lambda: streams_.diff_book_depth_streams(symbol="btcusdt", update_speed="100ms"),
        "<symbol>@depth<levels>": lambda: streams_.partial_book_depth_streams(
            symbol="btcusdt", levels=5, update_speed="100ms"
        ),
    }.items():
        await report.acall(name, first_frame, open_)
    await user_data(client)
    await streams_.close_connection(close_session=True)


async def first_frame(open_: Any) -> Any:
    """Subscribe, wait for a frame that fits the SDK's model, and end the subscription."""
    heard = Heard()
    handle = await open_()
    handle.on("message", heard.add)
    frame = await asyncio.to_thread(heard.wait, lambda frame: not isinstance(frame, dict))
    await handle.unsubscribe()
    return frame


#: What the SDK parses each event into.
EVENTS = {
    "ORDER_TRADE_UPDATE": "OrderTradeUpdate",
    "ACCOUNT_UPDATE": "AccountUpdate",
    "TRADE_LITE": "TradeLite",
    "ALGO_UPDATE": "AlgoUpdate",
    "ACCOUNT_CONFIG_UPDATE": "AccountConfigUpdate",
    "MARGIN_CALL": "MarginCall",
}


def of_class(name: str) -> Any:
    """Whether the SDK knows an event as this class."""
    return lambda event: type(getattr(event, "actual_instance", event)).__name__ == name


async def user_data(client: DerivativesTradingUsdsFutures) -> None:
    api = client.rest_api
    key = rest_call("POST /fapi/v1/listenKey", api.start_user_data_stream, holds=lambda a: a.listen_key)
    rest_call("PUT /fapi/v1/listenKey", api.keepalive_user_data_stream)
    heard = Heard()
    handle = await report.acall("SUBSCRIBE <listenKey>", client.websocket_streams.user_data, listenKey=key.listen_key)
    handle.on("message", heard.add)
    await asyncio.to_thread(some_trading, api)
    for kind, name in EVENTS.items():
        await report.acall(kind, asyncio.to_thread, heard.wait, of_class(name))
    admin("faults", kind="expire_listen_key")
    await report.acall("listenKeyExpired", asyncio.to_thread, heard.wait, of_class("ListenKeyExpired"))
    key = rest_call("POST /fapi/v1/listenKey", api.start_user_data_stream)
    rest_call("DELETE /fapi/v1/listenKey", api.close_user_data_stream)


def some_trading(api: Any) -> None:
    """What makes each kind of user event."""
    market_order = {"symbol": SYMBOL, "type": "MARKET", "quantity": QUANTITY}
    api.new_order(side="BUY", **market_order)
    admin("faults", kind="margin_call", symbol=SYMBOL)
    api.new_algo_order(
        algo_type="CONDITIONAL",
        symbol=SYMBOL,
        side="SELL",
        type="STOP_MARKET",
        close_position="true",
        trigger_price=round(last_price() * 0.9, 1),
    )
    api.cancel_all_algo_open_orders(symbol=SYMBOL)
    api.new_order(side="SELL", reduce_only="true", **market_order)
    api.change_initial_leverage(symbol=SYMBOL, leverage=9)


async def socket_call(name: str, do: Any, **more: Any) -> Any:
    """A request of the WebSocket API; its ``result``."""

    async def answered(**parameters: Any) -> Any:
        answer = (await do(**parameters)).data()
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(code_in(answer["error"]), answer["error"])
        return answer.result if hasattr(answer, "result") else answer

    return await report.acall(name, answered, **more)


def code_in(error: Any) -> int | None:
    if isinstance(error, dict):
        return error.get("code")
    text = str(error)
    digits = text[text.find("-") :].split(" ")[0].strip(",:}'") if "-" in text else ""
    return int(digits) if digits.lstrip("-").isdigit() else None


async def orders_socket(client: DerivativesTradingUsdsFutures) -> None:
    api = client.websocket_api
    await report.acall("connect (WebSocket API)", api.create_connection)
    await socket_call("depth", api.order_book, symbol=SYMBOL, holds=lambda a: a.last_update_id)
    await socket_call("ticker.price", api.symbol_price_ticker, symbol=SYMBOL)
    await socket_call("ticker.book", api.symbol_order_book_ticker, symbol=SYMBOL)
    await socket_call("account.balance", api.futures_account_balance)
    await socket_call("v2/account.balance", api.futures_account_balance_v2)
    await socket_call("account.status", api.account_information)
    await socket_call("v2/account.status", api.account_information_v2)
    await socket_call("account.position", api.position_information)
    await socket_call("v2/account.position", api.position_information_v2)
    price = last_price()
    low, high = round(price * 0.9, 1), round(price * 1.1, 1)
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": QUANTITY, "price": low}
    placed = await socket_call("order.place (LIMIT)", api.new_order, **limit)
    number = placed.order_id
    await socket_call("order.place (off the tick)", api.new_order, **{**limit, "price": round(low + 0.03, 2)}, refused=-4014)
    await socket_call("order.status", api.query_order, symbol=SYMBOL, order_id=number)
    await socket_call(
        "order.modify", api.modify_order, symbol=SYMBOL, side="BUY", quantity=QUANTITY, price=low - 10, order_id=number
    )
    await socket_call("order.cancel", api.cancel_order, symbol=SYMBOL, order_id=number)
    await socket_call("order.cancel (unknown)", api.cancel_order, symbol=SYMBOL, order_id=number, refused=-2011)
    stop = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": QUANTITY}
    algo = await socket_call("algoOrder.place", api.new_algo_order, **stop, trigger_price=low)
    await socket_call(
        "algoOrder.place (would trigger at once)", api.new_algo_order, **stop, trigger_price=high, refused=-2021
    )
    await socket_call("algoOrder.cancel", api.cancel_algo_order, algo_id=algo.algo_id)
    await socket_call("userDataStream.start", api.start_user_data_stream, holds=lambda a: a.listen_key)
    await socket_call("userDataStream.ping", api.keepalive_user_data_stream)
    await socket_call("userDataStream.stop", api.close_user_data_stream)
    answer = await api.order_book(symbol=SYMBOL)
    await report.acall(
        "rateLimits of an answer", asyncio.to_thread, lambda: answer.rate_limits, holds=lambda limits: len(limits) > 0
    )
    await api.close_connection(close_session=True)


async def main() -> None:
    key = {"api_key": SIMULATOR["key"], "api_secret": SIMULATOR["secret"]}
    client = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(**key, base_path=SIMULATOR["rest"], timeout=20_000),
        config_ws_api=ConfigurationWebSocketAPI(**key, stream_url=f"{SIMULATOR['sockets']}/ws-fapi/v1"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=SIMULATOR["sockets"]),
    )
    await asyncio.to_thread(rest, client)
    await streams(client)
    await orders_socket(client)


asyncio.run(main())
