"""The REST calls of the official SDK, ``binance-sdk-derivatives-trading-usds-futures``; ``with_sdk.py`` runs them."""

from __future__ import annotations

import logging
import time
from typing import Any

from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from report import Report, last_price

SYMBOL = "BTCUSDT"
QUANTITY = 0.01


class Refused(Exception):
    """An answer of the WebSocket API that is an error."""

    def __init__(self, code: int | None, said: object) -> None:
        super().__init__(said)
        self.code = code


def code_of(error: BaseException) -> int | None:
    if isinstance(error, Refused):
        return error.code
    code = getattr(error, "status_code", None)
    if code is None and type(error).__name__ == "NotFoundError":
        return 404
    return code


class Warnings(logging.Handler):
    """What the SDK logs about answers that do not fit its models."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


WARNINGS = Warnings()
logging.getLogger().addHandler(WARNINGS)
report = Report(code_of)


def rest_call(name: str, do: Any, **more: Any) -> Any:
    """A call whose answer fits the SDK's model."""
    WARNINGS.said.clear()

    def answered(**parameters: Any) -> Any:
        data = do(**parameters).data()
        doubts = [each for each in WARNINGS.said if "did not match" in each or "Failed to parse" in each]
        if doubts:
            raise TypeError(doubts[0][:1500])
        return data

    return report.call(name, answered, **more)


def rest(client: DerivativesTradingUsdsFutures) -> None:
    api = client.rest_api
    market(api)
    statistics(api)
    account(api)
    trade(api)
    history(api)
    optional(api)


def market(api: Any) -> None:
    rest_call("GET /fapi/v1/ping", api.test_connectivity)
    rest_call("GET /fapi/v1/time", api.check_server_time)
    rest_call("GET /fapi/v1/exchangeInfo", api.exchange_information, holds=lambda a: a.symbols[0].symbol)
    rest_call("GET /fapi/v1/depth", api.order_book, symbol=SYMBOL, limit=5, holds=lambda a: len(a.bids) == 5)
    rest_call("GET /fapi/v1/trades", api.recent_trades_list, symbol=SYMBOL)
    rest_call("GET /fapi/v1/historicalTrades", api.old_trades_lookup, symbol=SYMBOL)
    rest_call("GET /fapi/v1/aggTrades", api.compressed_aggregate_trades_list, symbol=SYMBOL)
    rest_call(
        "GET /fapi/v1/klines", api.kline_candlestick_data, symbol=SYMBOL, interval="1m", limit=3, holds=lambda a: len(a) == 3
    )
    rest_call(
        "GET /fapi/v1/continuousKlines",
        api.continuous_contract_kline_candlestick_data,
        pair=SYMBOL,
        contract_type="PERPETUAL",
        interval="1m",
    )
    rest_call("GET /fapi/v1/indexPriceKlines", api.index_price_kline_candlestick_data, pair=SYMBOL, interval="1m")
    rest_call("GET /fapi/v1/markPriceKlines", api.mark_price_kline_candlestick_data, symbol=SYMBOL, interval="1m")
    rest_call("GET /fapi/v1/premiumIndexKlines", api.premium_index_kline_data, symbol=SYMBOL, interval="1m")
    rest_call("GET /fapi/v1/premiumIndex", api.mark_price, symbol=SYMBOL)
    rest_call("GET /fapi/v1/premiumIndex (all)", api.mark_price)
    rest_call("GET /fapi/v1/fundingRate", api.get_funding_rate_history, symbol=SYMBOL)
    rest_call("GET /fapi/v1/fundingInfo", api.get_funding_rate_info)
    rest_call("GET /fapi/v1/ticker/24hr", api.ticker24hr_price_change_statistics, symbol=SYMBOL)
    rest_call("GET /fapi/v1/ticker/price", api.symbol_price_ticker, symbol=SYMBOL)
    rest_call("GET /fapi/v2/ticker/price", api.symbol_price_ticker_v2, symbol=SYMBOL)
    rest_call("GET /fapi/v1/ticker/bookTicker", api.symbol_order_book_ticker, symbol=SYMBOL)
    rest_call("GET /fapi/v1/openInterest", api.open_interest, symbol=SYMBOL)


