"""Top-down confluence: bias of the higher timeframe, a zone of the middle ones, a trigger on the lower one (SIG-2).

1. The bias is the trend of the ``bias_timeframe`` (4h): up looks for buys, down for sells, none for nothing.
2. Zones are living order blocks and fair value gaps on the ``zone_timeframe`` (15m) and higher. Price came back to
   one: the last closed candle of the ``middle_timeframe`` (1h) or the candle that closes now traded into it, it was
   known before that candle opened, and the close is not beyond its far side.
3. Of all zones that were reached, of either direction, the one of the longest timeframe speaks. It must have the
   direction of the bias; a zone against it overrules the trade.
4. The trigger is a break of structure or a change of character in the direction of the bias on the ``timeframe``
   (5m), within the last ``shift_candles`` closes.
5. Points are added up: the trend of the middle timeframe agrees with the bias; an order block was reached; a gap was
   reached; the optimal trade entry of the zone timeframe was reached; liquidity was swept in this direction within
   the last ``sweep_candles``; a kill zone is open; an SMT divergence of this direction stands. Those of a block or
   gap are multiplied by the factor of its tier: HTF, MTF, LTF. Their sum must be ``entry_score`` or more.
6. Entry at the market. The stop lies ``stop_buffer`` beyond the finest zone reached and the extremes of both candles
   of rule 2.
7. A part is taken off at the first liquidity, the rest at the next; then the stop moves to the entry. A zone gives
   one signal.
"""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals import trade
from services.signals.contract import Answer, Reads, Strategy
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from services.signals.zone_priority import ZoneAt
from shared.domain.candles import Candle
from shared.domain.decisions import MarketEntry, Reason
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe

NAME: Final = "top_down"
ZONES: Final[frozenset[FactKind]] = frozenset({"order_block", "fvg"})
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold", "touched", "half_filled"})


