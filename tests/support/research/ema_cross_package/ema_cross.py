"""A strategy of a package: the cross of two exponential averages of the 1m close, stop and target in parts of the price.

It is the question that every backtester can be asked (``tests.support.research.ema_cross``). Installed by tests.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Signal

#: Most candles that an average looks back: what came before them weighs 2e-9 in the average of 50. It begins with what
#: there is, as the averages of other backtesters do.
WINDOW = 500


class Settings(BaseModel):
    """Settings of the cross."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fast: int = Field(20, ge=2, le=100, description="Candles of the fast average")
    slow: int = Field(50, ge=3, le=100, description="Candles of the slow average")
    stop: float = Field(0.005, gt=0.0, le=0.2, description="Distance of the stop from the close, fraction of the price")
    target: float = Field(0.01, gt=0.0, le=0.5, description="Distance of the target from the close, fraction of the price")


@cache
def weights(settings: Settings, count: int) -> NDArray[np.float64]:
    """What each of ``count`` closes adds to fast less slow: at the close before, and at this one. Shape (2, count)."""
    found = np.zeros((2, count))
    for candles, sign in ((settings.fast, 1.0), (settings.slow, -1.0)):
        part = 2.0 / (candles + 1.0)
        for row, closes in enumerate((count - 1, count)):
            average = part * (1.0 - part) ** np.arange(closes)[::-1]
            average[0] /= part  # an average begins with the first close
            found[row, :closes] += sign * average
    return found


def known(view: MarketView, least: int) -> list[float] | None:
    """The newest closes, as many as there are up to ``WINDOW``; None for fewer than ``least``."""
    bars = view.history("1m", WINDOW) or view.history("1m", least)
    if bars is None or len(bars.closes) == WINDOW:
        return None if bars is None else bars.closes
    below, above = least, WINDOW
    while above - below > 1:
        middle = (below + above) // 2
        more = view.history("1m", middle)
        below, above, bars = (middle, above, more) if more is not None else (below, middle, bars)
    return bars.closes


def judge(view: MarketView, settings: Settings) -> Answer:
    """Enter at the close at which the fast average crosses the slow one, in the direction of the cross."""
    analysis = view.at_close("1m")
    if analysis is None:
        return ("data_missing",)
    closes = known(view, settings.slow + 1)
    if closes is None:
        return ("warming_up",)
    was, now = (weights(settings, len(closes)) @ np.array(closes)).tolist()
    up, down = was <= 0.0 < now, was >= 0.0 > now
    if not up and not down:
        return ("no_setup",)
    close, sign = analysis.candle.close, 1.0 if up else -1.0
    return Signal(
        id=signal_id("ema_cross", view.symbol, view.close_time),
        symbol=view.symbol,
        strategy="ema_cross",
        side="BUY" if up else "SELL",
        entry=MarketEntry(price=close),
        stop=close * (1.0 - sign * settings.stop),
        exits=(Exit(price=close * (1.0 + sign * settings.target)),),
        score=1.0,
        close_time=view.close_time,
        valid_until=view.close_time + 60_000,
        rests_on=(),
        why=f"The average of {settings.fast} candles crossed that of {settings.slow}.",
    )


STRATEGY = Strategy(
    name="ema_cross",
    about="Enters with the cross of two exponential averages of the 1m close.",
    settings=Settings,
    judge=judge,
    timeframe=lambda settings: "1m",
    reads=lambda settings: {"1m": frozenset()},
    history=lambda settings: {"1m": WINDOW},
)
