"""The trials of a subject, day by day: what of a market is judged, and its cut into trainings and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.backtest.tape import CLOSE, HIGH, LOW, OPEN, VOLUME, Tape
from research.columns import Columns, Floats
from research.evidence.trials import Subject
from research.jobs.job import Outcome
from research.performance.returns import sharpe
from research.performance.trades import TradeResult
from research.search.scoring import curve_of
from research.validation.walk_forward import Span, Split, walk_forward
from shared.domain.timeframes import DAY, MINUTE

#: A training has three tenths of the days, a test one tenth; between them lies a day in which no indicator is judged.
_TENTHS: Final = 3
_GAP: Final = 1
#: Fewest days: tests of less than two say nothing.
LEAST_DAYS: Final = 20


class TooShort(ValueError):
    """There are too few whole days; the text says how many are wanted."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One trial. returns: of each UTC day, fractions. trades: closed ones, with the slippage that their plans tell."""

    values: dict[str, Any]
    outcome: Outcome
    returns: Floats
    trades: tuple[TradeResult, ...]

    def between(self, span: Span) -> list[TradeResult]:
        """The trades that were opened in a span, UTC ms."""
        return [each for each in self.trades if span.start <= each.opened_at < span.end]

    @property
    def sharpe(self) -> float | None:
        """Of all days, a year."""
        return sharpe(self.returns)


@dataclass(frozen=True, eq=False)
class Played:
    """A subject with its trials; the first is the subject as it stands."""

    subject: Subject
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the highest Sharpe ratio; of equal ones the first, and that without one last."""
        return max(self.trials, key=lambda each: -np.inf if each.sharpe is None else each.sharpe)


def whole_days(span: Span) -> Span:
    """The whole UTC days in a span. Raises TooShort."""
    found = Span(-(-span.start // DAY) * DAY, span.end // DAY * DAY)
    days = max(0, (found.end - found.start) // DAY)
    if days < LEAST_DAYS:
        raise TooShort(f"{days} whole days of candles: evidence needs at least {LEAST_DAYS}, better a year")
    return found


def trial_of(values: dict[str, Any], outcome: Outcome, span: Span) -> Trial:
    """Day by day. Raises BadCurve."""
    slippage = {each.intent_id: each.slippage for each in outcome.plans}
    trades = [TradeResult.of(each, slippage.get(each.intent_id, 0.0)) for each in outcome.trades]
    ordered = tuple(sorted(trades, key=lambda each: (each.closed_at, each.id)))
    return Trial(values, outcome, curve_of(outcome, span).daily_returns(), ordered)


def splits_of(span: Span) -> list[Split]:
    """Trainings with the test behind each, in UTC ms; as many tests as there is room for."""
    days = (span.end - span.start) // DAY
    test = max(2, days // 10)
    return list(walk_forward(span, train=_TENTHS * test * DAY, test=test * DAY, purge=_GAP * DAY))


def places(span: Span, part: Span) -> slice:
    """Which days of ``span`` are those of a part of it."""
    return slice((part.start - span.start) // DAY, (part.end - span.start) // DAY)


def table_of(trials: Sequence[Trial]) -> NDArray[np.float64]:
    """Daily returns, a column a trial."""
    return np.column_stack([each.returns for each in trials])


def candles_of(tape: Tape, span: Span) -> dict[str, Columns]:
    """The minutes of a span in columns, by symbol; where one has no candle, the close before it stands still."""
    opened = tape.first - MINUTE
    rows = slice((span.start - opened) // MINUTE, (span.end - opened) // MINUTE)
    times = np.arange(span.start, span.end, MINUTE, dtype=np.int64)
    found = {}
    for symbol, columns in tape.columns.items():
        part = columns[:, rows]
        absent = np.isnan(part[CLOSE])
        if absent.any():
            known = np.maximum.accumulate(np.where(absent, -1, np.arange(part.shape[1])))
            first = int(np.argmin(absent))
            still = part[CLOSE][np.where(known < 0, first, known)]
            part = np.where(absent, still, part)
        found[symbol] = Columns(
            symbol, "1m", times, part[OPEN], part[HIGH], part[LOW], part[CLOSE], np.where(absent, 0.0, part[VOLUME])
        )
    return found
