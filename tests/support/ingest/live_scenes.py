"""Klines, diffs and snapshots for the tests of the live feed."""

from __future__ import annotations

from shared.domain.timeframes import DURATION, MINUTE, Timeframe
from shared.exchange.model.market_data import AggTrade, BookTicker, Depth, Kline, Level
from shared.exchange.model.streams import DepthEvent

MONDAY = 1_736_121_600_000  # 2025-01-06T00:00Z
BTC, ETH = "BTCUSDT", "ETHUSDT"


def kline(
    minute: int, symbol: str = BTC, *, closed: bool = True, close: float | None = None, timeframe: Timeframe = "1m"
) -> Kline:
    """The candle that opens ``minute`` minutes after Monday."""
    price = 100.0 + minute if close is None else close
    return Kline(
        symbol=symbol,
        timeframe=timeframe,
        open_time=MONDAY + minute * MINUTE,
        open=price,
        high=price + 1.0,
        low=price - 1.0,
        close=price,
        volume=2.0,
        quote_volume=2.0 * price,
        trades=3,
        taker_volume=1.0,
        closed=closed,
    )


def klines(first: int, last: int, symbol: str = BTC, timeframe: Timeframe = "1m") -> list[Kline]:
    """Those from ``first`` to ``last``, both included; minutes apart for 1m."""
    every = DURATION[timeframe] // MINUTE
    return [kline(minute, symbol, timeframe=timeframe) for minute in range(first, last + 1, every)]


def at(minute: int, seconds: float = 0.0) -> int:
    """The instant so many minutes and seconds after Monday, ms."""
    return MONDAY + minute * MINUTE + round(seconds * 1_000)


def diff(
    previous: int, last: int, bids: tuple[Level, ...] = (), asks: tuple[Level, ...] = (), symbol: str = BTC
) -> DepthEvent:
    return DepthEvent(symbol=symbol, time=MONDAY, first=previous + 2, last=last, previous=previous, bids=bids, asks=asks)


def depth(last_update: int, bids: tuple[Level, ...], asks: tuple[Level, ...], symbol: str = BTC) -> Depth:
    return Depth(symbol=symbol, time=MONDAY, last_update=last_update, bids=bids, asks=asks)


def ticker(time: int, bid: float = 99.0, ask: float = 101.0, sizes: tuple[float, float] = (3.0, 1.0)) -> BookTicker:
    return BookTicker(symbol=BTC, time=time, bid=bid, bid_quantity=sizes[0], ask=ask, ask_quantity=sizes[1])


def trade(quantity: float, *, sold: bool = False) -> AggTrade:
    return AggTrade(symbol=BTC, id=1, price=100.0, quantity=quantity, time=MONDAY, buyer_maker=sold)
