"""Fair value gaps as rows to learn from: what was known of each at some ages, and whether it was filled in time (ICT-6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from research.events import findings_of
from services.analysis.base.finding import Finding, Identity
from services.analysis.fvg_fill import Features, features_of
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe

#: Shares of its life at which a gap that is still open is asked about.
AGES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Row(NamedTuple):
    """One question and its answer. ``asked_at``, ``answered_at``: UTC ms; nothing after ``asked_at`` is in ``features``.

    ``place``: of its age in ``AGES``.
    """

    symbol: str
    timeframe: Timeframe
    asked_at: int
    answered_at: int
    place: int
    features: Features
    filled: bool


def rows_of(candles: Iterable[Candle], settings: AnalysisSettings) -> list[Row]:
    """Every gap that is old enough to have an answer, asked about at each age at which it was still open."""
    roomy = settings.model_copy(update={"max_active": 500})  # none may go to make room: it would have no answer
    lives: dict[Identity, list[Finding]] = {}
    symbol, timeframe, last = "", None, 0
    seen: list[Candle] = []

    def watched() -> Iterable[Candle]:
        for candle in candles:
            seen[:] = [candle]
            yield candle

    for _, findings in findings_of(watched(), roomy):
        for finding in findings:
            if finding.kind == "fvg":
                lives.setdefault(finding.identity(), []).append(finding)
    if not seen:
        return []
    symbol, timeframe, last = seen[0].symbol, seen[0].timeframe, seen[0].close_time
    life = settings.fvg.max_age_candles * DURATION[timeframe]
    rows: list[Row] = []
    for states in lives.values():
        if states[0].confirmed_at + life < last:
            rows += _questions(symbol, timeframe, states, settings)
    return sorted(rows, key=lambda row: (row.asked_at, row.timeframe, row.symbol))


def _questions(symbol: str, timeframe: Timeframe, states: Sequence[Finding], settings: AnalysisSettings) -> list[Row]:
    born = states[0]
    candles = settings.fvg.max_age_candles
    duration = DURATION[timeframe]
    end = born.confirmed_at + candles * duration
    filled_at = next((each.changed_at for each in states if each.state in ("filled", "inverted")), None)
    known = features_of(born, timeframe, candles)
    if known is None:
        return []
    rows = []
    for place, age in enumerate(AGES):
        asked_at = born.confirmed_at + round(age * candles) * duration
        if filled_at is not None and asked_at >= filled_at:
            break
        fill = max(each.fill for each in states if each.changed_at <= asked_at)
        features = Features(
            known.size,
            known.distance,
            known.displacement,
            known.trend,
            known.zone,
            known.minutes,
            round(age * candles) / candles,
            fill,
        )
        rows.append(Row(symbol, timeframe, asked_at, end, place, features, filled_at is not None and filled_at <= end))
    return rows
