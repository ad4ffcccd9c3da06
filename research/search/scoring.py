"""What a candidate is worth: one number of an outcome, higher is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from research.jobs.job import Outcome
from research.performance.equity import EquityCurve
from research.performance.returns import sharpe
from research.performance.trades import TradeResult, expectancy, multiples
from research.validation.walk_forward import Span


class Measure(Protocol):
    """A number of an outcome; None where it has none."""

    def __call__(self, outcome: Outcome, span: Span) -> float | None: ...


def curve_of(outcome: Outcome, span: Span) -> EquityCurve:
    """The equity over the span, from its start on; the last point is the equity at the end. Raises BadCurve."""
    points = [(span.start, outcome.start_equity), *((each.time, each.equity) for each in outcome.equity)]
    return EquityCurve.of([*points, (span.end, outcome.last_equity)], span.end)


def trades_of(outcomes: Sequence[Outcome]) -> list[TradeResult]:
    """The closed trades in order of their end."""
    found = [TradeResult.of(trade) for outcome in outcomes for trade in outcome.trades]
    return sorted(found, key=lambda trade: (trade.closed_at, trade.id))


def _sharpe(outcome: Outcome, span: Span) -> float | None:
    return sharpe(curve_of(outcome, span).daily_returns())


def _expectancy(outcome: Outcome, span: Span) -> float | None:
    return expectancy(multiples(trades_of([outcome])))


def _result(outcome: Outcome, span: Span) -> float | None:
    return outcome.last_equity / outcome.start_equity - 1.0 if outcome.start_equity > 0.0 else None


#: Name → measure. sharpe: of daily returns, a year; expectancy: mean R of closed trades; return: a fraction.
MEASURES: Final[Mapping[str, Measure]] = {"sharpe": _sharpe, "expectancy": _expectancy, "return": _result}


def score(outcome: Outcome, span: Span, measure: str, least_trades: int) -> float | None:
    """The measure of an outcome; None with fewer closed trades than ``least_trades``: a few say nothing."""
    return MEASURES[measure](outcome, span) if len(outcome.trades) >= least_trades else None