def statistics(api: Any) -> None:
    of = {"symbol": SYMBOL, "period": "5m"}
    rest_call("GET /futures/data/openInterestHist", api.open_interest_statistics, **of, optional=True)
    rest_call("GET /futures/data/topLongShortPositionRatio", api.top_trader_long_short_ratio_positions, **of, optional=True)
    rest_call("GET /futures/data/topLongShortAccountRatio", api.top_trader_long_short_ratio_accounts, **of, optional=True)
    rest_call("GET /futures/data/globalLongShortAccountRatio", api.long_short_ratio, **of, optional=True)
    rest_call("GET /futures/data/takerlongshortRatio", api.taker_buy_sell_volume, **of, optional=True)
    rest_call("GET /futures/data/basis", api.basis, pair=SYMBOL, contract_type="PERPETUAL", period="5m", optional=True)
    rest_call("GET /futures/data/delivery-price", api.quarterly_contract_settlement_price, pair=SYMBOL, optional=True)
    rest_call("GET /fapi/v1/indexInfo", api.composite_index_symbol_information, optional=True)
    rest_call("GET /fapi/v1/assetIndex", api.asset_index, symbol="BTCUSD", optional=True)
    rest_call("GET /fapi/v1/constituents", api.query_index_price_constituents, symbol=SYMBOL, optional=True)
    rest_call("GET /fapi/v1/insuranceBalance", api.query_insurance_fund_balance_snapshot, symbol=SYMBOL, optional=True)
    rest_call("GET /fapi/v1/symbolAdlRisk", api.adl_risk, symbol=SYMBOL, optional=True)
    rest_call("GET /fapi/v1/rpiDepth", api.rpi_order_book, symbol=SYMBOL, optional=True)
    rest_call("GET /fapi/v1/tradingSchedule", api.trading_schedule, optional=True)


def account(api: Any) -> None:
    rest_call("GET /fapi/v2/balance", api.futures_account_balance_v2)
    rest_call("GET /fapi/v3/balance", api.futures_account_balance_v3)
    rest_call("GET /fapi/v2/account", api.account_information_v2)
    rest_call("GET /fapi/v3/account", api.account_information_v3)
    rest_call("GET /fapi/v1/accountConfig", api.futures_account_configuration)
    rest_call("GET /fapi/v1/symbolConfig", api.symbol_configuration, symbol=SYMBOL)
    rest_call("GET /fapi/v1/commissionRate", api.user_commission_rate, symbol=SYMBOL)
    rest_call("GET /fapi/v1/leverageBracket", api.notional_and_leverage_brackets, symbol=SYMBOL)
    rest_call("GET /fapi/v1/rateLimit/order", api.query_user_rate_limit)
    rest_call("GET /fapi/v1/apiTradingStatus", api.futures_trading_quantitative_rules_indicators)
    rest_call("GET /fapi/v1/positionSide/dual", api.get_current_position_mode)
    rest_call(
        "POST /fapi/v1/positionSide/dual (unchanged)", api.change_position_mode, dual_side_position="false", refused=-4059
    )
    rest_call("GET /fapi/v1/multiAssetsMargin", api.get_current_multi_assets_mode)
    rest_call("GET /fapi/v1/feeBurn", api.get_bnb_burn_status)
    rest_call(
        "POST /fapi/v1/leverage", api.change_initial_leverage, symbol=SYMBOL, leverage=7, holds=lambda a: a.leverage == 7
    )
    rest_call("POST /fapi/v1/marginType", api.change_margin_type, symbol="ETHUSDT", margin_type="ISOLATED")
    rest_call(
        "POST /fapi/v1/marginType (unchanged)",
        api.change_margin_type,
        symbol="ETHUSDT",
        margin_type="ISOLATED",
        refused=-4046,
    )


