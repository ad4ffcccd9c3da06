"""Order block with fair value gap, one timeframe (SIG-3, the first strategy).

The setup, at a close of the strategy's timeframe: the structure is not against us; an order block and a fair value gap of
the same direction lie together; price has come *back* into that zone during this candle and has not closed beyond the
block's far side. Both must have been known before this candle opened: a candle cannot return to what it has just made.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Reason, Signal
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.level import BASIC
from shared.domain.order_words import Side
from shared.domain.timeframes import Timeframe, is_boundary

NAME = "ob_fvg"
READS: Final[frozenset[FactKind]] = frozenset({"order_block", "fvg", "bos", "choch"})
BLOCK_STATES: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold"})
GAP_STATES: Final[frozenset[FactState]] = frozenset({"active", "touched", "half_filled"})
_TREND: Final[dict[Direction, str]] = {"bullish": "up", "bearish": "down"}


class ObFvgSettings(BaseModel):
    """Settings of the strategy ob_fvg: market entry on one timeframe when price returns to an order block near a gap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges", json_schema_extra=BASIC)
    warmup_candles: int = Field(
        20, ge=0, le=10_000, description="Candles of this timeframe seen before the first signal; 0 = no warm-up"
    )
    min_block_score: float = Field(0.3, ge=0.0, le=1.0, description="Lowest validity score of an order block")
    max_gap_distance: float = Field(0.5, ge=0.0, le=10.0, description="Largest distance between block and gap, ATR")
    stop_buffer: float = Field(
        0.002, gt=0.0, le=0.05, description="Distance of the stop beyond the block's far side, fraction of that price"
    )
    reward_risk: float = Field(
        2.0,
        gt=0.0,
        le=20.0,
        description="Distance of the target as a multiple of the stop's distance (2 = 1:2)",
        json_schema_extra=BASIC,
    )
    min_stop_distance: float = Field(0.001, gt=0.0, le=0.1, description="Nearest stop accepted, fraction of the entry price")
    max_stop_distance: float = Field(0.03, gt=0.0, le=0.5, description="Farthest stop accepted, fraction of the entry price")
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")
    weight_structure: float = Field(2.0, ge=0.0, le=100.0, description="Points if the trend has the signal's direction")
    weight_order_block: float = Field(2.0, ge=0.0, le=100.0, description="Points for the order block")
    weight_fvg: float = Field(1.5, ge=0.0, le=100.0, description="Points for the fair value gap")
    entry_score: float = Field(4.0, ge=0.0, le=300.0, description="Fewest points of an entry", json_schema_extra=BASIC)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if no setup could give a signal, or a target could be at zero or below."""
        if self.min_stop_distance > self.max_stop_distance:
            raise ValueError(
                f"min_stop_distance {self.min_stop_distance} is above max_stop_distance {self.max_stop_distance}: no stop "
                "could pass; lower the first or raise the second"
            )
        if self.max_stop_distance * self.reward_risk >= 1.0:
            raise ValueError(
                f"max_stop_distance {self.max_stop_distance} x reward_risk {self.reward_risk} is 1 or more: the target of a "
                "sell could be at zero or below; lower one of them"
            )
        if self.entry_score > self.weight_structure + self.weight_order_block + self.weight_fvg:
            raise ValueError(
                f"entry_score {self.entry_score} is above the sum of the weights, "
                f"{self.weight_structure + self.weight_order_block + self.weight_fvg}: no setup could reach it; lower it"
            )
        return self


@dataclass(frozen=True, slots=True)
class Candidate:
    """One order block with the gap that lies nearest to it, and everything that speaks against entering there.

    ``distance``: from the close to the zone, in price; 0 inside. The nearest candidate speaks for the close.
    """

    block: Fact
    gap: Fact | None
    distance: float
    stop: float
    score: float
    reasons: tuple[Reason, ...]


def judge(view: MarketView, settings: ObFvgSettings) -> Answer:
    """The signal of the nearest sound candidate, else all reasons that hold for the nearest one (SIG-7)."""
    if not is_boundary(view.close_time, settings.timeframe):
        return ("not_this_timeframe",)
    analysis = view.at_close(settings.timeframe)
    if analysis is None:
        return ("data_missing",)
    unfit = _unfit(view, analysis, settings)
    if unfit:
        return unfit
    blocks = [
        fact
        for fact in analysis.active
        if fact.kind == "order_block" and fact.state in BLOCK_STATES and fact.score >= settings.min_block_score
    ]
    gaps = [fact for fact in analysis.active if fact.kind == "fvg" and fact.state in GAP_STATES]
    if not blocks:
        return ("no_order_block",) if gaps else ("no_order_block", "no_fvg")
    candidates = [_weigh(block, gaps, view, analysis, settings) for block in blocks]
    candidates.sort(key=lambda candidate: (candidate.distance, -candidate.block.confirmed_at, candidate.block.id))
    for candidate in candidates:
        if not candidate.reasons and candidate.gap is not None:
            return _signal(candidate, candidate.gap, view, analysis, settings)
    return candidates[0].reasons


def _unfit(view: MarketView, analysis: Analysis, settings: ObFvgSettings) -> tuple[Reason, ...]:
    """Why this analysis cannot carry a decision at all."""
    reasons: list[Reason] = []
    if analysis.candle.state == "disputed":
        reasons.append("data_disputed")
    if analysis.atr <= 0.0 or view.candles.get(settings.timeframe, 0) < settings.warmup_candles:
        reasons.append("warming_up")
    return tuple(reasons)


def _weigh(block: Fact, gaps: list[Fact], view: MarketView, analysis: Analysis, settings: ObFvgSettings) -> Candidate:
    candle, bullish = analysis.candle, block.direction == "bullish"
    reasons: list[Reason] = []

    gap = min(
        (fact for fact in gaps if fact.direction == block.direction),
        key=lambda fact: (_apart(block, fact), -fact.confirmed_at, fact.id),
        default=None,
    )
    if gap is None:
        reasons.append("no_fvg")
    elif _apart(block, gap) > settings.max_gap_distance * analysis.atr:
        reasons.append("no_overlap")

    zone = (block,) if gap is None or "no_overlap" in reasons else (block, gap)
    top, bottom = max(fact.top for fact in zone), min(fact.bottom for fact in zone)
    known_before = all(fact.confirmed_at <= candle.open_time for fact in zone)
    reached = candle.low <= top and candle.high >= bottom
    held = candle.close > block.bottom if bullish else candle.close < block.top
    if not (known_before and reached and held):
        reasons.append("price_not_in_zone")

    score = settings.weight_order_block + settings.weight_fvg
    if analysis.trend == _TREND[block.direction]:
        score += settings.weight_structure
    # Block and gap are conditions here, so structure alone can leave the score short: it then does not support the entry.
    if analysis.trend not in ("none", _TREND[block.direction]) or score < settings.entry_score:
        reasons.append("against_structure")

    far, sign = (block.bottom, 1.0) if bullish else (block.top, -1.0)
    stop = far * (1.0 - sign * settings.stop_buffer)
    if held:
        fraction = abs(candle.close - stop) / candle.close
        if fraction > settings.max_stop_distance:
            reasons.append("stop_too_far")
        elif fraction < settings.min_stop_distance:
            reasons.append("stop_too_near")
    if block.id in view.used:
        reasons.append("zone_used")
    distance = max(bottom - candle.close, candle.close - top, 0.0)
    return Candidate(block, gap, distance, stop, score, tuple(reasons))


def _apart(one: Fact, other: Fact) -> float:
    """Distance of two zones in price; 0 when they touch or overlap."""
    return max(one.bottom - other.top, other.bottom - one.top, 0.0)


def _signal(candidate: Candidate, gap: Fact, view: MarketView, analysis: Analysis, settings: ObFvgSettings) -> Signal:
    block, entry = candidate.block, analysis.candle.close
    side: Side = "BUY" if block.direction == "bullish" else "SELL"
    # The last break of structure in our direction, when the analysis still has it, is what the trend rests on.
    breaks = [fact for fact in analysis.active if fact.kind in ("bos", "choch") and fact.direction == block.direction]
    structure = max(breaks, key=lambda fact: (fact.confirmed_at, fact.id), default=None)
    together = "overlapping" if _apart(block, gap) == 0.0 else "next to"
    return Signal(
        id=signal_id(NAME, view.symbol, view.close_time),
        symbol=view.symbol,
        strategy=NAME,
        side=side,
        entry=MarketEntry(price=entry),
        stop=candidate.stop,
        exits=(Exit(price=entry + settings.reward_risk * (entry - candidate.stop)),),
        score=candidate.score,
        threshold=settings.entry_score,
        close_time=view.close_time,
        valid_until=view.close_time + settings.ttl_ms,
        rests_on=(block.id, gap.id) if structure is None else (block.id, gap.id, structure.id),
        why=(
            f"{view.symbol} {settings.timeframe}: price came back to the {block.direction} order block "
            f"{_written(block.bottom)}-{_written(block.top)} (score {block.score:.2f}) {together} the fair value gap "
            f"{_written(gap.bottom)}-{_written(gap.top)} and closed at {_written(entry)} with trend {analysis.trend}; stop "
            f"{settings.stop_buffer:.2%} beyond the block, target 1:{settings.reward_risk:g}."
        ),
    )


def _written(price: float) -> str:
    """Ten digits at most, never in powers of ten: ``0.0000001005``."""
    return f"{Decimal(f'{price:.10g}'):f}"


#: The first strategy of this system, with the numbers that it began with: what later ones are measured against.
MVP: Final = ObFvgSettings(
    timeframe="15m",
    warmup_candles=20,
    min_block_score=0.3,
    max_gap_distance=0.5,
    stop_buffer=0.002,
    reward_risk=2.0,
    min_stop_distance=0.001,
    max_stop_distance=0.03,
    ttl_ms=60_000,
    weight_structure=2.0,
    weight_order_block=2.0,
    weight_fvg=1.5,
    entry_score=4.0,
)
STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters when price comes back to an order block beside a fair value gap of its direction, on one timeframe.",
    settings=ObFvgSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=lambda settings: {settings.timeframe: READS},
    presets={"mvp": MVP},
)
