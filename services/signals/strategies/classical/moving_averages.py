"""Dual moving average: enter with the cross of a fast average over a slow one, at the close that makes it."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.indicators import sma
from services.signals.view.history import Bars
from services.signals.wording import price


class MovingAveragesSettings(IndicatorSettings):
    """Settings of the strategy moving_averages: the cross of two simple moving averages of the close."""

    fast: int = Field(20, ge=2, le=400, description="Candles of the fast average")
    slow: int = Field(50, ge=3, le=900, description="Candles of the slow average")

    @model_validator(mode="after")
    def _faster(self) -> Self:
        """Raise ValueError unless the fast average is the shorter one."""
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} is not below slow {self.slow}: the fast average must be the shorter one")
        return self


def read(bars: Bars, settings: MovingAveragesSettings, *, told: bool) -> Setup:
    """BUY when the fast average was at or below the slow one at the close before and is above it now; SELL mirrored."""
    before, closes = bars.closes[:-1], bars.closes
    was = sma(before, settings.fast) - sma(before, settings.slow)
    fast, slow = sma(closes, settings.fast), sma(closes, settings.slow)
    up, down = was <= 0.0 < fast - slow, was >= 0.0 > fast - slow
    text = ""
    if told:
        averages = f"The fast average is {price(fast)}, the slow one {price(slow)}"
        text = f"{averages}; at the close before they were {was:+.4g} apart."
    gate = Gate("cross", "no_setup", up or down, fast - slow, 0.0, "USDT", text)
    how = "above" if up else "below"
    why = f"the average of {settings.fast} candles crossed {how} that of {settings.slow} and closed"
    return Setup("BUY" if up else "SELL" if down else None, (gate,), why)


STRATEGY: Final = indicator_strategy(
    "moving_averages",
    "Enters with the cross of a fast moving average over a slow one.",
    MovingAveragesSettings,
    lambda settings: settings.slow + 1,
    read,
)
