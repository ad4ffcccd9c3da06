"""Order block with fair value gap, one timeframe (SIG-3, the first strategy).

The setup, at a close of the strategy's timeframe: the structure is not against us; an order block and a fair value gap of
the same direction lie together; price has come *back* into that zone during this candle and has not closed beyond the
block's far side. Both must have been known before this candle opened: a candle cannot return to what it has just made.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.signals.settings import ObFvgSettings
from services.signals.view import MarketView
from shared.domain.decisions import Exit, MarketEntry, Reason, Signal
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.ids import derive
from shared.domain.order_words import Side
from shared.domain.timeframes import is_boundary

NAME = "ob_fvg"
READS: Final[frozenset[FactKind]] = frozenset({"order_block", "fvg", "bos", "choch"})
BLOCK_STATES: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold"})
GAP_STATES: Final[frozenset[FactState]] = frozenset({"active", "touched", "half_filled"})
_TREND: Final[dict[Direction, str]] = {"bullish": "up", "bearish": "down"}


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


def judge(view: MarketView, settings: ObFvgSettings) -> Signal | tuple[Reason, ...]:
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
        id=derive("signal", NAME, view.symbol, view.close_time),
        symbol=view.symbol,
        strategy=NAME,
        side=side,
        entry=MarketEntry(price=entry),
        stop=candidate.stop,
        exits=(Exit(price=entry + settings.reward_risk * (entry - candidate.stop)),),
        score=candidate.score,
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
