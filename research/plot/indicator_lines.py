"""The lines that classical strategies judge by, over the candles of a picture: on the chart, or in a strip below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.signals.indicators import deviation, macd, rsi, sma
from services.signals.strategies import STRATEGIES
from shared.domain.candles import Candle


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """One value a shown candle; ``ink``: which of the theme's colours. dashed: a bound, not the indicator itself."""

    name: str
    values: tuple[float, ...]
    ink: str = "bullish_block"
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class IndicatorLines:
    """``over``: in prices, over the candles; ``below``: in a unit of their own."""

    over: tuple[IndicatorLine, ...] = ()
    below: tuple[IndicatorLine, ...] = ()


#: The candles up to one close, oldest first → the value of each line there.
_At = Callable[[Sequence[Candle], Any], tuple[float, ...]]


def _averages(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    closes = [candle.close for candle in past]
    return sma(closes, settings.fast), sma(closes, settings.slow)


def _trend(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    return (sma([candle.close for candle in past], settings.trend),)


def _channel(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    before = past[-settings.channel - 1 : -1]
    return max(candle.high for candle in before), min(candle.low for candle in before)


def _bands(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    closes = [candle.close for candle in past]
    middle, away = sma(closes, settings.period), settings.width * deviation(closes, settings.period)
    return middle + away, middle, middle - away


def _macd(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    window = _window("macd", settings)
    line, average = macd([candle.close for candle in past[-window:]], settings.fast, settings.slow, settings.signal)
    return line[-1], average[-1], 0.0


def _rsi(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    window = _window("rsi_extremes", settings)
    index = rsi([candle.close for candle in past[-window:]], settings.period)[-1]
    return index, settings.overbought, settings.oversold


def _zscore(past: Sequence[Candle], settings: Any) -> tuple[float, ...]:
    closes = [candle.close for candle in past]
    spread = deviation(closes, settings.period)
    score = (closes[-1] - sma(closes, settings.period)) / spread if spread > 0.0 else 0.0
    return score, settings.entry, 0.0, -settings.entry


def _window(strategy: str, settings: Any) -> int:
    """How many candles the strategy looks back."""
    return STRATEGIES[strategy].history(settings)[settings.timeframe]


_BLUE, _ORANGE, _GREY = "bullish_block", "bearish_block", "faint"
#: Strategy → where its lines are drawn, each with its colour and whether it is a bound, and their values.
_LINES: Final[dict[str, tuple[bool, tuple[tuple[str, str, bool], ...], _At]]] = {
    "moving_averages": (True, (("fast", _BLUE, False), ("slow", _ORANGE, False)), _averages),
    "funding_carry": (True, (("average", _ORANGE, False),), _trend),
    "donchian": (True, (("channel high", _BLUE, False), ("channel low", _ORANGE, False)), _channel),
    "bollinger": (True, (("upper band", _BLUE, False), ("middle", _GREY, False), ("lower band", _BLUE, False)), _bands),
    "macd": (False, (("MACD", _BLUE, False), ("signal line", _ORANGE, False), ("0", _GREY, True)), _macd),
    "rsi_extremes": (False, (("RSI", _BLUE, False), ("overbought", _GREY, True), ("oversold", _GREY, True)), _rsi),
    "zscore": (
        False,
        (("z-score", _BLUE, False), ("entry", _GREY, True), ("0", _GREY, True), ("entry", _GREY, True)),
        _zscore,
    ),
}


def lines_of(strategy: str, candles: Sequence[Candle], shown: int) -> IndicatorLines:
    """The lines of a strategy with its defaults at the newest ``shown`` candles; none for a strategy without indicators."""
    if strategy not in _LINES:
        return IndicatorLines()
    over, names, at = _LINES[strategy]
    settings = STRATEGIES[strategy].settings()
    rows = [at(candles[: number + 1], settings) for number in range(len(candles) - shown, len(candles))]
    columns = zip(*rows, strict=True)
    lines = tuple(
        IndicatorLine(name, values, ink, dashed) for (name, ink, dashed), values in zip(names, columns, strict=True)
    )
    return IndicatorLines(over=lines) if over else IndicatorLines(below=lines)
