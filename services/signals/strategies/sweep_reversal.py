"""Sweep reversal: liquidity is taken, price leaves the other way with force and structure turns; a limit waits (SIG-3).

1. Structure turned: the last break on the ``timeframe`` (5m) is a change of character, within the last
   ``shift_candles`` closes. Its direction is the direction of the trade.
2. Before it, within ``sweep_candles``, liquidity of the other side was swept: lows before a buy, highs before a sell.
3. After that sweep, up to this close, a displacement in the direction of the trade was confirmed.
4. The entry is a limit order. With ``entry`` = ``gap`` it rests at the consequent encroachment (middle) of the newest
   fair value gap of this direction that was confirmed after the sweep and is not filled to its middle. With ``block``
   it rests at the near edge of the newest order block of this direction that was confirmed after the sweep.
5. Price must still come back to the entry: it lies below this close for a buy, above it for a sell.
6. The stop lies ``stop_buffer`` beyond the furthest trade of the sweep.
7. A part is taken off at the first opposing liquidity, the rest at the next; then the stop moves to the entry.
8. What has not filled after ``rest_candles`` is cancelled. A sweep or a change of character gives one signal.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from services.signals import trade
from services.signals.contract import Answer, Strategy
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from shared.domain.decisions import LimitEntry, Reason
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "sweep_reversal"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"sweep", "displacement", "bos", "choch", "fvg", "order_block"}
UNFILLED: Final[frozenset[FactState]] = frozenset({"active", "touched"})
UNTOUCHED: Final[frozenset[FactState]] = frozenset({"active"})


class SweepReversalSettings(TradeSettings):
    """Settings of the strategy sweep_reversal: a limit order after a sweep, a displacement and a change of character."""

    timeframe: Timeframe = Field("5m", description="Timeframe that the strategy judges")
    sweep_candles: int = Field(
        36, ge=1, le=500, description="Candles before the change of character in which a sweep counts"
    )
    shift_candles: int = Field(3, ge=1, le=100, description="Closes in which a change of character is fresh")
    entry: Literal["gap", "block"] = Field(
        "gap", description="Where the limit order rests: the middle of the gap, or the block's edge"
    )
    score: float = Field(
        5.5, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )
    rest_candles: int = Field(12, ge=1, le=500, description="Candles for which the limit order rests")


def judge(view: MarketView, settings: SweepReversalSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    analysis = trade.begin(view, settings.timeframe, settings)
    if not isinstance(analysis, Analysis):
        return analysis
    candle = DURATION[settings.timeframe]
    shift = view.last_break(settings.timeframe)
    if shift is None or shift.kind != "choch" or shift.confirmed_at <= view.close_time - settings.shift_candles * candle:
        return ("no_shift",)
    direction = shift.direction
    sweep = _sweep_before(view, shift, settings)
    if sweep is None:
        return ("no_sweep",)
    reasons: list[Reason] = []
    displacement = view.displacement_after(sweep, settings.timeframe)
    if displacement is None:
        reasons.append("no_displacement")
    zone = _zone(view, direction, sweep.confirmed_at, settings)
    if zone is None:
        reasons.append("no_fvg" if settings.entry == "gap" else "no_order_block")
    if shift.id in view.used or sweep.id in view.used:
        reasons.append("zone_used")
    if zone is None or displacement is None:
        return tuple(reasons)

    entry = (zone.top + zone.bottom) / 2 if settings.entry == "gap" else trade.near_edge(zone)
    stop = trade.stop_beyond(direction, trade.far_edge(sweep), settings)
    if not trade.is_behind(direction, entry, analysis.candle.close):
        reasons.append("entry_passed")
    reasons += trade.faults_of_stop(direction, entry, stop, settings)
    if reasons:
        return tuple(reasons)
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    return trade.signal(
        NAME,
        view,
        direction,
        LimitEntry(price=entry, rests_until=view.close_time + settings.rest_candles * candle),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=settings.score,
        rests_on=(sweep, displacement, shift, zone),
        settings=settings,
        why=(
            f"{view.symbol} {settings.timeframe}: liquidity at {trade.written(trade.near_edge(sweep))} was swept to "
            f"{trade.written(trade.far_edge(sweep))}, price left with a displacement and structure turned "
            f"{trade.TREND[direction]} at {trade.written(shift.top)}; a limit rests at {trade.written(entry)}, in the "
            f"{zone.kind.replace('_', ' ')} {trade.written(zone.bottom)}-{trade.written(zone.top)}."
        ),
    )


def _sweep_before(view: MarketView, shift: Fact, settings: SweepReversalSettings) -> Fact | None:
    """The last sweep of the other side's liquidity before the change of character."""
    since = shift.confirmed_at - settings.sweep_candles * DURATION[settings.timeframe]
    found = view.moments("sweep", settings.timeframe, shift.direction, since=since)
    return next((each for each in reversed(found) if each.confirmed_at < shift.confirmed_at), None)


def _zone(view: MarketView, direction: Direction, after: int, settings: SweepReversalSettings) -> Fact | None:
    """The newest gap (block) that the move after the sweep left, and that price has not traded into its entry."""
    kind: FactKind = "fvg" if settings.entry == "gap" else "order_block"
    states = UNFILLED if settings.entry == "gap" else UNTOUCHED
    found = [
        each
        for each in view.facts(kind, settings.timeframe, direction)
        if each.confirmed_at > after and each.state in states
    ]
    return max(found, key=lambda each: (each.confirmed_at, each.id), default=None)


STRATEGY: Final = Strategy(
    name=NAME,
    about="Rests a limit order after liquidity was swept, price left with force and structure turned.",
    settings=SweepReversalSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=lambda settings: {settings.timeframe: READS},
)
