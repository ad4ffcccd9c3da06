"""Decodes Binance's REST answers with market data. Pure; ``rest`` has the rules for all answers.

``value`` of each type converts it to the type of the port.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from shared.domain.timeframes import Timeframe
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.rest import Wire
from shared.exchange.model.market_data import (
    AggTrade,
    BookTicker,
    Depth,
    ExchangeInfo,
    FundingRate,
    FundingTerms,
    Kline,
    MarkPrice,
    RateLimit,
    SymbolRules,
)

_ZERO: Final = Decimal(0)

#: Stands for the upper bound of a filter that the exchange does not state.
_UNBOUNDED: Final = Decimal(10) ** 18


class _RateLimit(Wire, frozen=True, kw_only=True):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _Symbol(Wire, frozen=True, kw_only=True):
    symbol: str
    status: str
    contract_type: str
    base_asset: str
    quote_asset: str
    filters: list[dict[str, Any]]
    onboard_date: int = 0
    liquidation_fee: Decimal = _ZERO
    market_take_bound: Decimal = _ZERO
    trigger_protect: Decimal = _ZERO

    def rules(self) -> SymbolRules:
        by_type = {str(each.get("filterType")): each for each in self.filters}

        def value(filter_type: str, name: str, otherwise: Decimal | None = None) -> Decimal:
            found = by_type.get(filter_type, {}).get(name)
            if found is None and otherwise is None:
                raise Unreadable(f"exchangeInfo: {self.symbol} has no {filter_type}.{name}")
            return Decimal(str(found)) if found is not None else otherwise or _ZERO

        return SymbolRules(
            symbol=self.symbol,
            status=self.status,
            contract=self.contract_type,
            base=self.base_asset,
            quote=self.quote_asset,
            tick_size=value("PRICE_FILTER", "tickSize"),
            min_price=value("PRICE_FILTER", "minPrice"),
            max_price=value("PRICE_FILTER", "maxPrice"),
            step_size=value("LOT_SIZE", "stepSize"),
            min_quantity=value("LOT_SIZE", "minQty"),
            max_quantity=value("LOT_SIZE", "maxQty"),
            market_max_quantity=value("MARKET_LOT_SIZE", "maxQty", _UNBOUNDED),
            min_notional=value("MIN_NOTIONAL", "notional", _ZERO),
            price_up=value("PERCENT_PRICE", "multiplierUp", _UNBOUNDED),
            price_down=value("PERCENT_PRICE", "multiplierDown", _ZERO),
            max_orders=int(value("MAX_NUM_ORDERS", "limit", Decimal(200))),
            listed_at=self.onboard_date,
            liquidation_fee=self.liquidation_fee,
            market_take_bound=self.market_take_bound,
            trigger_protect=self.trigger_protect,
        )


_INTERVAL_MS: Final = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}


class Info(Wire, frozen=True, kw_only=True):
    """The answer of GET exchangeInfo."""

    symbols: list[_Symbol]
    server_time: int = 0
    rate_limits: tuple[_RateLimit, ...] = ()

    def value(self) -> ExchangeInfo:
        """Convert the perpetual contracts; delivery contracts are left out. Raises Unreadable if a filter is missing."""
        limits = tuple(
            RateLimit(
                kind=each.rate_limit_type, interval_ms=each.interval_num * _INTERVAL_MS[each.interval], limit=each.limit
            )
            for each in self.rate_limits
            if each.interval in _INTERVAL_MS
        )
        symbols = {each.symbol: each.rules() for each in self.symbols if "PERPETUAL" in each.contract_type}
        return ExchangeInfo(time=self.server_time, symbols=symbols, limits=limits)


#: One element of the answer of GET klines: open time, open, high, low, close, volume, close time, quote volume, trades,
#: taker buy volume, taker buy quote volume, unused. Times in ms.
KlineRow = tuple[int, float, float, float, float, float, int, float, int, float, float, Any]


def kline_of(row: KlineRow, symbol: str, timeframe: Timeframe, now: int) -> Kline:
    """Convert a row to a candle. It is closed if its close time, the candle's last millisecond, is before ``now``.

    now: ms of the exchange's clock.
    """
    return Kline(
        symbol=symbol,
        timeframe=timeframe,
        open_time=row[0],
        open=row[1],
        high=row[2],
        low=row[3],
        close=row[4],
        volume=row[5],
        quote_volume=row[7],
        trades=row[8],
        taker_volume=row[9],
        closed=row[6] < now,
    )


class DepthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET depth."""

    lastUpdateId: int  # noqa: N815  the wire's name; this answer mixes camel case with single letters
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    E: int = 0
    T: int = 0

    def value(self, symbol: str) -> Depth:
        return Depth(symbol=symbol, time=self.T or self.E, last_update=self.lastUpdateId, bids=self.bids, asks=self.asks)


class Ticker(Wire, frozen=True, kw_only=True):
    """The answer of GET ticker/bookTicker for one symbol."""

    symbol: str
    bid_price: float
    bid_qty: float
    ask_price: float
    ask_qty: float
    time: int = 0

    def value(self) -> BookTicker:
        return BookTicker(
            symbol=self.symbol,
            time=self.time,
            bid=self.bid_price,
            bid_quantity=self.bid_qty,
            ask=self.ask_price,
            ask_quantity=self.ask_qty,
        )


class AggTradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One element of the answer of GET aggTrades."""

    a: int
    p: float
    q: float
    T: int
    m: bool

    def value(self, symbol: str) -> AggTrade:
        return AggTrade(symbol=symbol, id=self.a, price=self.p, quantity=self.q, time=self.T, buyer_maker=self.m)


class Premium(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET premiumIndex, or the whole answer if the request named a symbol."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal
    last_funding_rate: Decimal
    next_funding_time: int
    time: int

    def value(self) -> MarkPrice:
        return MarkPrice(
            symbol=self.symbol,
            time=self.time,
            mark=self.mark_price,
            index=self.index_price,
            funding_rate=self.last_funding_rate,
            next_funding=self.next_funding_time,
        )


class Funding(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET fundingRate. Old elements have an empty mark price."""

    symbol: str
    funding_rate: Decimal
    funding_time: int
    mark_price: str = ""

    def value(self) -> FundingRate:
        mark = Decimal(self.mark_price) if self.mark_price else _ZERO
        return FundingRate(symbol=self.symbol, time=self.funding_time, rate=self.funding_rate, mark=mark)


class FundingInfo(Wire, frozen=True, kw_only=True):
    """One element of the answer of GET fundingInfo."""

    symbol: str
    adjusted_funding_rate_cap: Decimal
    adjusted_funding_rate_floor: Decimal
    funding_interval_hours: int

    def value(self) -> FundingTerms:
        return FundingTerms(
            symbol=self.symbol,
            interval_hours=self.funding_interval_hours,
            cap=self.adjusted_funding_rate_cap,
            floor=self.adjusted_funding_rate_floor,
        )


#: The answer of GET premiumIndex: an object for one symbol, a list for all. Any, because mypy takes no union as a type.
PREMIUMS: Final[Any] = Premium | list[Premium]
