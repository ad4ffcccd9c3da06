"""Order block with fair value gap, one timeframe (SIG-3, the first strategy).

1. An order block of the `timeframe` (15m) lives, with a validity score of `min_block_score` or more. Its direction is
   the direction of the trade.
2. The nearest fair value gap of that direction that is not filled lies at most `max_gap_distance` average true ranges
   away from it. Both together are the zone.
3. Both were known before this candle opened: a candle cannot return to what it has just made.
4. Price came *back*: this candle traded into the zone, and did not close beyond the block's far side.
5. The trend is not against the trade. Points are added up: the block, the gap, and the trend where it has the direction
   of the trade; their sum must be `entry_score` or more. With the defaults that takes all three.
6. Entry at the market. The stop lies `stop_buffer` beyond the block's far side, from `min_stop_distance` to
   `max_stop_distance` away from the entry. The target is `reward_risk` times as far away.
7. Of several such zones the one nearest to the close speaks. A block gives one signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.gates import Gate, failed, ids
from services.signals.view import MarketView
from services.signals.wording import moment, price
from shared.domain.decisions import Exit, MarketEntry, Reason, Signal
from shared.domain.facts import Analysis, Direction, Fact, FactKind, FactState
from shared.domain.level import BASIC
from shared.domain.order_words import Side
from shared.domain.timeframes import Timeframe, is_boundary

NAME = "ob_fvg"
READS: Final[frozenset[FactKind]] = frozenset({"order_block", "fvg", "bos", "choch"})
BLOCK_STATES: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold"})
GAP_STATES: Final[frozenset[FactState]] = frozenset({"active", "touched", "half_filled"})
_OF_ZONE: Final[frozenset[Reason]] = frozenset({"no_fvg", "no_overlap", "price_not_in_zone", "zone_used"})
_TREND: Final[dict[Direction, str]] = {"bullish": "up", "bearish": "down"}


class ObFvgSettings(BaseModel):
    """Settings of the strategy ob_fvg: market entry on one timeframe when price returns to an order block near a gap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges", json_schema_extra=BASIC)
    warmup_candles: int = Field(20, ge=0, le=10_000, description="Candles seen before the first signal; 0 = no warm-up")
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
    """One order block with the gap that lies nearest to it, and every gate that it has to pass.

    ``zone``: the block, with the gap if that is near enough. ``distance``: from the close to the zone, in price; 0 inside.
    The nearest candidate speaks for the close.
    """

    block: Fact
    gap: Fact | None
    zone: tuple[Fact, ...]
    distance: float
    stop: float
    score: float
    gates: tuple[Gate, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked at: the gates of the close itself, then, if there is an order block, the candidate that speaks."""

    gates: tuple[Gate, ...]
    analysis: Analysis | None = None
    candidate: Candidate | None = None

    @property
    def all_gates(self) -> tuple[Gate, ...]:
        return self.gates if self.candidate is None else (*self.gates, *self.candidate.gates)


def judge(view: MarketView, settings: ObFvgSettings) -> Answer:
    """The signal of the nearest sound candidate, else all reasons that hold for the nearest one (SIG-7)."""
    look = _look(view, settings)
    candidate = look.candidate
    if look.analysis is None or candidate is None or candidate.gap is None or candidate.reasons:
        return failed(look.all_gates)
    return _signal(candidate, candidate.gap, view, look.analysis, settings)


def explain(view: MarketView, settings: ObFvgSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    look = _look(view, settings)
    zone = () if look.candidate is None else ids(look.candidate.block, look.candidate.gap)
    told = [msgspec.structs.replace(gate, text=_sentence(gate, look, settings)) for gate in look.all_gates]
    return tuple(msgspec.structs.replace(gate, facts=zone if gate.reason in _OF_ZONE else ()) for gate in told)


def _look(view: MarketView, settings: ObFvgSettings) -> Look:
    if not is_boundary(view.close_time, settings.timeframe):
        return Look((Gate("close", "not_this_timeframe", False),))
    analysis = view.at_close(settings.timeframe)
    if analysis is None:
        return Look((Gate("candle", "data_missing", False),))
    seen = view.candles.get(settings.timeframe, 0)
    gates = [
        Gate("plausible", "data_disputed", analysis.candle.state != "disputed"),
        Gate("atr", "warming_up", analysis.atr > 0.0, analysis.atr, 0.0, "USDT"),
        Gate("history", "warming_up", seen >= settings.warmup_candles, seen, settings.warmup_candles, "candles"),
    ]
    if failed(gates):
        return Look(tuple(gates), analysis)
    living = [fact for fact in analysis.active if fact.kind == "order_block" and fact.state in BLOCK_STATES]
    blocks = [fact for fact in living if fact.score >= settings.min_block_score]
    gaps = [fact for fact in analysis.active if fact.kind == "fvg" and fact.state in GAP_STATES]
    best = max([fact.score for fact in living], default=None)
    gates.append(Gate("block_score", "no_order_block", bool(blocks), best, settings.min_block_score, "points"))
    if not blocks:
        return Look((*gates, Gate("gap", "no_fvg", bool(gaps), len(gaps), 1, "gaps")), analysis)
    candidates = [_weigh(block, gaps, view, analysis, settings) for block in blocks]
    candidates.sort(key=lambda candidate: (candidate.distance, -candidate.block.confirmed_at, candidate.block.id))
    sound = next((candidate for candidate in candidates if not candidate.reasons), None)
    return Look(tuple(gates), analysis, sound if sound is not None else candidates[0])


def _weigh(block: Fact, gaps: list[Fact], view: MarketView, analysis: Analysis, settings: ObFvgSettings) -> Candidate:
    candle, bullish = analysis.candle, block.direction == "bullish"
    same = [fact for fact in gaps if fact.direction == block.direction]
    gap = min(same, key=lambda fact: (_apart(block, fact), -fact.confirmed_at, fact.id), default=None)
    gates = [Gate("gap", "no_fvg", gap is not None, len(same), 1, "gaps")]
    near = False
    if gap is not None:
        apart, farthest = _apart(block, gap), settings.max_gap_distance
        near = not apart > farthest * analysis.atr
        gates.append(Gate("gap_distance", "no_overlap", near, apart / analysis.atr, farthest, "ATR"))

    zone = (block,) if gap is None or not near else (block, gap)
    top, bottom = max(fact.top for fact in zone), min(fact.bottom for fact in zone)
    known = max(fact.confirmed_at for fact in zone)
    away = max(candle.low - top, bottom - candle.high, 0.0)
    far, sign = (block.bottom, 1.0) if bullish else (block.top, -1.0)
    held = candle.close > far if bullish else candle.close < far
    gates += (
        Gate("known_before", "price_not_in_zone", known <= candle.open_time, known, candle.open_time, "UTC ms"),
        Gate("came_back", "price_not_in_zone", candle.low <= top and candle.high >= bottom, away, 0.0, "USDT"),
        Gate("held", "price_not_in_zone", held, candle.close, far, "USDT"),
    )
    with_trend = analysis.trend == _TREND[block.direction]
    score = settings.weight_order_block + settings.weight_fvg + (settings.weight_structure if with_trend else 0.0)
    # Block and gap are conditions here, so structure alone can leave the score short: it then does not support the entry.
    gates += (
        Gate("trend", "against_structure", with_trend or analysis.trend == "none"),
        Gate("score", "against_structure", score >= settings.entry_score, score, settings.entry_score, "points"),
    )
    stop = far * (1.0 - sign * settings.stop_buffer)
    if held:
        fraction = abs(candle.close - stop) / candle.close
        longest, shortest = settings.max_stop_distance, settings.min_stop_distance
        gates += (
            Gate("stop_near_enough", "stop_too_far", fraction <= longest, fraction, longest, "fraction of price"),
            Gate("stop_far_enough", "stop_too_near", fraction >= shortest, fraction, shortest, "fraction of price"),
        )
    gates.append(Gate("unused", "zone_used", block.id not in view.used))
    distance = max(bottom - candle.close, candle.close - top, 0.0)
    return Candidate(block, gap, zone, distance, stop, score, tuple(gates), failed(gates))


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
            f"{price(block.bottom)}-{price(block.top)} (score {block.score:.2f}) {together} the fair value gap "
            f"{price(gap.bottom)}-{price(gap.top)} and closed at {price(entry)} with trend {analysis.trend}; stop "
            f"{settings.stop_buffer:.2%} beyond the block, target 1:{settings.reward_risk:g}."
        ),
    )


def _sentence(gate: Gate, look: Look, settings: ObFvgSettings) -> str:
    candidate, analysis = look.candidate, look.analysis
    value, limit = gate.value or 0.0, gate.limit or 0.0
    if analysis is None:
        return f"No {settings.timeframe} candle {'closes' if gate.name == 'close' else 'came'} at this time."
    candle = analysis.candle
    match gate.name:
        case "plausible":
            return f"The candle is {candle.state}."
        case "atr":
            return f"The average true range is {price(float(f'{value:.4g}'))}; above 0 it is known."
        case "history":
            return f"{value:g} candles of {settings.timeframe} were seen; at least {limit:g} are needed."
        case "block_score" if gate.value is not None:
            return f"The best living order block has a score of {value:.2f}; it needs {limit:g}."
        case "gap":
            return f"There are {value:g} open fair value gaps{' of its direction' if candidate else ''}; one is needed."
    if candidate is None:
        return "There is no living order block."
    block, zone = candidate.block, candidate.zone
    bounds = f"{price(min(each.bottom for each in zone))}-{price(max(each.top for each in zone))}"
    match gate.name:
        case "gap_distance":
            return f"The nearest gap is {value:.2f} ATR away from the block; {limit:g} are accepted."
        case "known_before":
            return f"The zone {bounds} is known since {moment(int(value))}; the candle opened {moment(int(limit))}."
        case "came_back":
            return f"The candle, {price(candle.low)}-{price(candle.high)}, is {price(value)} away from the zone {bounds}."
        case "held":
            return f"It closed at {price(value)}; the far side of the {block.direction} block is {price(limit)}."
        case "trend":
            return f"The trend is {analysis.trend}; the block is {block.direction}."
        case "score":
            return f"The setup has {value:g} points; it needs {limit:g}."
        case "stop_near_enough" | "stop_far_enough":
            bound = "at most" if gate.name == "stop_near_enough" else "at least"
            return f"The stop at {price(candidate.stop)} is {value:.3%} from the close; {bound} {limit:.3%}."
    return f"The block {price(block.bottom)}-{price(block.top)} gave {'no' if gate.passed else 'a'} signal before."


#: The first strategy of this system, with the numbers that it began with: what later ones are measured against.
MVP: Final = ObFvgSettings(
    timeframe="15m", warmup_candles=20, min_block_score=0.3, max_gap_distance=0.5, stop_buffer=0.002, reward_risk=2.0,
    min_stop_distance=0.001, max_stop_distance=0.03, ttl_ms=60_000, weight_structure=2.0, weight_order_block=2.0,
    weight_fvg=1.5, entry_score=4.0,
)  # fmt: skip
STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters when price comes back to an order block beside a fair value gap of its direction, on one timeframe.",
    settings=ObFvgSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=lambda settings: {settings.timeframe: READS},
    presets={"mvp": MVP},
    explain=explain,
    points="entry_score",
)
