"""Breaker retest: a failed order block that works the other way is traded when price comes back to it (SIG-3, ICT-4).

1. The trend of the ``timeframe`` (15m) gives the direction: up looks for buys, down for sells, none for nothing. The
   trend of the ``bias_timeframe`` (1h) must not go the other way.
2. A living breaker block of this direction has a score of ``min_block_score`` or more, and price has come back to it
   ``max_retests`` times at most, this time included.
3. Price came back: the candle that closes now traded into the block, which was known before the candle opened, and
   did not close beyond its far side. Of several blocks the nearest to the close counts.
4. Zones of a longer timeframe speak first: a living order block or breaker block against the trade on the
   ``bias_timeframe`` that overlaps the block overrules it.
5. Entry at the market. The stop lies ``stop_buffer`` beyond the block's far side, or beyond this candle's extreme
   where that is farther.
6. A part is taken off at the first liquidity, the rest at the next; then the stop moves to the entry. A block gives
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
from shared.domain.facts import Analysis, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "breaker_retest"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"breaker_block"}
ABOVE: Final[frozenset[FactKind]] = frozenset({"order_block", "breaker_block"})
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold"})


class BreakerRetestSettings(TradeSettings):
    """Settings of the strategy breaker_retest: market entry when price comes back to a breaker block."""

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges")
    bias_timeframe: Timeframe = Field("1h", description="Timeframe whose trend and zones must not be against the trade")
    min_block_score: float = Field(0.1, ge=0.0, le=1.0, description="Lowest score of a breaker block")
    max_retests: int = Field(1, ge=1, le=10, description="Most returns of price to the block, this one included")
    score: float = Field(
        4.0, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError unless the bias is of a longer timeframe."""
        if DURATION[self.bias_timeframe] <= DURATION[self.timeframe]:
            raise ValueError(
                f"bias_timeframe {self.bias_timeframe} is not longer than timeframe {self.timeframe}: zones of a longer one "
                "speak first"
            )
        return self


def judge(view: MarketView, settings: BreakerRetestSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    analysis = trade.begin(view, settings.timeframe, settings)
    if not isinstance(analysis, Analysis):
        return analysis
    direction = trade.DIRECTION.get(analysis.trend)
    if direction is None:
        return ("against_structure",)
    reasons: list[Reason] = []
    if view.trend(settings.bias_timeframe) not in ("none", trade.TREND[direction]):
        reasons.append("against_structure")
    candle = analysis.candle
    blocks = [
        each
        for each in view.facts("breaker_block", settings.timeframe, direction)
        if each.state in ALIVE and each.score >= settings.min_block_score and each.touches <= settings.max_retests
    ]
    block = min(blocks, key=lambda each: (_distance(each, candle.close), -each.confirmed_at, each.id), default=None)
    if block is None:
        return (*reasons, "no_breaker_block")
    if not _came_back(block, candle):
        return (*reasons, "price_not_in_zone")
    if view.overruled(ZoneAt(settings.timeframe, block)):
        reasons.append("zone_overruled")

    entry = candle.close
    extreme = candle.low if direction == "bullish" else candle.high
    stop = trade.stop_beyond(direction, trade.far_side(direction, trade.far_edge(block), extreme), settings)
    reasons += trade.faults_of_stop(direction, entry, stop, settings)
    if block.id in view.used:
        reasons.append("zone_used")
    if reasons:
        return tuple(reasons)
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    return trade.signal(
        NAME,
        view,
        direction,
        MarketEntry(price=entry),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=settings.score,
        rests_on=(block,),
        settings=settings,
        why=(
            f"{view.symbol} {settings.timeframe}: price came back to the {direction} breaker block "
            f"{trade.written(block.bottom)}-{trade.written(block.top)} and closed at {trade.written(entry)}, with trend "
            f"{analysis.trend}; {settings.bias_timeframe} trend {view.trend(settings.bias_timeframe)}."
        ),
    )


def _distance(block: Fact, price: float) -> float:
    return max(block.bottom - price, price - block.top, 0.0)


def _came_back(block: Fact, candle: Candle) -> bool:
    known = block.confirmed_at <= candle.open_time and candle.low <= block.top and candle.high >= block.bottom
    return known and not trade.is_behind(block.direction, candle.close, trade.far_edge(block))


def _reads(settings: BreakerRetestSettings) -> Reads:
    return {settings.timeframe: READS, settings.bias_timeframe: ABOVE}


STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters when price comes back to a breaker block of the trend's direction and holds it.",
    settings=BreakerRetestSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
)
