"""MACD: enter with the cross of the MACD line over its signal line, at the close that makes it."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.indicators import macd
from services.signals.view.history import Bars

#: The window in lengths of what the indicator needs at least: the averages' beginnings have then faded to less than 1 %.
_WINDOW: Final = 4


class MacdSettings(IndicatorSettings):
    """Settings of the strategy macd: the cross of the MACD line and its signal line."""

    fast: int = Field(12, ge=2, le=90, description="Candles of the fast exponential average")
    slow: int = Field(26, ge=3, le=180, description="Candles of the slow exponential average")
    signal: int = Field(9, ge=2, le=60, description="Values of the line in its exponential average, the signal line")

    @model_validator(mode="after")
    def _faster(self) -> Self:
        """Raise ValueError unless the fast average is the shorter one."""
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} is not below slow {self.slow}: the fast average must be the shorter one")
        return self


def read(bars: Bars, settings: MacdSettings, *, told: bool) -> Setup:
    """BUY when the line was at or below its signal line at the close before and is above it now; SELL mirrored."""
    line, average = macd(bars.closes, settings.fast, settings.slow, settings.signal)
    was, now = line[-2] - average[-2], line[-1] - average[-1]
    up, down = was <= 0.0 < now, was >= 0.0 > now
    text = ""
    if told:
        lines = f"The line is {line[-1]:.4g}, its signal line {average[-1]:.4g}"
        text = f"{lines}; at the close before they were {was:+.4g} apart."
    gate = Gate("cross", "no_setup", up or down, now, 0.0, "USDT", text)
    why = f"the MACD line crossed {'above' if up else 'below'} its signal line and closed"
    return Setup("BUY" if up else "SELL" if down else None, (gate,), why)


STRATEGY: Final = indicator_strategy(
    "macd",
    "Enters with the cross of the MACD line over its signal line.",
    MacdSettings,
    lambda settings: _WINDOW * (settings.slow + settings.signal),
    read,
)
