"""Lists the REST endpoints that the adapter uses: path, request weight (docs/binance.md §6.1) and urgency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.exchange.limits.windows import Cost, Urgency

Params = Mapping[str, object]
Method = Literal["get", "post", "put", "delete"]
#: Whether a call may be repeated without asking. ``order``: no, its outcome must be known before anything is sent again.
Repeat = Literal["harmless", "order"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One REST endpoint.

    weight: request weight of a call. weight_all: weight without a symbol, where that costs more; 0 = ``weight``.
    weight_steps: (largest ``limit``, weight), where the parameter ``limit`` decides; empty = ``weight``.
    orders_10s, orders_1m: how much a call counts towards the order limits.
    urgency: used unless the caller passes another one.
    states_limits: True if the answer states the rate limits.
    """

    path: str
    method: Method = "get"
    version: int = 1
    signed: bool = False
    weight: int = 1
    weight_all: int = 0
    weight_steps: tuple[tuple[int, int], ...] = ()
    orders_10s: int = 0
    orders_1m: int = 0
    urgency: Urgency = "read"
    repeat: Repeat = "harmless"
    states_limits: bool = False

    @property
    def name(self) -> str:
        """Method and path, such as ``GET klines``; used by logs, metrics and errors."""
        return f"{self.method.upper()} {self.path}"

    def cost(self, params: Params) -> Cost:
        """Return the units of the rate limits that a call with these parameters uses."""
        weight = self.weight
        if self.weight_all and "symbol" not in params:
            weight = self.weight_all
        if self.weight_steps:
            asked = int(str(params.get("limit", 500)))
            weight = next((cost for largest, cost in self.weight_steps if asked <= largest), self.weight_steps[-1][1])
        return Cost(weight, self.orders_10s, self.orders_1m)


TIME: Final = Endpoint("time")
EXCHANGE_INFO: Final = Endpoint("exchangeInfo", states_limits=True)
TRADING_SCHEDULE: Final = Endpoint("tradingSchedule", weight=5)
KLINES: Final = Endpoint("klines", weight_steps=((99, 1), (499, 2), (1000, 5), (1500, 10)), urgency="bulk")
DEPTH: Final = Endpoint("depth", weight_steps=((50, 2), (100, 5), (500, 10), (1000, 20)))
BOOK_TICKER: Final = Endpoint("ticker/bookTicker", weight=2, weight_all=5)
AGG_TRADES: Final = Endpoint("aggTrades", weight=20, urgency="bulk")
PREMIUM_INDEX: Final = Endpoint("premiumIndex", weight_all=10)
FUNDING_RATE: Final = Endpoint("fundingRate", urgency="bulk")
FUNDING_INFO: Final = Endpoint("fundingInfo")

PLACE: Final = Endpoint("order", "post", signed=True, weight=0, orders_10s=1, orders_1m=1, urgency="order", repeat="order")
PLACE_ALGO: Final = Endpoint(
    "algoOrder", "post", signed=True, weight=0, orders_10s=1, orders_1m=1, urgency="order", repeat="order"
)
PLACE_BATCH: Final = Endpoint(
    "batchOrders", "post", signed=True, weight=5, orders_10s=5, orders_1m=1, urgency="order", repeat="order"
)
CANCEL: Final = Endpoint("order", "delete", signed=True, urgency="protect", repeat="order")
CANCEL_ALGO: Final = Endpoint("algoOrder", "delete", signed=True, urgency="protect", repeat="order")
CANCEL_ALL: Final = Endpoint("allOpenOrders", "delete", signed=True, urgency="protect")
CANCEL_ALL_ALGO: Final = Endpoint("algoOpenOrders", "delete", signed=True, urgency="protect")
COUNTDOWN: Final = Endpoint("countdownCancelAll", "post", signed=True, weight=10, urgency="protect")
#: Queries of single orders have the urgency of stops: an order with an uncertain outcome may be a position without a stop.
ORDER: Final = Endpoint("order", signed=True, urgency="protect")
ALGO_ORDER: Final = Endpoint("algoOrder", signed=True, urgency="protect")
OPEN_ORDERS: Final = Endpoint("openOrders", signed=True, weight_all=40, urgency="order")
OPEN_ALGO_ORDERS: Final = Endpoint("openAlgoOrders", signed=True, weight_all=40, urgency="order")
USER_TRADES: Final = Endpoint("userTrades", signed=True, weight=5, urgency="order")

ACCOUNT: Final = Endpoint("account", version=3, signed=True, weight=5, urgency="order")
BALANCE: Final = Endpoint("balance", version=3, signed=True, weight=5, urgency="order")
POSITIONS: Final = Endpoint("positionRisk", version=3, signed=True, weight=5, urgency="order")
BRACKETS: Final = Endpoint("leverageBracket", signed=True)
#: Asked of every symbol, and only told: with many symbols it would use up what statements of the account need.
COMMISSION: Final = Endpoint("commissionRate", signed=True, weight=20, urgency="bulk")
ACCOUNT_CONFIG: Final = Endpoint("accountConfig", signed=True, weight=5)
SYMBOL_CONFIG: Final = Endpoint("symbolConfig", signed=True, weight=5)
INCOME: Final = Endpoint("income", signed=True, weight=30, urgency="order")
LEVERAGE: Final = Endpoint("leverage", "post", signed=True)
MARGIN_TYPE: Final = Endpoint("marginType", "post", signed=True)
POSITION_MODE: Final = Endpoint("positionSide/dual", signed=True, weight=30)
SET_POSITION_MODE: Final = Endpoint("positionSide/dual", "post", signed=True)

#: The listen key endpoints need the API key, but no signature.
LISTEN_KEY: Final = Endpoint("listenKey", "post", urgency="order")
KEEP_LISTEN_KEY: Final = Endpoint("listenKey", "put", urgency="order")
CLOSE_LISTEN_KEY: Final = Endpoint("listenKey", "delete", urgency="order")
