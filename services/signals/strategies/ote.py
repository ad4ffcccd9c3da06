"""Optimal trade entry: continuation from the 70.5 % retracement of a leg with the trend, at a limit (SIG-3, ICT-10).

1. The bias is the trend of the ``bias_timeframe`` (1h): up looks for buys, down for sells, none for nothing.
2. The trend of the ``timeframe`` (15m) and the leg of its dealing range have the same direction: for a buy the swing
   low came first, the swing high after it.
3. The last break of structure on the ``timeframe`` went in this direction and was made by this leg: it was confirmed
   after the leg's origin.
4. Confluence: a living order block or fair value gap of this direction on the ``timeframe`` lies over the entry zone,
   62 to 79 % of the leg. ``needs_zone`` switches this off.
5. The entry is a limit order at ``depth`` (70.5 %) of the leg, measured from its end to its origin. Price must still
   come back to it.
6. The stop lies ``stop_buffer`` beyond the leg's origin.
7. The leg's end is the first liquidity aimed at. A part is taken off at the first, the rest at the next; then the
   stop moves to the entry.
8. What has not filled after ``rest_candles`` is cancelled. A leg gives one signal.
"""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals import trade
from services.signals.contract import Answer, Reads, Strategy
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from shared.domain.decisions import LimitEntry, Reason
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "ote"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"dealing_range", "ote", "bos", "choch", "order_block", "fvg"}
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "touched", "half_filled"})


class OteSettings(TradeSettings):
    """Settings of the strategy ote: a limit order at the optimal trade entry of a leg with the trend."""

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges")
    bias_timeframe: Timeframe = Field("1h", description="Timeframe whose trend is the bias")
    depth: float = Field(
        0.705, ge=0.62, le=0.79, description="Where the limit order rests: share of the leg back from its end"
    )
    needs_zone: bool = Field(True, description="Ask for an order block or fair value gap in the entry zone")
    rest_candles: int = Field(16, ge=1, le=500, description="Candles for which the limit order rests")
    score: float = Field(
        5.0, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError when the bias is of a shorter timeframe."""
        if DURATION[self.bias_timeframe] < DURATION[self.timeframe]:
            raise ValueError(
                f"bias_timeframe {self.bias_timeframe} is shorter than timeframe {self.timeframe}: the bias comes from the "
                "same timeframe or a longer one"
            )
        return self


def judge(view: MarketView, settings: OteSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    analysis = trade.begin(view, settings.timeframe, settings)
    if not isinstance(analysis, Analysis):
        return analysis
    direction = trade.DIRECTION.get(view.trend(settings.bias_timeframe))
    if direction is None:
        return ("no_bias",)
    leg, zone = view.dealing_range(settings.timeframe), view.entry_zone(settings.timeframe)
    if leg is None or zone is None:
        return ("no_dealing_range",)
    reasons: list[Reason] = []
    if analysis.trend != trade.TREND[direction] or leg.direction != direction:
        reasons.append("against_structure")
    broken = view.last_break(settings.timeframe)
    if broken is None or broken.direction != direction or broken.confirmed_at <= _origin_at(leg):
        reasons.append("no_shift")
    confluent = _confluent(view, direction, zone, settings)
    if settings.needs_zone and confluent is None:
        reasons.append("no_overlap")
    if leg.id in view.used:
        reasons.append("zone_used")
    if broken is None or leg.direction != direction:
        return tuple(reasons)

    end, origin = trade.near_edge(leg), trade.far_edge(leg)
    entry = end + (origin - end) * settings.depth
    stop = trade.stop_beyond(direction, origin, settings)
    if not trade.is_behind(direction, entry, analysis.candle.close):
        reasons.append("entry_passed")
    reasons += trade.faults_of_stop(direction, entry, stop, settings)
    if reasons:
        return tuple(reasons)
    levels = (end, *trade.liquidity(view, direction, entry, settings.timeframe))
    over = f", with the {confluent.kind.replace('_', ' ')} in it" if confluent is not None else ""
    return trade.signal(
        NAME,
        view,
        direction,
        LimitEntry(price=entry, rests_until=view.close_time + settings.rest_candles * DURATION[settings.timeframe]),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=settings.score,
        rests_on=(leg, zone, broken) if confluent is None else (leg, zone, broken, confluent),
        settings=settings,
        why=(
            f"{view.symbol} {settings.timeframe}: with the {settings.bias_timeframe} trend {trade.TREND[direction]}, a "
            f"limit rests at {trade.written(entry)}, {settings.depth:.1%} back of the leg from {trade.written(origin)} to "
            f"{trade.written(end)}{over}; the stop lies beyond its origin."
        ),
    )


def _origin_at(leg: Fact) -> int:
    """When the candle opened that the leg began at, UTC ms."""
    return leg.candles[0] if leg.candles else leg.formed_at


def _confluent(view: MarketView, direction: Direction, zone: Fact, settings: OteSettings) -> Fact | None:
    """The best living block, else the best gap, that overlaps the entry zone."""
    kinds: tuple[FactKind, ...] = ("order_block", "fvg")
    for kind in kinds:
        found = [
            each
            for each in view.facts(kind, settings.timeframe, direction)
            if each.state in ALIVE and each.bottom <= zone.top and each.top >= zone.bottom
        ]
        if found:
            return max(found, key=lambda each: (each.score, each.confirmed_at, each.id))
    return None


def _reads(settings: OteSettings) -> Reads:
    reads: dict[Timeframe, frozenset[FactKind]] = {settings.bias_timeframe: frozenset()}
    return {**reads, settings.timeframe: READS}


STRATEGY: Final = Strategy(
    name=NAME,
    about="Rests a limit order at the optimal trade entry of a leg that goes with the trend of the higher timeframe.",
    settings=OteSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
)
