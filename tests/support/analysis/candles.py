"""Candles for tests of the analysis: small tables, random walks on a coarse grid (many ties), mirrors and scalings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import get_args

import msgspec
from hypothesis import strategies as st

from services.analysis.engine import Engine
from services.analysis.settings import AnalysisSettings, Concept
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import DURATION, Timeframe, open_time

SYMBOL = "BTCUSDT"
TIMEFRAME: Timeframe = "15m"
STEP = DURATION[TIMEFRAME]
START = open_time(1_746_372_780_000, TIMEFRAME)

#: open, high, low, close; None stands for a missing candle.
Row = tuple[float, float, float, float] | None

#: Mirrored prices are ``PIVOT - price``; with prices on a grid of eighths both are exact.
PIVOT = 4096.0

OPPOSITE: dict[Direction, Direction] = {"bullish": "bearish", "bearish": "bullish", "none": "none"}
#: Kinds that swap upside down: those that name a side.
MIRROR_KIND: dict[FactKind, FactKind] = {
    kind: other
    for kind in get_args(FactKind)
    for other in (kind.replace("high", "\0").replace("low", "high").replace("\0", "low"),)
    if other != kind
}


def opened(number: int) -> int:
    """Open time of candle ``number`` of a table, counted from 0."""
    return START + number * STEP


def closed(number: int) -> int:
    return opened(number + 1)


def table(rows: Sequence[Row], direction: Direction = "bullish", timeframe: Timeframe = TIMEFRAME) -> list[Candle]:
    """The rows as candles; for ``bearish`` the table is turned upside down."""
    step = DURATION[timeframe]
    start = open_time(START, timeframe)
    candles = [
        Candle(
            symbol=SYMBOL,
            timeframe=timeframe,
            open_time=start + number * step,
            open=row[0],
            high=row[1],
            low=row[2],
            close=row[3],
            volume=1.0,
        )
        for number, row in enumerate(rows)
        if row is not None
    ]
    return candles if direction == "bullish" else mirrored(candles)


def mirrored(candles: Sequence[Candle], pivot: float = PIVOT) -> list[Candle]:
    """Upside down: ``p`` becomes ``pivot - p``, highs become lows."""
    return [
        msgspec.structs.replace(c, open=pivot - c.open, high=pivot - c.low, low=pivot - c.high, close=pivot - c.close)
        for c in candles
    ]


def scaled(candles: Sequence[Candle], factor: float) -> list[Candle]:
    return [
        msgspec.structs.replace(c, open=c.open * factor, high=c.high * factor, low=c.low * factor, close=c.close * factor)
        for c in candles
    ]


def run(candles: Sequence[Candle], settings: AnalysisSettings) -> list[Analysis]:
    engine = Engine(candles[0].symbol, candles[0].timeframe, settings)
    return [engine.update(candle) for candle in candles]


def events(analyses: Sequence[Analysis], *kinds: FactKind) -> list[Fact]:
    """All events in order, of these kinds (of all, when none is named)."""
    return [fact for analysis in analyses for fact in analysis.events if not kinds or fact.kind in kinds]


def told(analyses: Sequence[Analysis], *kinds: FactKind) -> list[tuple[int, str, str, str]]:
    """What was said and when, as a table: (number of the candle, kind, direction, state)."""
    return [
        ((analysis.candle.open_time - START) // STEP, fact.kind, fact.direction, fact.state)
        for analysis in analyses
        for fact in analysis.events
        if not kinds or fact.kind in kinds
    ]


def from_moves(moves: Sequence[tuple[int, int, int]], start: int = 1024, tick: float = 1.0) -> list[Candle]:
    """A walk on a grid: per candle (move of the close, wick up, wick down) in ticks; kept well between 0 and PIVOT."""
    rows: list[Row] = []
    last = start
    for move, up, down in moves:
        close = min(max(last + move, 300), 3_500)
        rows.append((last * tick, (max(last, close) + up) * tick, (min(last, close) - down) * tick, close * tick))
        last = close
    return table(rows)


def seeded_walk(seed: int, length: int) -> list[Candle]:
    """A reproducible walk with quiet and wild stretches, ties, and openings away from the last close."""
    draw = random.Random(seed)
    rows: list[Row] = []
    last = 2048.0
    for number in range(length):
        reach = 24 if number % 80 < 25 else 6
        opening = last + (draw.choice((-4, 4)) if draw.random() < 0.1 else 0)
        close = min(max(opening + draw.randint(-reach, reach), 300), 3_500)
        rows.append(
            (
                opening,
                max(opening, close) + draw.randint(0, reach // 3),
                min(opening, close) - draw.randint(0, reach // 3),
                close,
            )
        )
        last = close
    return table(rows)


def alone(*concepts: str, **values: object) -> AnalysisSettings:
    """Settings in which only these concepts look for anything (swings always do), so that a table shows nothing else."""
    fields = AnalysisSettings.model_fields
    off = {
        name: {"enabled": False}
        for name, field in fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Concept) and name not in concepts
    }
    return AnalysisSettings.model_validate({**off, **values})


#: Walks of small integer moves: ties on nearly every candle, which is where detectors go wrong.
walks = st.lists(st.tuples(st.integers(-12, 12), st.integers(0, 4), st.integers(0, 4)), min_size=30, max_size=120).map(
    from_moves
)

#: Settings under which short walks make many facts of every kind and state.
LIVELY = AnalysisSettings.model_validate(
    {
        "swing_length": 2,
        "atr_period": 5,
        "max_active": 4,
        "displacement": {"min_body_atr": 0.8},
        "internal": {"length": 1},
        "merged_gaps": {"enabled": True},
        "fvg": {"min_size_percent": 0.0, "max_age_candles": 12},
        "order_block": {"max_age_candles": 20, "leg_candles": 15, "max_touches": 2},
        "breaker_block": {"max_age_candles": 20},
        "rejection_block": {"min_wick_body": 0.25, "min_wick_atr": 0.0, "max_age_candles": 20},
        "balanced_price_range": {"min_size_atr": 0.0, "max_age_candles": 20, "max_touches": 2},
        "volume_imbalance": {"min_size_atr": 0.0, "max_age_candles": 12},
        "liquidity_void": {"min_body_atr": 0.5, "min_body_share": 0.4, "min_size_atr": 1.0, "max_age_candles": 12},
        "equal_levels": {"length": 1, "atr_period": 5, "tolerance_atr": 0.5, "max_age_candles": 30},
        "pools": {"merge_atr": 0.5, "max_age_candles": 25, "full_touches": 2, "volume_period": 5},
        "turtle_soup": {"lookback": 6, "separation": 2},
        "dealing_range": {"ote_from": 0.625, "ote_ideal": 0.75, "ote_to": 0.875},  # exact on the grid, also upside down
    }
)

#: The other side of every option.
OTHER_OPTIONS = AnalysisSettings.model_validate(
    {
        "swing_length": 3,
        "atr_period": 3,
        "max_active": 3,
        "displacement": {"min_body_atr": 0.5, "min_body_share": 0.4, "require_gap": True},
        "structure": {"break_on": "wick", "min_displacement_atr": 0.2, "mss_within": 8, "failed_within": 0},
        "zigzag": {"equal_atr": 0.0},
        "merged_gaps": {"enabled": True, "max_gaps": 2},
        "fvg": {"min_size_percent": 0.0, "min_size_atr": 0.1, "max_age_candles": 8, "fill_steps": 4, "filled_at": 1.0},
        "order_block": {
            "rule": "strong_candle",
            "origin": "run",
            "zone": "body",
            "invalidate_on": "wick",
            "max_age_candles": 10,
            "leg_candles": 8,
            "max_touches": 1,
        },
        "breaker_block": {"invalidate_on": "wick", "max_age_candles": 10, "max_touches": 1},
        "mitigation_block": {"invalidate_on": "body", "max_age_candles": 10, "max_touches": 1},
        "rejection_block": {"invalidate_on": "wick", "min_wick_body": 0.0, "min_wick_atr": 0.1, "max_age_candles": 10},
        "balanced_price_range": {"invalidate_on": "body", "min_size_atr": 0.05, "max_apart_candles": 8},
        "volume_imbalance": {"min_size_atr": 0.1, "max_age_candles": 8, "fill_steps": 1, "filled_at": 1.0},
        "liquidity_void": {"min_candles": 3, "min_body_atr": 0.3, "min_size_atr": 0.5, "zone": "range"},
        "equal_levels": {"length": 2, "atr_period": 8, "tolerance_atr": 1.0, "max_pivots": 2},
        "pools": {"merge_atr": 1.0, "max_age_candles": 12, "return_within": 3},
        "sweeps": {"min_depth_atr": 0.25},
        "turtle_soup": {"lookback": 4, "separation": 1},
        "dealing_range": {"anchors": "body", "ote_from": 0.5, "ote_ideal": 0.5, "ote_to": 0.75},
    }
)