def trade(api: Any) -> None:
    price = last_price()
    low, high = round(price * 0.9, 1), round(price * 1.1, 1)
    limit = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": QUANTITY, "price": low}
    rest_call("POST /fapi/v1/order/test", api.test_order, **limit)
    placed = rest_call(
        "POST /fapi/v1/order (LIMIT)", api.new_order, **limit, new_client_order_id="sdk-1", holds=lambda a: a.status == "NEW"
    )
    rest_call("POST /fapi/v1/order (same client id)", api.new_order, **limit, new_client_order_id="sdk-1", refused=-4116)
    rest_call("POST /fapi/v1/order (off the tick)", api.new_order, **{**limit, "price": round(low + 0.03, 2)}, refused=-4014)
    rest_call("POST /fapi/v1/order (too many decimals)", api.new_order, **{**limit, "quantity": 0.0123}, refused=-1111)
    rest_call("POST /fapi/v1/order (beyond the margin)", api.new_order, **{**limit, "quantity": 900.0}, refused=-2019)
    rest_call("GET /fapi/v1/order", api.query_order, symbol=SYMBOL, order_id=placed.order_id)
    rest_call("GET /fapi/v1/openOrder", api.query_current_open_order, symbol=SYMBOL, orig_client_order_id="sdk-1")
    rest_call("GET /fapi/v1/openOrders", api.current_all_open_orders, symbol=SYMBOL, holds=lambda a: len(a) == 1)
    rest_call(
        "PUT /fapi/v1/order",
        api.modify_order,
        symbol=SYMBOL,
        side="BUY",
        quantity=QUANTITY,
        price=low - 10,
        order_id=placed.order_id,
    )
    rest_call("GET /fapi/v1/orderAmendment", api.get_order_modify_history, symbol=SYMBOL, order_id=placed.order_id)
    rest_call("DELETE /fapi/v1/order", api.cancel_order, symbol=SYMBOL, order_id=placed.order_id)
    rest_call("DELETE /fapi/v1/order (unknown)", api.cancel_order, symbol=SYMBOL, order_id=placed.order_id, refused=-2011)
    rest_call("GET /fapi/v1/order (unknown)", api.query_order, symbol=SYMBOL, orig_client_order_id="nobody", refused=-2013)
    several(api, low)
    rest_call("POST /fapi/v1/countdownCancelAll", api.auto_cancel_all_open_orders, symbol=SYMBOL, countdown_time=0)
    rest_call("DELETE /fapi/v1/allOpenOrders", api.cancel_all_open_orders, symbol=SYMBOL)
    rest_call(
        "POST /fapi/v1/order (MARKET)",
        api.new_order,
        symbol=SYMBOL,
        side="BUY",
        type="MARKET",
        quantity=QUANTITY,
        new_order_resp_type="RESULT",
        holds=lambda a: a.status == "FILLED",
    )
    rest_call("GET /fapi/v2/positionRisk", api.position_information_v2, symbol=SYMBOL)
    rest_call("GET /fapi/v3/positionRisk", api.position_information_v3, symbol=SYMBOL, holds=lambda a: len(a) == 1)
    rest_call("GET /fapi/v1/adlQuantile", api.position_adl_quantile_estimation, symbol=SYMBOL)
    stops(api, low, high)
    rest_call(
        "POST /fapi/v1/order (reduce-only MARKET)",
        api.new_order,
        symbol=SYMBOL,
        side="SELL",
        type="MARKET",
        quantity=QUANTITY,
        reduce_only="true",
    )


def several(api: Any, low: float) -> None:
    orders = [
        {
            "symbol": SYMBOL,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": str(round(low - n, 1)),
        }
        for n in (1, 2)
    ]
    placed = rest_call(
        "POST /fapi/v1/batchOrders", api.place_multiple_orders, batch_orders=orders, holds=lambda a: len(a) == 2
    )
    numbers = [each.order_id for each in placed]
    changes = [
        {"orderId": number, "symbol": SYMBOL, "side": "BUY", "quantity": "0.01", "price": str(round(low - 5 - n, 1))}
        for n, number in enumerate(numbers)
    ]
    rest_call("PUT /fapi/v1/batchOrders", api.modify_multiple_orders, batch_orders=changes, holds=lambda a: len(a) == 2)
    rest_call(
        "DELETE /fapi/v1/batchOrders",
        api.cancel_multiple_orders,
        symbol=SYMBOL,
        order_id_list=numbers,
        holds=lambda a: len(a) == 2,
    )


