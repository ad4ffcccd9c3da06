"""Bollinger reversion: enter towards the mean at the close that comes back into the bands."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.indicators import deviation, sma
from services.signals.view.history import Bars
from services.signals.wording import price
from shared.domain.order_words import Side


class BollingerSettings(IndicatorSettings):
    """Settings of the strategy bollinger: the return from beyond the Bollinger bands."""

    period: int = Field(20, ge=2, le=900, description="Candles of the middle band, a simple average")
    width: float = Field(
        2.0, gt=0.0, le=10.0, description="Distance of the outer bands from the middle, standard deviations"
    )


def read(bars: Bars, settings: BollingerSettings, *, told: bool) -> Setup:
    """BUY when the close before was below the lower band and this one is between lower and middle band; SELL mirrored."""
    (low_before, _, high_before), (low, middle, high) = _bands(bars.closes[:-1], settings), _bands(bars.closes, settings)
    before, close = bars.closes[-2], bars.closes[-1]
    below, above = before < low_before, before > high_before
    back = low <= close < middle if below else middle < close <= high
    gates = (
        Gate("was_outside", "no_setup", below or above, before, high_before if above else low_before, "USDT",
             f"The close before was {price(before)}; its bands were {price(low_before)} and {price(high_before)}."
             if told else ""),
        Gate("came_back", "no_setup", back or not (below or above), close, middle, "USDT",
             f"It closed at {price(close)}; the bands are {price(low)}, {price(middle)} and {price(high)}." if told else ""),
    )  # fmt: skip
    why = f"price came back from {'below the lower' if below else 'above the upper'} Bollinger band and closed"
    side: Side = "BUY" if below else "SELL"
    return Setup(side if (below or above) and back else None, gates, why)


def _bands(closes: list[float], settings: BollingerSettings) -> tuple[float, float, float]:
    middle, away = sma(closes, settings.period), settings.width * deviation(closes, settings.period)
    return middle - away, middle, middle + away


STRATEGY: Final = indicator_strategy(
    "bollinger",
    "Enters towards the mean when price comes back into its Bollinger bands.",
    BollingerSettings,
    lambda settings: settings.period + 1,
    read,
)
