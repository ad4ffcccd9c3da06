"""Bounded history: the newest candles of a timeframe that strategies look back on, their prices and order flow (SIG-4)."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION

#: Most candles that a strategy may declare to read of one timeframe.
MOST_BARS: Final = 1_000


class Bars(NamedTuple):
    """Consecutive closed candles, oldest first, none of them disputed; prices in quote currency."""

    highs: list[float]
    lows: list[float]
    closes: list[float]


class History(msgspec.Struct, kw_only=True):
    """What the core keeps of one symbol and timeframe; ``last_open``: open time of the newest candle, UTC ms.

    After a gap or a disputed candle it begins anew, as the columns of the analysis do: no average spans what is not there.
    """

    last_open: int = -1
    highs: list[float] = msgspec.field(default_factory=list)
    lows: list[float] = msgspec.field(default_factory=list)
    closes: list[float] = msgspec.field(default_factory=list)

    def take(self, candle: Candle, limit: int) -> None:
        """Take the next candle, newer than the last; the oldest beyond ``limit`` are forgotten."""
        columns = (self.highs, self.lows, self.closes)
        follows = candle.open_time == self.last_open + DURATION[candle.timeframe]
        self.last_open = candle.open_time
        if candle.state == "disputed" or not follows:
            for column in columns:
                column.clear()
        if candle.state == "disputed":
            return
        for column, price in zip(columns, (candle.high, candle.low, candle.close), strict=True):
            column.append(price)
            del column[:-limit]

    def newest(self, count: int) -> Bars | None:
        """The newest ``count`` candles; None while there are fewer."""
        if len(self.closes) < count:
            return None
        return Bars(self.highs[-count:], self.lows[-count:], self.closes[-count:])


class Flows(NamedTuple):
    """Consecutive closed candles, oldest first, none of them disputed; prices in quote, volumes in base currency.

    bought: what takers bought of each volume; None where that is not known.
    """

    closes: list[float]
    volumes: list[float]
    bought: list[float | None]


class FlowHistory(msgspec.Struct, kw_only=True):
    """What the core keeps of the order flow of one symbol and timeframe; begins anew after a gap, as ``History`` does."""

    last_open: int = -1
    closes: list[float] = msgspec.field(default_factory=list)
    volumes: list[float] = msgspec.field(default_factory=list)
    bought: list[float | None] = msgspec.field(default_factory=list)

    def take(self, candle: Candle, limit: int) -> None:
        """Take the next candle, newer than the last; the oldest beyond ``limit`` are forgotten."""
        follows = candle.open_time == self.last_open + DURATION[candle.timeframe]
        self.last_open = candle.open_time
        if candle.state == "disputed" or not follows:
            for column in (self.closes, self.volumes, self.bought):
                column.clear()
        if candle.state == "disputed":
            return
        self.closes.append(candle.close)
        self.volumes.append(candle.volume)
        self.bought.append(None if candle.flow is None else candle.flow.taker_bought)
        for column in (self.closes, self.volumes, self.bought):
            del column[:-limit]

    def newest(self, count: int) -> Flows | None:
        """The newest ``count`` candles; None while there are fewer."""
        if len(self.closes) < count:
            return None
        return Flows(self.closes[-count:], self.volumes[-count:], self.bought[-count:])
