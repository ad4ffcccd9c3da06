"""RSI extremes: enter against an exhausted move at the close at which the index leaves its extreme."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.indicators import rsi
from services.signals.view.history import Bars

#: The window in periods: what Wilder's average began with has then faded to less than 1 %.
_WINDOW: Final = 6


class RsiExtremesSettings(IndicatorSettings):
    """Settings of the strategy rsi_extremes: the relative strength index leaving oversold or overbought."""

    period: int = Field(14, ge=2, le=150, description="Candles of Wilder's average")
    oversold: float = Field(30.0, gt=0.0, lt=100.0, description="Below this index the market is oversold")
    overbought: float = Field(70.0, gt=0.0, lt=100.0, description="Above this index the market is overbought")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Raise ValueError unless oversold lies below overbought."""
        if self.oversold >= self.overbought:
            raise ValueError(f"oversold {self.oversold} is not below overbought {self.overbought}: lower it")
        return self


def read(bars: Bars, settings: RsiExtremesSettings, *, told: bool) -> Setup:
    """BUY when the index was below ``oversold`` at the close before and is not now; SELL mirrored at ``overbought``."""
    was, now = rsi(bars.closes, settings.period)[-2:]
    up, down = was < settings.oversold <= now, was > settings.overbought >= now
    bounds = f"below {settings.oversold:g} is oversold, above {settings.overbought:g} overbought"
    text = f"The index is {now:.1f} and was {was:.1f} at the close before; {bounds}." if told else ""
    limit = settings.overbought if was > settings.overbought else settings.oversold
    gate = Gate("left_extreme", "no_setup", up or down, now, limit, "points", text)
    why = f"the relative strength index left {'oversold' if up else 'overbought'} ({was:.1f} to {now:.1f}) and price closed"
    return Setup("BUY" if up else "SELL" if down else None, (gate,), why)


STRATEGY: Final = indicator_strategy(
    "rsi_extremes",
    "Enters against a move when the relative strength index leaves its extreme.",
    RsiExtremesSettings,
    lambda settings: _WINDOW * settings.period,
    read,
)
