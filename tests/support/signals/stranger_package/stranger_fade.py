"""A strategy that nobody here wrote: it fades a sweep once price has left it with force. Installed by tests."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Signal


class Settings(BaseModel):
    """Settings of the stranger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reward_risk: float = Field(2.0, gt=0.0, le=20.0, description="Distance of the target in distances of the stop")
    fresh_ms: int = Field(3_600_000, ge=60_000, le=86_400_000, description="Oldest sweep that is traded, ms")


def judge(view: MarketView, settings: Settings) -> Answer:
    """Enter in the direction of the last sweep that a displacement followed."""
    analysis = view.at_close("5m")
    if analysis is None:
        return ("data_missing",)
    price = analysis.candle.close
    for direction in ("bullish", "bearish"):
        sweep = view.last_sweep(direction, "5m", since=view.close_time - settings.fresh_ms)
        if sweep is None or sweep.id in view.used:
            continue
        left = view.displacement_after(sweep, "5m")
        if left is None:
            continue
        buys = direction == "bullish"
        stop = sweep.bottom * 0.999 if buys else sweep.top * 1.001
        if (stop >= price) if buys else (stop <= price):
            continue
        return Signal(
            id=signal_id("stranger_fade", view.symbol, view.close_time),
            symbol=view.symbol,
            strategy="stranger_fade",
            side="BUY" if buys else "SELL",
            entry=MarketEntry(price=price),
            stop=stop,
            exits=(Exit(price=price + settings.reward_risk * (price - stop)),),
            score=1.0,
            close_time=view.close_time,
            valid_until=view.close_time + 60_000,
            rests_on=(sweep.id, left.id),
            why="Liquidity was taken and price left it with force.",
        )
    return ("no_setup",)


STRATEGY = Strategy(
    name="stranger_fade",
    about="Fades a sweep once price has left it with force.",
    settings=Settings,
    judge=judge,
    timeframe=lambda settings: "5m",
    reads=lambda settings: {"5m": frozenset({"sweep", "displacement"})},
)