class TopDownSettings(TradeSettings):
    """Settings of the strategy top_down: bias, zone and trigger of three timeframes, added up to a score."""

    timeframe: Timeframe = Field("5m", description="Timeframe of the trigger, whose closes are judged")
    zone_timeframe: Timeframe = Field("15m", description="Shortest timeframe of the zones that price comes back to")
    middle_timeframe: Timeframe = Field("1h", description="Timeframe whose trend and last candle stand between the two")
    bias_timeframe: Timeframe = Field("4h", description="Timeframe whose trend is the bias")
    shift_candles: int = Field(3, ge=1, le=100, description="Closes in which a break of structure is a trigger")
    sweep_candles: int = Field(24, ge=1, le=500, description="Candles of the trigger's timeframe in which a sweep counts")
    min_block_score: float = Field(0.3, ge=0.0, le=1.0, description="Lowest validity score of an order block")
    weight_structure: float = Field(2.0, ge=0.0, le=100.0, description="Points if the middle timeframe has the bias's trend")
    weight_order_block: float = Field(2.0, ge=0.0, le=100.0, description="Points for an order block")
    weight_fvg: float = Field(1.5, ge=0.0, le=100.0, description="Points for a fair value gap")
    weight_ote: float = Field(1.5, ge=0.0, le=100.0, description="Points for the optimal trade entry")
    weight_sweep: float = Field(2.0, ge=0.0, le=100.0, description="Points for a liquidity sweep")
    weight_kill_zone: float = Field(1.0, ge=0.0, le=100.0, description="Points inside a kill zone")
    weight_smt: float = Field(1.0, ge=0.0, le=100.0, description="Points for an SMT divergence")
    htf_factor: float = Field(1.25, ge=0.0, le=10.0, description="Factor of the points of a zone on 1w, 1d or 4h")
    mtf_factor: float = Field(1.0, ge=0.0, le=10.0, description="Factor of the points of a zone on 1h, 30m or 15m")
    ltf_factor: float = Field(0.75, ge=0.0, le=10.0, description="Factor of the points of a zone on 5m or 1m")
    entry_score: float = Field(4.0, ge=0.0, le=300.0, description="Fewest points of an entry")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError unless the timeframes go from the trigger up to the bias."""
        chain = (self.timeframe, self.zone_timeframe, self.middle_timeframe, self.bias_timeframe)
        lengths = [DURATION[each] for each in chain]
        if lengths != sorted(lengths) or lengths[0] == lengths[-1]:
            raise ValueError(
                f"timeframe, zone_timeframe, middle_timeframe and bias_timeframe are {', '.join(chain)}: none may be "
                "shorter than the one before, and the last must be longer than the first"
            )
        return self


def judge(view: MarketView, settings: TopDownSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    analysis = trade.begin(view, settings.timeframe, settings)
    if not isinstance(analysis, Analysis):
        return analysis
    direction = trade.DIRECTION.get(view.trend(settings.bias_timeframe))
    if direction is None:
        return ("no_bias",)
    reasons: list[Reason] = []

    middle = view.newest(settings.middle_timeframe)
    candles = [analysis.candle] if middle is None else [middle.candle, analysis.candle]
    known = [zone for zone in view.zones(ZONES) if _lives(zone, settings)]
    reached = [zone for zone in known if _reached(zone.fact, candles, analysis.candle.close)]
    ours = [zone for zone in reached if zone.fact.direction == direction]
    if not ours:
        reasons += _no_zone(known, direction)
    if reached and reached[0].fact.direction != direction:
        reasons.append("zone_overruled")

    shift = _shift(view, direction, settings)
    if shift is None:
        reasons.append("no_shift")
    score, others = _confluence(view, direction, ours, candles, settings)
    if score < settings.entry_score:
        reasons.append("low_score")
    if not ours or shift is None:
        return tuple(reasons)

    finest, entry = ours[-1].fact, analysis.candle.close
    extremes = [each.low if direction == "bullish" else each.high for each in candles]
    worst = trade.far_side(direction, trade.far_edge(finest), *extremes)
    stop = trade.stop_beyond(direction, worst, settings)
    reasons += trade.faults_of_stop(direction, entry, stop, settings)
    if any(zone.fact.id in view.used for zone in ours):
        reasons.append("zone_used")
    if reasons:
        return tuple(reasons)
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    zone = ours[0]
    return trade.signal(
        NAME,
        view,
        direction,
        MarketEntry(price=entry),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=score,
        threshold=settings.entry_score,
        rests_on=(*(each.fact for each in ours), shift, *others),
        settings=settings,
        why=(
            f"{view.symbol}: {settings.bias_timeframe} trend {view.trend(settings.bias_timeframe)}; price came back to the "
            f"{zone.timeframe} {zone.fact.kind.replace('_', ' ')} {trade.written(zone.fact.bottom)}-"
            f"{trade.written(zone.fact.top)} and {settings.timeframe} structure broke {trade.TREND[direction]} at "
            f"{trade.written(shift.top)}; {score:g} points of {settings.entry_score:g}."
        ),
    )


def _lives(zone: ZoneAt, settings: TopDownSettings) -> bool:
    if DURATION[zone.timeframe] < DURATION[settings.zone_timeframe] or zone.fact.state not in ALIVE:
        return False
    return zone.fact.kind != "order_block" or zone.fact.score >= settings.min_block_score


def _reached(zone: Fact, candles: list[Candle], close: float) -> bool:
    held = close >= zone.bottom if zone.direction == "bullish" else close <= zone.top
    return held and _touched(zone, candles)


def _touched(zone: Fact, candles: list[Candle]) -> bool:
    """True when one of the candles traded into a zone that was known before it opened."""
    return any(each.open_time >= zone.confirmed_at and each.low <= zone.top and each.high >= zone.bottom for each in candles)


def _no_zone(known: list[ZoneAt], direction: Direction) -> tuple[Reason, ...]:
    """Why no zone of the bias was reached: there is none, or price is not there."""
    if any(zone.fact.direction == direction for zone in known):
        return ("price_not_in_zone",)
    return ("no_order_block", "no_fvg")


def _shift(view: MarketView, direction: Direction, settings: TopDownSettings) -> Fact | None:
    last = view.last_break(settings.timeframe)
    since = view.close_time - settings.shift_candles * DURATION[settings.timeframe]
    return last if last is not None and last.direction == direction and last.confirmed_at > since else None


def _confluence(
    view: MarketView, direction: Direction, ours: list[ZoneAt], candles: list[Candle], settings: TopDownSettings
) -> tuple[float, list[Fact]]:
    """The points (SIG-2), and the facts beside the zones that gave some."""
    factors = {"HTF": settings.htf_factor, "MTF": settings.mtf_factor, "LTF": settings.ltf_factor}
    score = 0.0
    if view.trend(settings.middle_timeframe) == trade.TREND[direction]:
        score += settings.weight_structure
    for kind, weight in (("order_block", settings.weight_order_block), ("fvg", settings.weight_fvg)):
        score += weight * max((factors[zone.tier] for zone in ours if zone.fact.kind == kind), default=0.0)

    found: list[Fact] = []
    ote = view.entry_zone(settings.zone_timeframe)
    if ote is not None and ote.direction == direction and _touched(ote, candles):
        score += settings.weight_ote
        found.append(ote)
    since = view.close_time - settings.sweep_candles * DURATION[settings.timeframe]
    sweep = view.last_sweep(direction, settings.timeframe, since=since)
    if sweep is not None:
        score += settings.weight_sweep
        found.append(sweep)
    hours = view.open_windows("kill_zone", settings.timeframe)
    if hours:
        score += settings.weight_kill_zone
        found.append(hours[-1])
    kinds: tuple[FactKind, ...] = ("smt_swing", "smt_level")
    divergences = [each for kind in kinds for each in view.facts(kind, settings.zone_timeframe, direction)]
    if divergences:
        score += settings.weight_smt
        found.append(divergences[-1])
    return score, found


def _reads(settings: TopDownSettings) -> Reads:
    reads: dict[Timeframe, frozenset[FactKind]] = {
        frame: ZONES for frame in TIMEFRAMES if DURATION[settings.zone_timeframe] <= DURATION[frame] <= DURATION["1d"]
    }

    def also(timeframe: Timeframe, *kinds: FactKind) -> None:
        reads[timeframe] = reads.get(timeframe, frozenset()).union(kinds)

    also(settings.bias_timeframe)
    also(settings.middle_timeframe)
    also(settings.zone_timeframe, "ote", "smt_swing", "smt_level")
    also(settings.timeframe, "bos", "choch", "sweep", "kill_zone", *trade.TARGETS)
    return reads


STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters with the trend of the higher timeframe when price turns in a zone, with enough confluence.",
    settings=TopDownSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
)
