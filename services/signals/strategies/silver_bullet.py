"""Silver Bullet: a gap made in one of the three hours, after a sweep, bought or sold at a limit within the hour (SIG-3).

1. This close lies in a Silver Bullet hour: 03:00, 10:00 or 14:00 to the full hour in New York.
2. At this close a fair value gap of the ``timeframe`` (5m) was confirmed whose middle candle opened in that hour. Its
   direction is the direction of the trade.
3. Liquidity of the other side was swept before the gap's middle candle opened, in the hour or within
   ``sweep_candles`` before it: lows before a buy, highs before a sell.
4. The entry is a limit order that rests ``entry_depth`` deep in the gap: 0 is its near edge, 0.5 its middle. Price
   must still come back to it.
5. The stop lies ``stop_buffer`` beyond the furthest trade of that sweep.
6. The target is opposing liquidity at least ``reward_risk`` distances of the stop away; without any there is no
   trade. A part is taken off at nearer liquidity; then the stop moves to the entry.
7. What has not filled at the end of the hour is cancelled, and once price has reached the first exit that lies ahead of
   this close: the move went without the trade. ``void_at`` takes the last exit instead, or none. What is still held
   ``hold_ms`` after the hour is closed at the market. A sweep or a gap gives one signal.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pydantic import Field

from services.signals import trade, trade_gates
from services.signals.contract import Answer, Strategy
from services.signals.gates import Gate, failed, ids
from services.signals.trade import RestingSettings
from services.signals.view import MarketView
from shared.domain.decisions import Exit, LimitEntry, Signal
from shared.domain.facts import Fact, FactKind
from shared.domain.timeframes import DURATION, MINUTE, Timeframe

NAME: Final = "silver_bullet"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"silver_bullet", "fvg", "sweep"}


class SilverBulletSettings(RestingSettings):
    """Settings of the strategy silver_bullet: a gap of a Silver Bullet hour, after a sweep, with a limit order."""

    timeframe: Timeframe = Field("5m", description="Timeframe that the strategy judges")
    hour_ms: int = Field(
        60 * MINUTE,
        ge=5 * MINUTE,
        le=240 * MINUTE,
        description="Length of a Silver Bullet hour, as the timetable has it, ms",
    )
    sweep_candles: int = Field(24, ge=0, le=500, description="Candles before the hour in which a sweep counts")
    entry_depth: float = Field(
        0.5, ge=0.0, le=1.0, description="Where the limit order rests in the gap: 0 near edge, 0.5 middle, 1 far edge"
    )
    hold_ms: int = Field(
        180 * MINUTE,
        ge=0,
        le=1_440 * MINUTE,
        description="Longest life of a position after the end of the hour, ms; 0 = any",
    )
    score: float = Field(
        4.5, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )


class Setup(NamedTuple):
    """What the gates found: the hour and its end (UTC ms), the sweep, the gap, the close, and the trade."""

    hour: Fact
    end: int
    sweep: Fact
    gap: Fact
    close: float
    entry: float
    stop: float
    exits: tuple[Exit, ...]


def judge(view: MarketView, settings: SilverBulletSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: SilverBulletSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: SilverBulletSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    hour = _hour(view, settings)
    text = ""
    if told:
        text = "This close lies in no Silver Bullet hour." if hour is None else f"This close lies in the hour {hour.label}."
    gates.append(Gate("hour", "outside_window", hour is not None, text=text, facts=ids(hour) if told else ()))
    if hour is None:
        return gates, None
    gap = _gap(view, hour, settings)
    if told:
        made = "no gap" if gap is None else f"the {gap.direction} gap {trade_gates.zone_bounds(gap)}"
        text = f"This close confirmed {made} of the hour."
    gates.append(Gate("gap", "no_fvg", gap is not None, text=text, facts=ids(gap) if told else ()))
    if gap is None:
        return gates, None
    sweep = _sweep_before(view, gap, hour, settings)
    if told:
        side = "Lows" if gap.direction == "bullish" else "Highs"
        swept = "not swept" if sweep is None else f"swept to {trade.written(trade.far_edge(sweep))}"
        text = f"{side} were {swept} before the gap, in the hour or within {settings.sweep_candles} candles before it."
    gates.append(Gate("sweep", "no_sweep", sweep is not None, text=text, facts=ids(sweep) if told else ()))
    if sweep is None:
        return gates, None

    direction, depth = gap.direction, settings.entry_depth
    entry = trade.near_edge(gap) * (1.0 - depth) + trade.far_edge(gap) * depth
    stop = trade.stop_beyond(direction, trade.far_edge(sweep), settings)
    trade_gates.entry_ahead(gates, direction, entry, analysis.candle.close, told=told)
    trade_gates.stop_accepted(gates, direction, entry, stop, settings, told=told)
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    exits = trade.ladder(direction, entry, stop, levels, settings, at_liquidity_only=True)
    if told:
        rests = f"rests at {trade.written(exits[-1].price)}" if exits else "rests nowhere"
        text = f"Liquidity {settings.reward_risk:g} to {settings.max_reward_risk:g} distances of the stop away {rests}."
    gates.append(Gate("target", "no_target", bool(exits), len(exits), 1, "exits", text))
    trade_gates.unused(gates, view, (gap, sweep), told=told)
    return gates, Setup(hour, hour.formed_at + settings.hour_ms, sweep, gap, analysis.candle.close, entry, stop, exits)


def _signal(view: MarketView, setup: Setup, settings: SilverBulletSettings) -> Signal:
    hour, end, sweep, gap, close, entry, stop, exits = setup
    return trade.signal(
        NAME,
        view,
        gap.direction,
        LimitEntry(
            price=entry,
            rests_until=end,
            void_at=trade.void_price(gap.direction, close, exits, settings),
        ),
        stop,
        exits,
        score=settings.score,
        rests_on=(hour, sweep, gap),
        settings=settings,
        close_by=end + settings.hold_ms if settings.hold_ms else 0,
        why=(
            f"{view.symbol} {settings.timeframe}, {hour.label}: after the sweep to {trade.written(trade.far_edge(sweep))} "
            f"the {gap.direction} gap {trade.written(gap.bottom)}-{trade.written(gap.top)} was made; a limit rests at "
            f"{trade.written(entry)} until its end, the target is liquidity at {trade.written(exits[-1].price)}."
        ),
    )


def _hour(view: MarketView, settings: SilverBulletSettings) -> Fact | None:
    found = view.open_windows("silver_bullet", settings.timeframe)
    return next((each for each in found if each.formed_at + settings.hour_ms > view.close_time), None)


def _gap(view: MarketView, hour: Fact, settings: SilverBulletSettings) -> Fact | None:
    """The gap that this close confirmed and the hour made: three candles make one gap at most."""
    for each in view.facts("fvg", settings.timeframe):
        if each.confirmed_at == view.close_time and each.formed_at >= hour.formed_at:
            return each
    return None


def _sweep_before(view: MarketView, gap: Fact, hour: Fact, settings: SilverBulletSettings) -> Fact | None:
    since = hour.formed_at - settings.sweep_candles * DURATION[settings.timeframe]
    found = view.moments("sweep", settings.timeframe, gap.direction, since=since)
    return next((each for each in reversed(found) if each.confirmed_at <= gap.formed_at), None)


STRATEGY: Final = Strategy(
    name=NAME,
    about="Rests a limit order in a gap of a Silver Bullet hour that was made after a sweep, for opposing liquidity.",
    settings=SilverBulletSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=lambda settings: {settings.timeframe: READS},
    explain=explain,
)
