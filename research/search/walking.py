"""Walk-forward: choose a candidate on each training by its score, judge it on the test behind it, join the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from research.jobs.job import EquityPoint, Outcome
from research.performance.equity import EquityCurve
from research.performance.summary import Performance, summarise
from research.performance.trades import TradeResult
from research.search.candidates import Candidate
from research.search.scoring import curve_of, score, trades_of
from research.significance.bootstrap import Interval
from research.significance.confidence import confidence
from research.validation.leaks import leaks
from research.validation.walk_forward import Span, Split

#: Plays (settings, span) pairs and gives an outcome each, in their order; whoever plays them.
PlayAll = Callable[[Sequence[tuple[Mapping[str, Any], Span]]], Sequence[Outcome]]


class LeakingSplits(ValueError):
    """A training that knows something of its test, or tests that count time twice; the text says which."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One split. chosen: values of the candidate; None = none had a score, so that the test was not traded.

    train_score, test_score: None = has none. test_return: fraction. trades: closed ones of the test.
    """

    train: Span
    test: Span
    chosen: dict[str, Any] | None
    train_score: float | None
    test_score: float | None
    test_return: float
    trades: int


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the tests, joined. equity: USDT at each change; each test goes on with what the one before left.

    intervals: of measures of ``performance``, by their names there. candidates: how many were tried in each training.
    """

    measure: str
    candidates: int
    steps: tuple[Step, ...]
    performance: Performance
    intervals: dict[str, Interval]
    equity: tuple[EquityPoint, ...]


@dataclass(frozen=True)
class Rules:
    """How candidates are chosen. measure: a name of ``scoring.MEASURES``. seed: of the confidence intervals."""

    measure: str = "sharpe"
    least_trades: int = 10
    seed: int = 1


def walk(splits: Sequence[Split], candidates: Sequence[Candidate], play: PlayAll, rules: Rules, gap: int) -> Walked:
    """Walk forward. gap: ms that have to lie between training and test. Raises LeakingSplits before anything is played."""
    refuse_leaks(splits, gap)
    chosen = choices(splits, candidates, play, rules)
    tested = iter(play([(each.settings, split.test) for split, (each, _) in zip(splits, chosen, strict=True) if each]))
    outcomes = [next(tested) if each is not None else None for each, _ in chosen]
    steps, equity, trades = [], [], list[TradeResult]()
    growth, began = 1.0, 0.0
    for split, (candidate, train_score), outcome in zip(splits, chosen, outcomes, strict=True):
        change, test_score = 0.0, None
        if outcome is not None:
            began = began or outcome.start_equity
            factor = began * growth / outcome.start_equity
            points = curve_of(outcome, split.test)
            equity += [
                EquityPoint(time, factor * value)
                for time, value in zip(points.times.tolist(), points.values.tolist(), strict=True)
            ]
            trades += trades_of([outcome])
            change = outcome.last_equity / outcome.start_equity - 1.0
            growth *= 1.0 + change
            test_score = score(outcome, split.test, rules.measure, 1)
        steps.append(
            Step(
                train=split.train,
                test=split.test,
                chosen=None if candidate is None else candidate.values,
                train_score=train_score,
                test_score=test_score,
                test_return=change,
                trades=0 if outcome is None else len(outcome.trades),
            )
        )
    curve = EquityCurve.of(equity or [(splits[0].test.start, 1.0)], splits[-1].test.end)
    return Walked(
        measure=rules.measure,
        candidates=len(candidates),
        steps=tuple(steps),
        performance=summarise(curve, trades),
        intervals=confidence(curve, trades, np.random.default_rng(rules.seed)),
        equity=tuple(equity),
    )


def refuse_leaks(splits: Sequence[Split], gap: int) -> None:
    """Raise LeakingSplits with everything by which a test could know of a training."""
    found = leaks(splits, embargo=gap)
    if found:
        raise LeakingSplits("; ".join(f"split {each.split + 1}: {each.text}" for each in found))


def choices(
    splits: Sequence[Split], candidates: Sequence[Candidate], play: PlayAll, rules: Rules
) -> list[tuple[Candidate | None, float | None]]:
    """For each split the candidate with the highest score on its training, and the score; of equal ones the first."""
    asked = [(candidate.settings, split.train) for split in splits for candidate in candidates]
    played = iter(play(asked))
    found: list[tuple[Candidate | None, float | None]] = []
    for split in splits:
        best: tuple[Candidate | None, float | None] = (None, None)
        for candidate in candidates:
            worth = score(next(played), split.train, rules.measure, rules.least_trades)
            if worth is not None and (best[1] is None or worth > best[1]):
                best = candidate, worth
        found.append(best)
    return found