def stops(api: Any, low: float, high: float) -> None:
    stop = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "close_position": "true"}
    placed = rest_call("POST /fapi/v1/algoOrder (STOP_MARKET)", api.new_algo_order, **stop, trigger_price=low)
    rest_call(
        "POST /fapi/v1/algoOrder (second closePosition)", api.new_algo_order, **stop, trigger_price=low - 5, refused=-4130
    )
    rest_call(
        "POST /fapi/v1/algoOrder (would trigger at once)",
        api.new_algo_order,
        **{**stop, "close_position": "false"},
        quantity=QUANTITY,
        trigger_price=high,
        refused=-2021,
    )
    rest_call(
        "POST /fapi/v1/algoOrder (TAKE_PROFIT)",
        api.new_algo_order,
        **{**stop, "type": "TAKE_PROFIT", "close_position": "false"},
        quantity=QUANTITY,
        price=high,
        trigger_price=high,
        time_in_force="GTC",
    )
    rest_call(
        "POST /fapi/v1/algoOrder (TRAILING_STOP_MARKET)",
        api.new_algo_order,
        **{**stop, "type": "TRAILING_STOP_MARKET", "close_position": "false"},
        quantity=QUANTITY,
        callback_rate=1.0,
        activate_price=high,
    )
    rest_call(
        "POST /fapi/v1/order (STOP_MARKET)",
        api.new_order,
        symbol=SYMBOL,
        side="SELL",
        type="STOP_MARKET",
        quantity=QUANTITY,
        refused=-4120,
    )
    rest_call("GET /fapi/v1/algoOrder", api.query_algo_order, algo_id=placed.algo_id)
    rest_call("GET /fapi/v1/openAlgoOrders", api.current_all_algo_open_orders, symbol=SYMBOL, holds=lambda a: len(a) == 3)
    rest_call("DELETE /fapi/v1/algoOrder", api.cancel_algo_order, algo_id=placed.algo_id)
    rest_call("DELETE /fapi/v1/algoOpenOrders", api.cancel_all_algo_open_orders, symbol=SYMBOL)
    rest_call("GET /fapi/v1/allAlgoOrders", api.query_all_algo_orders, symbol=SYMBOL, holds=lambda a: len(a) == 3)


def history(api: Any) -> None:
    rest_call("GET /fapi/v1/allOrders", api.all_orders, symbol=SYMBOL)
    rest_call("GET /fapi/v1/userTrades", api.account_trade_list, symbol=SYMBOL, holds=lambda a: len(a) >= 2)
    rest_call("GET /fapi/v1/income", api.get_income_history, holds=lambda a: len(a) >= 2)
    rest_call("GET /fapi/v1/forceOrders", api.users_force_orders)
    eth = {"symbol": "ETHUSDT", "type": "MARKET", "quantity": 1.0}
    rest_call("POST /fapi/v1/order (MARKET)", api.new_order, side="BUY", **eth)
    rest_call("POST /fapi/v1/positionMargin", api.modify_isolated_position_margin, symbol="ETHUSDT", amount=5.0, type="1")
    rest_call("GET /fapi/v1/positionMargin/history", api.get_position_margin_change_history, symbol="ETHUSDT")
    rest_call("POST /fapi/v1/order (reduce-only MARKET)", api.new_order, side="SELL", reduce_only="true", **eth)


def optional(api: Any) -> None:
    week = {"start_time": int(time.time() * 1000) - 86_400_000, "end_time": int(time.time() * 1000)}
    rest_call("GET /fapi/v1/income/asyn", api.get_download_id_for_futures_transaction_history, **week, optional=True)
    rest_call("GET /fapi/v1/order/asyn", api.get_download_id_for_futures_order_history, **week, optional=True)
    rest_call("GET /fapi/v1/trade/asyn", api.get_download_id_for_futures_trade_history, **week, optional=True)
    rest_call("POST /fapi/v1/feeBurn", api.toggle_bnb_burn_on_futures_trade, fee_burn="false", optional=True)
    rest_call("GET /fapi/v1/convert/exchangeInfo", api.list_all_convert_pairs, from_asset="USDT", optional=True)
    rest_call("GET /fapi/v1/pmAccountInfo", api.classic_portfolio_margin_account_information, asset="USDT", optional=True)
    rest_call("POST /fapi/v1/stock/contract", api.futures_tradfi_perps_contract, optional=True)
