"""A drill: enters at every 1m close, buy and sell in turn. It exists to load the pipeline, never to earn (benchmarks)."""

from __future__ import annotations

from services.signals.settings import EveryCloseSettings
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Reason, Signal
from shared.domain.ids import derive
from shared.domain.order_words import Side
from shared.domain.timeframes import DURATION, FINEST

NAME = "every_close"


def judge(view: MarketView, settings: EveryCloseSettings) -> Signal | tuple[Reason, ...]:
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
        id=derive("signal", NAME, view.symbol, view.close_time),
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
