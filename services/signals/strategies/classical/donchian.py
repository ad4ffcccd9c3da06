"""Donchian breakout: enter with the first close beyond the highest high or lowest low of the candles before it."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, indicator_strategy
from services.signals.view.history import Bars
from services.signals.wording import price
from shared.domain.order_words import Side


class DonchianSettings(IndicatorSettings):
    """Settings of the strategy donchian: the breakout of a channel of highs and lows."""

    channel: int = Field(20, ge=2, le=900, description="Candles of the channel, those before the closing one")


def read(bars: Bars, settings: DonchianSettings, *, told: bool) -> Setup:
    """BUY at a close above the channel when the close before was not above its own channel; SELL mirrored."""
    length = settings.channel
    top, bottom = max(bars.highs[-length - 1 : -1]), min(bars.lows[-length - 1 : -1])
    top_before, bottom_before = max(bars.highs[-length - 2 : -2]), min(bars.lows[-length - 2 : -2])
    close, before = bars.closes[-1], bars.closes[-2]
    above, below = close > top, close < bottom
    first = not (before > top_before if above else before < bottom_before)
    side: Side = "BUY" if above else "SELL"
    gates = (
        Gate("breakout", "no_setup", above or below, close, bottom if below else top, "USDT",
             f"It closed at {price(close)}; the channel of {length} candles is {price(bottom)}-{price(top)}."
             if told else ""),
        Gate("first", "no_setup", first or not (above or below), before, bottom_before if below else top_before, "USDT",
             f"The close before was {price(before)}; its channel was {price(bottom_before)}-{price(top_before)}."
             if told else ""),
    )  # fmt: skip
    if not ((above or below) and first):
        return Setup(None, gates, "")
    why = f"the first close {'above' if above else 'below'} the channel of {length} candles, {price(bottom)}-{price(top)},"
    return Setup(side, gates, why)


STRATEGY: Final = indicator_strategy(
    "donchian",
    "Enters with the first close beyond the highs or lows of the candles before.",
    DonchianSettings,
    lambda settings: settings.channel + 2,
    read,
)
