"""Decodes Binance's REST answers with market data. Pure; ``rest`` has the rules for all answers, ``exchange_info`` reads
exchangeInfo.

``value`` of each type converts it to the type of the port.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from shared.domain.timeframes import Timeframe
from shared.exchange.binance.wire.rest import Wire
from shared.exchange.model.market_data import (
    AggTrade,
    BookTicker,
    Depth,
    FundingRate,
    FundingTerms,
    Kline,
    MarkPrice,
)

_ZERO: Final = Decimal(0)

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
