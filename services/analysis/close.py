"""What a detector sees at one candle close: the candle, those before it, and how wide they were."""

from __future__ import annotations

import msgspec

from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe


class Window(msgspec.Struct):
    """The last candles in columns, oldest first, always an unbroken run: it starts anew after a missing or disputed candle.

    No pattern of several candles can therefore span a gap.
    """

    open_times: list[int] = msgspec.field(default_factory=list)
    opens: list[float] = msgspec.field(default_factory=list)
    highs: list[float] = msgspec.field(default_factory=list)
    lows: list[float] = msgspec.field(default_factory=list)
    closes: list[float] = msgspec.field(default_factory=list)

    def push(self, candle: Candle, capacity: int) -> None:
        """Take the newest candle in; beyond ``capacity`` the oldest go."""
        self.open_times.append(candle.open_time)
        self.opens.append(candle.open)
        self.highs.append(candle.high)
        self.lows.append(candle.low)
        self.closes.append(candle.close)
        excess = len(self.open_times) - capacity
        if excess > 0:
            del self.open_times[:excess]
            del self.opens[:excess]
            del self.highs[:excess]
            del self.lows[:excess]
            del self.closes[:excess]

    def clear(self) -> None:
        """Start anew: the next candle does not follow on the last."""
        for column in (self.open_times, self.opens, self.highs, self.lows, self.closes):
            column.clear()


class CandleClose:
    """One close. The engine keeps one of these and moves it on: it is made of facts up to ``close_time`` and nothing later.

    ``atr`` is of the candles *before* this one (quote currency, 0 until warm), so that a candle is never measured by itself.
    ``window`` ends in this candle.
    """

    __slots__ = (
        "atr",
        "close",
        "close_time",
        "duration",
        "high",
        "low",
        "open",
        "open_time",
        "symbol",
        "timeframe",
        "window",
    )

    def __init__(self, symbol: str, timeframe: Timeframe, window: Window) -> None:
        self.symbol = symbol
        self.timeframe: Timeframe = timeframe
        self.duration = DURATION[timeframe]
        self.window = window
        self.atr = 0.0
        self.open_time = self.close_time = 0
        self.open = self.high = self.low = self.close = 0.0

    def move_to(self, candle: Candle, atr: float) -> None:
        """Stand at the close of ``candle``, which is the last of the window."""
        self.atr = atr
        self.open_time = candle.open_time
        self.close_time = candle.open_time + self.duration
        self.open = candle.open
        self.high = candle.high
        self.low = candle.low
        self.close = candle.close
