"""The table of REST endpoints: method, path, security, request weight (docs/binance.md §6.1), handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from simulator.server.parameters import Parameters
from simulator.server.rest import account, algo_orders, market_data, order_history, orders, other_markets
from simulator.server.rest.context import Caller, Context

Handler = Callable[[Context, Parameters, Caller], Any]
Weight = int | Callable[[Parameters], int]
Method = Literal["GET", "POST", "PUT", "DELETE"]
#: none: no key needed; key: an API key; signed: an API key, a signature and a timestamp.
Security = Literal["none", "key", "signed"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. ``orders``: how much one request adds to the 10-second and to the one-minute order count."""

    method: Method
    path: str
    security: Security
    weight: Weight
    handler: Handler
    orders: tuple[int, int] = (0, 0)

    def weighs(self, parameters: Parameters) -> int:
        """Return the request weight, which may depend on the parameters."""
        return self.weight(parameters) if callable(self.weight) else self.weight


def _of_limit(*steps: tuple[int, int], default: int, beyond: int) -> Weight:
    """Make a weight that depends on ``limit``: the first step (bound, weight) with limit < bound, else ``beyond``."""

    def weigh(parameters: Parameters) -> int:
        limit = parameters.integer("limit", default)
        return next((weight for below, weight in steps if limit < below), beyond)

    return weigh


def _of_symbol(one: int, every: int) -> Weight:
    """Make a weight that is ``one`` for a request with a symbol and ``every`` for one without."""
    return lambda parameters: one if "symbol" in parameters else every


