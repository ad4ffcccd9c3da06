"""Candles at stated instants, and what is told of them as a table: for concepts that live by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import DURATION, Timeframe
from shared.domain.timezones import shown
from tests.support.analysis.candles import SYMBOL, Row, mirrored, run


def utc(text: str) -> int:
    """``2026-07-01 06:00`` in UTC ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def flat(count: int, price: float = 100.0) -> list[Row]:
    return [(price, price, price, price)] * count


def from_time(start: str, timeframe: Timeframe, rows: Sequence[Row], direction: Direction = "bullish") -> list[Candle]:
    """The rows as candles from ``start`` (UTC) on, None for a missing one; for ``bearish`` turned upside down."""
    step = DURATION[timeframe]
    first = utc(start)
    candles = [
        Candle(
            symbol=SYMBOL,
            timeframe=timeframe,
            open_time=first + number * step,
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


def said(candles: Sequence[Candle], settings: AnalysisSettings, *kinds: FactKind) -> list[tuple[str, Fact]]:
    """Every event of these kinds (of all, when none is named), with the close (UTC, ``07-01 06:00``) that told it."""
    analyses: list[Analysis] = run(candles, settings)
    return [
        (shown(fact.changed_at, "UTC")[5:16], fact)
        for analysis in analyses
        for fact in analysis.events
        if not kinds or fact.kind in kinds
    ]


def states(told: Sequence[tuple[str, Fact]]) -> list[tuple[str, str, str]]:
    """(close, label or kind, state)."""
    return [(close, fact.label or fact.kind, fact.state) for close, fact in told]


def prices(told: Sequence[tuple[str, Fact]]) -> list[tuple[str, str, str, float]]:
    """(close, kind, state, level)."""
    return [(close, fact.kind, fact.state, fact.top) for close, fact in told]
