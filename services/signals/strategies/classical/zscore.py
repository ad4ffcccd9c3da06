"""Z-score: enter towards the mean at the first close that lies too many standard deviations away from it."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.indicators import deviation, sma
from services.signals.view.history import Bars


class ZscoreSettings(IndicatorSettings):
    """Settings of the strategy zscore: the close's distance from its mean in standard deviations."""

    period: int = Field(50, ge=2, le=900, description="Candles of mean and standard deviation")
    entry: float = Field(2.5, gt=0.0, le=10.0, description="Distance from the mean at which it enters, standard deviations")


def read(bars: Bars, settings: ZscoreSettings, *, told: bool) -> Setup:
    """BUY at a close ``entry`` deviations or more below the mean when the one before was nearer; SELL mirrored."""
    was, now = _score(bars.closes[:-1], settings.period), _score(bars.closes, settings.period)
    low, high = now <= -settings.entry < was, now >= settings.entry > was
    text = ""
    if told:
        text = f"The close is {now:+.2f} deviations from the mean, the one before {was:+.2f}; it needs {settings.entry:g}."
    gate = Gate("far_away", "no_setup", low or high, now, settings.entry, "deviations", text)
    why = f"price went {abs(now):.2f} standard deviations {'below' if low else 'above'} its mean and closed"
    return Setup("BUY" if low else "SELL" if high else None, (gate,), why)


def _score(closes: list[float], period: int) -> float:
    spread = deviation(closes, period)
    return (closes[-1] - sma(closes, period)) / spread if spread > 0.0 else 0.0


STRATEGY: Final = indicator_strategy(
    "zscore",
    "Enters towards the mean when price is too many standard deviations away.",
    ZscoreSettings,
    lambda settings: settings.period + 1,
    read,
)