_KLINES: Final = _of_limit((100, 1), (500, 2), (1_001, 5), default=500, beyond=10)
_DEPTH: Final = _of_limit((100, 2), (500, 5), (1_000, 10), default=500, beyond=20)
_ORDER: Final = (1, 1)

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/api/v3/ping", "none", 1, market_data.ping),
    Endpoint("GET", "/api/v3/time", "none", 1, market_data.time),
    Endpoint("GET", "/api/v3/exchangeInfo", "none", 20, other_markets.exchange_info),
    Endpoint("GET", "/dapi/v1/exchangeInfo", "none", 1, other_markets.exchange_info),
    Endpoint("GET", "/sapi/v1/capital/config/getall", "signed", 10, other_markets.coins),
    Endpoint("GET", "/sapi/v1/margin/allPairs", "key", 1, other_markets.margin_pairs),
    Endpoint("GET", "/sapi/v1/margin/isolated/allPairs", "key", 10, other_markets.margin_pairs),
    Endpoint("GET", "/fapi/v1/ping", "none", 1, market_data.ping),
    Endpoint("GET", "/fapi/v1/time", "none", 1, market_data.time),
    Endpoint("GET", "/fapi/v1/exchangeInfo", "none", 1, market_data.exchange_info),
    Endpoint("GET", "/fapi/v1/depth", "none", _DEPTH, market_data.depth),
    Endpoint("GET", "/fapi/v1/rpiDepth", "none", 20, market_data.rpi_depth),
    Endpoint("GET", "/fapi/v1/trades", "none", 5, market_data.trades),
    Endpoint("GET", "/fapi/v1/historicalTrades", "key", 200, market_data.trades),
    Endpoint("GET", "/fapi/v1/aggTrades", "none", 20, market_data.aggregate_trades),
    Endpoint("GET", "/fapi/v1/klines", "none", _KLINES, market_data.klines),
    Endpoint("GET", "/fapi/v1/continuousKlines", "none", _KLINES, market_data.continuous_klines),
    Endpoint("GET", "/fapi/v1/markPriceKlines", "none", _KLINES, market_data.mark_price_klines),
    Endpoint("GET", "/fapi/v1/indexPriceKlines", "none", _KLINES, market_data.index_price_klines),
    Endpoint("GET", "/fapi/v1/premiumIndexKlines", "none", _KLINES, market_data.premium_index_klines),
    Endpoint("GET", "/fapi/v1/premiumIndex", "none", _of_symbol(1, 10), market_data.premium_index),
    Endpoint("GET", "/fapi/v1/fundingRate", "none", 1, market_data.funding_rate),
    Endpoint("GET", "/fapi/v1/fundingInfo", "none", 1, market_data.funding_info),
    Endpoint("GET", "/fapi/v1/ticker/price", "none", _of_symbol(1, 2), market_data.price),
    Endpoint("GET", "/fapi/v2/ticker/price", "none", _of_symbol(1, 2), market_data.price),
    Endpoint("GET", "/fapi/v1/ticker/bookTicker", "none", _of_symbol(2, 5), market_data.book_ticker),
    Endpoint("GET", "/fapi/v1/ticker/24hr", "none", _of_symbol(1, 40), market_data.ticker_24h),
    Endpoint("GET", "/fapi/v1/openInterest", "none", 1, market_data.open_interest),
    Endpoint("GET", "/fapi/v1/tradingSchedule", "none", 5, market_data.trading_schedule),
    Endpoint("GET", "/fapi/v1/indexInfo", "none", _of_symbol(1, 10), market_data.index_info),
    Endpoint("POST", "/fapi/v1/order", "signed", 0, orders.place, _ORDER),
    Endpoint("PUT", "/fapi/v1/order", "signed", 0, orders.amend, _ORDER),
    Endpoint("GET", "/fapi/v1/order", "signed", 1, orders.query),
    Endpoint("DELETE", "/fapi/v1/order", "signed", 1, orders.cancel),
    Endpoint("POST", "/fapi/v1/order/test", "signed", 0, orders.test),
    Endpoint("POST", "/fapi/v1/batchOrders", "signed", 5, orders.place_batch, (5, 1)),
    Endpoint("PUT", "/fapi/v1/batchOrders", "signed", 5, orders.amend_batch, (5, 1)),
    Endpoint("DELETE", "/fapi/v1/batchOrders", "signed", 1, orders.cancel_batch),
    Endpoint("DELETE", "/fapi/v1/allOpenOrders", "signed", 1, orders.cancel_all),
    Endpoint("POST", "/fapi/v1/countdownCancelAll", "signed", 10, orders.countdown),
    Endpoint("GET", "/fapi/v1/openOrder", "signed", 1, orders.query_open),
    Endpoint("GET", "/fapi/v1/openOrders", "signed", _of_symbol(1, 40), order_history.open_orders),
    Endpoint("GET", "/fapi/v1/allOrders", "signed", 5, order_history.all_orders),
    Endpoint("GET", "/fapi/v1/userTrades", "signed", 5, order_history.user_trades),
    Endpoint("GET", "/fapi/v1/orderAmendment", "signed", 1, order_history.amendments),
    Endpoint("GET", "/fapi/v1/forceOrders", "signed", _of_symbol(20, 50), order_history.force_orders),
    Endpoint("POST", "/fapi/v1/algoOrder", "signed", 0, algo_orders.place, _ORDER),
    Endpoint("GET", "/fapi/v1/algoOrder", "signed", 1, algo_orders.query),
    Endpoint("DELETE", "/fapi/v1/algoOrder", "signed", 1, algo_orders.cancel),
    Endpoint("GET", "/fapi/v1/openAlgoOrders", "signed", _of_symbol(1, 40), algo_orders.open_orders),
    Endpoint("DELETE", "/fapi/v1/algoOpenOrders", "signed", 1, algo_orders.cancel_all),
    Endpoint("GET", "/fapi/v1/allAlgoOrders", "signed", 5, algo_orders.all_orders),
    Endpoint("GET", "/fapi/v2/balance", "signed", 5, account.balance),
    Endpoint("GET", "/fapi/v3/balance", "signed", 5, account.balance),
    Endpoint("GET", "/fapi/v2/account", "signed", 5, account.account_v2),
    Endpoint("GET", "/fapi/v3/account", "signed", 5, account.account_v3),
    Endpoint("GET", "/fapi/v2/positionRisk", "signed", 5, account.position_risk_v2),
    Endpoint("GET", "/fapi/v3/positionRisk", "signed", 5, account.position_risk_v3),
    Endpoint("GET", "/fapi/v1/income", "signed", 30, account.income),
    Endpoint("POST", "/fapi/v1/leverage", "signed", 1, account.leverage),
    Endpoint("POST", "/fapi/v1/marginType", "signed", 1, account.margin_type),
    Endpoint("POST", "/fapi/v1/positionMargin", "signed", 1, account.position_margin),
    Endpoint("GET", "/fapi/v1/positionMargin/history", "signed", 1, account.margin_history),
    Endpoint("GET", "/fapi/v1/adlQuantile", "signed", 5, account.adl_quantile),
    Endpoint("GET", "/fapi/v1/feeBurn", "signed", 30, account.fee_burn),
    Endpoint("POST", "/fapi/v1/feeBurn", "signed", 1, account.set_fee_burn),
    Endpoint("GET", "/fapi/v1/positionSide/dual", "signed", 30, account.position_mode),
    Endpoint("POST", "/fapi/v1/positionSide/dual", "signed", 1, account.set_position_mode),
    Endpoint("GET", "/fapi/v1/multiAssetsMargin", "signed", 30, account.multi_assets),
    Endpoint("POST", "/fapi/v1/multiAssetsMargin", "signed", 1, account.set_multi_assets),
    Endpoint("GET", "/fapi/v1/leverageBracket", "signed", 1, account.leverage_brackets),
    Endpoint("GET", "/fapi/v1/commissionRate", "signed", 20, account.commission_rate),
    Endpoint("GET", "/fapi/v1/accountConfig", "signed", 5, account.account_config),
    Endpoint("GET", "/fapi/v1/symbolConfig", "signed", 5, account.symbol_config),
    Endpoint("GET", "/fapi/v1/rateLimit/order", "signed", 1, account.order_rate_limit),
    Endpoint("GET", "/fapi/v1/apiTradingStatus", "signed", 1, account.trading_status),
    Endpoint("GET", "/sapi/v1/account/apiRestrictions", "signed", 1, account.api_restrictions),
    Endpoint("POST", "/fapi/v1/listenKey", "key", 1, account.open_listen_key),
    Endpoint("PUT", "/fapi/v1/listenKey", "key", 1, account.extend_listen_key),
    Endpoint("DELETE", "/fapi/v1/listenKey", "key", 1, account.close_listen_key),
)
BY_PATH: Final[dict[tuple[str, str], Endpoint]] = {(each.method, each.path): each for each in ENDPOINTS}
PATHS: Final = frozenset(each.path for each in ENDPOINTS)
