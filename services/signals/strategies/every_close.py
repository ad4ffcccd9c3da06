"""A drill: enters at every 1m close, buy and sell in turn. It exists to load the pipeline, never to earn (benchmarks)."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Signal
from shared.domain.order_words import Side
from shared.domain.timeframes import DURATION, FINEST

NAME: Final = "every_close"


class EveryCloseSettings(BaseModel):
    """Settings of the strategy every_close, a drill that enters at every 1m close, whatever the market does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_distance: float = Field(0.002, gt=0.0, le=0.2, description="Distance of the stop, fraction of the entry price")
    target_distance: float = Field(0.004, gt=0.0, le=0.5, description="Distance of the target, fraction of the entry price")
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")


def judge(view: MarketView, settings: EveryCloseSettings) -> Answer:
    """A signal at each close with a sound 1m candle: buy at even minutes of the epoch, sell at odd ones."""
    analysis = view.at_close(FINEST)
    if analysis is None:
        return ("data_missing",)
    if analysis.candle.state == "disputed":
        return ("data_disputed",)
    side: Side = "BUY" if view.close_time // DURATION[FINEST] % 2 == 0 else "SELL"
    sign = 1.0 if side == "BUY" else -1.0
    entry = analysis.candle.close
    return Signal(
        id=signal_id(NAME, view.symbol, view.close_time),
        symbol=view.symbol,
        strategy=NAME,
        side=side,
        entry=MarketEntry(price=entry),
        stop=entry * (1.0 - sign * settings.stop_distance),
        exits=(Exit(price=entry * (1.0 + sign * settings.target_distance)),),
        score=0.0,
        close_time=view.close_time,
        valid_until=view.close_time + settings.ttl_ms,
        rests_on=(),
        why=f"Drill: a {side.lower()} at every 1m close, on no ground at all.",
    )


STRATEGY: Final = Strategy(
    name=NAME,
    about="A drill that enters at every 1m close, buy and sell in turn.",
    settings=EveryCloseSettings,
    judge=judge,
    timeframe=lambda settings: FINEST,
    reads=lambda settings: {FINEST: frozenset()},
    drill=True,
)
