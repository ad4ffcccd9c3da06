"""``python-binance``: REST, streams, user data, orders by WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any

from binance import BinanceSocketManager
from python_binance_rest import QUANTITY, SYMBOL, Client, call, far_limit, rest
from report import PATIENCE, SIMULATOR, admin, last_price, until, until_private_socket


class Sockets(BinanceSocketManager):
    """Its sockets, addressed likewise."""

    FSTREAM_URL = f"{SIMULATOR['sockets']}/"


async def first_frame(socket: Any, kind: str) -> Any:
    """Open a socket; its first event of this kind."""
    async with socket as stream, asyncio.timeout(PATIENCE):
        while True:
            frame = await stream.recv()
            data = frame.get("data", frame)
            if (data[0] if isinstance(data, list) else data).get("e") == kind:
                return frame


async def streams(client: Client) -> None:
    sockets = Sockets(client)
    several = sockets.futures_multiplex_socket
    await call("<symbol>@aggTrade", first_frame, sockets.aggtrade_futures_socket(SYMBOL), "aggTrade")
    await call("<symbol>@kline_<interval>", first_frame, several(["btcusdt@kline_1m"]), "kline")
    await call(
        "<pair>_perpetual@continuousKline_<interval>",
        first_frame,
        sockets.kline_futures_socket(SYMBOL, "1m"),
        "continuous_kline",
    )
    await call("<symbol>@markPrice", first_frame, sockets.symbol_mark_price_socket(SYMBOL), "markPriceUpdate")
    await call("!markPrice@arr", first_frame, sockets.all_mark_price_socket(), "markPriceUpdate")
    await call("<symbol>@ticker", first_frame, sockets.individual_symbol_ticker_futures_socket(SYMBOL), "24hrTicker")
    await call("!ticker@arr", first_frame, sockets.futures_ticker_socket(), "24hrTicker")
    await call("<symbol>@miniTicker", first_frame, several(["btcusdt@miniTicker"]), "24hrMiniTicker")
    await call("!miniTicker@arr", first_frame, several(["!miniTicker@arr"]), "24hrMiniTicker")
    await call("<symbol>@bookTicker", first_frame, several(["btcusdt@bookTicker"], category="public"), "bookTicker")
    await call("!bookTicker", first_frame, several(["!bookTicker"], category="public"), "bookTicker")
    await call("<symbol>@depth", first_frame, several(["btcusdt@depth@100ms"], category="public"), "depthUpdate")
    await call("<symbol>@depth<levels>", first_frame, sockets.futures_depth_socket(SYMBOL, "5"), "depthUpdate")
    await user_data(client, sockets)


async def user_data(api: Client, sockets: Sockets) -> None:
    key = await call("POST /fapi/v1/listenKey", api.futures_stream_get_listen_key, holds=lambda a: len(a) > 10)
    await call("PUT /fapi/v1/listenKey", api.futures_stream_keepalive, key)
    heard: list[dict[str, Any]] = []
    async with sockets.futures_user_socket() as stream:
        await call("connect (user data)", until_private_socket)
        listening = asyncio.create_task(listen(stream, heard))
        await some_trading(api)
        for kind in (
            "ORDER_TRADE_UPDATE",
            "ACCOUNT_UPDATE",
            "TRADE_LITE",
            "ALGO_UPDATE",
            "ACCOUNT_CONFIG_UPDATE",
            "MARGIN_CALL",
        ):
            await call(kind, until, lambda kind=kind: any(each.get("e") == kind for each in heard))
        await asyncio.to_thread(admin, "faults", kind="expire_listen_key")
        await call("listenKeyExpired", until, lambda: any(each.get("e") == "listenKeyExpired" for each in heard))
        listening.cancel()
    key = await call("POST /fapi/v1/listenKey", api.futures_stream_get_listen_key)
    await call("DELETE /fapi/v1/listenKey", api.futures_stream_close, key)


async def listen(stream: Any, heard: list[dict[str, Any]]) -> None:
    while True:
        heard.append(await stream.recv() or {})


async def some_trading(api: Client) -> None:
    """What makes each kind of user event."""
    market_order = {"symbol": SYMBOL, "type": "MARKET", "quantity": QUANTITY}
    await api.futures_create_order(side="BUY", **market_order)
    await asyncio.to_thread(admin, "faults", kind="margin_call", symbol=SYMBOL)
    stop = round(last_price() * 0.9, 1)
    await api.futures_create_order(symbol=SYMBOL, side="SELL", type="STOP_MARKET", closePosition="true", stopPrice=stop)
    await api.futures_cancel_all_algo_open_orders(symbol=SYMBOL)
    await api.futures_create_order(side="SELL", reduceOnly="true", **market_order)
    await api.futures_change_leverage(symbol=SYMBOL, leverage=9)


async def orders_socket(api: Client) -> None:
    low, limit = far_limit()
    await call("depth", api.ws_futures_get_order_book, symbol=SYMBOL)
    await call("ticker.price", api.ws_futures_get_all_tickers, symbol=SYMBOL)
    await call("ticker.book", api.ws_futures_get_order_book_ticker, symbol=SYMBOL)
    await call("account.balance", api.ws_futures_account_balance)
    await call("v2/account.balance", api.ws_futures_v2_account_balance)
    await call("account.status", api.ws_futures_account_status)
    await call("v2/account.status", api.ws_futures_v2_account_status)
    await call("account.position", api.ws_futures_account_position)
    await call("v2/account.position", api.ws_futures_v2_account_position)
    placed = await call("order.place (LIMIT)", api.ws_futures_create_order, **limit)
    number = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    await call(
        "order.place (off the tick)", api.ws_futures_create_order, **{**limit, "price": round(low + 0.03, 2)}, refused=-4014
    )
    await call("order.status", api.ws_futures_get_order, **number)
    await call("order.modify", api.ws_futures_edit_order, **number, side="BUY", quantity=QUANTITY, price=low - 10)
    await call("order.cancel", api.ws_futures_cancel_order, **number)
    await call("order.cancel (unknown)", api.ws_futures_cancel_order, **number, refused=-2011)
    stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "quantity": QUANTITY}
    algo = await call("algoOrder.place", api.ws_futures_create_algo_order, **stop, triggerPrice=low)
    await call(
        "algoOrder.place (would trigger at once)",
        api.ws_futures_create_algo_order,
        **stop,
        triggerPrice=round(low * 1.2, 1),
        refused=-2021,
    )
    await call("algoOrder.cancel", api.ws_futures_cancel_algo_order, algoId=algo["algoId"])


async def main() -> None:
    api = await call("start", Client.create, SIMULATOR["key"], SIMULATOR["secret"])
    await rest(api)
    await streams(api)
    await orders_socket(api)
    await api.close_connection()


asyncio.run(main())
