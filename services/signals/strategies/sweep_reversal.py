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
8. What has not filled after ``rest_candles`` is cancelled, and once price has reached the first exit that lies ahead of
   this close: the move went without the trade. ``void_at`` takes the last exit instead, or none. A sweep or a change of
   character gives one signal.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from pydantic import Field

from services.signals import trade, trade_gates
from services.signals.contract import Answer, Strategy
from services.signals.gates import Gate, failed, ids
from services.signals.trade import RestingSettings
from services.signals.view import MarketView
from shared.domain.decisions import LimitEntry, Reason, Signal
from shared.domain.facts import Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "sweep_reversal"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"sweep", "displacement", "bos", "choch", "fvg", "order_block"}
UNFILLED: Final[frozenset[FactState]] = frozenset({"active", "touched"})
UNTOUCHED: Final[frozenset[FactState]] = frozenset({"active"})
#: By where the limit order rests: the kind of zone, and the reason when there is none.
_ZONE: Final[dict[str, tuple[FactKind, Reason]]] = {"gap": ("fvg", "no_fvg"), "block": ("order_block", "no_order_block")}


class SweepReversalSettings(RestingSettings):
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


class Setup(NamedTuple):
    """What the gates found: the sweep, how price left it, where structure turned, the zone of the limit, and the trade."""

    sweep: Fact
    displacement: Fact
    shift: Fact
    zone: Fact
    close: float
    entry: float
    stop: float


def judge(view: MarketView, settings: SweepReversalSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: SweepReversalSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: SweepReversalSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    shift = trade_gates.fresh_break(gates, view, settings.timeframe, settings.shift_candles, None, told=told)
    if shift is None:
        return gates, None
    sweep = _sweep_before(view, shift, settings)
    direction, zone_kind, why_none = shift.direction, *_ZONE[settings.entry]
    side = "Lows" if direction == "bullish" else "Highs"
    text = ""
    if told:
        swept = "not swept" if sweep is None else f"swept to {trade.written(trade.far_edge(sweep))}"
        text = f"{side} were {swept} within {settings.sweep_candles} candles before structure turned."
    gates.append(Gate("sweep", "no_sweep", sweep is not None, text=text, facts=ids(sweep) if told else ()))
    if sweep is None:
        return gates, None
    displacement = view.displacement_after(sweep, settings.timeframe)
    if told:
        text = f"Price left the sweep {'without' if displacement is None else 'with'} a {direction} displacement."
    gates.append(
        Gate("displacement", "no_displacement", displacement is not None, text=text, facts=ids(displacement) if told else ())
    )
    zone = _zone(view, direction, sweep.confirmed_at, settings)
    if told:
        words = f"{direction} {'fair value gap' if settings.entry == 'gap' else 'order block'}"
        found = f"no open {words}" if zone is None else f"the {words} {trade_gates.zone_bounds(zone)}"
        text = f"The move after the sweep left {found}."
    gates.append(Gate(zone_kind, why_none, zone is not None, text=text, facts=ids(zone) if told else ()))
    trade_gates.unused(gates, view, (shift, sweep), told=told)
    if zone is None or displacement is None:
        return gates, None

    entry = (zone.top + zone.bottom) / 2 if settings.entry == "gap" else trade.near_edge(zone)
    stop = trade.stop_beyond(direction, trade.far_edge(sweep), settings)
    trade_gates.entry_ahead(gates, direction, entry, analysis.candle.close, told=told)
    trade_gates.stop_accepted(gates, direction, entry, stop, settings, told=told)
    return gates, Setup(sweep, displacement, shift, zone, analysis.candle.close, entry, stop)


def _signal(view: MarketView, setup: Setup, settings: SweepReversalSettings) -> Signal:
    sweep, displacement, shift, zone, close, entry, stop = setup
    direction = shift.direction
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    exits = trade.ladder(direction, entry, stop, levels, settings)
    return trade.signal(
        NAME,
        view,
        direction,
        LimitEntry(
            price=entry,
            rests_until=view.close_time + settings.rest_candles * DURATION[settings.timeframe],
            void_at=trade.void_price(direction, close, exits, settings),
        ),
        stop,
        exits,
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
    kind, _ = _ZONE[settings.entry]
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
    explain=explain,
)
