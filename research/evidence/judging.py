"""From the trials of a subject to its row: every doubt that this software can raise, with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from research.columns import Columns, Floats
from research.evidence.chance import RUNS, by_chance
from research.evidence.days import Played, Trial, places, splits_of, table_of
from research.evidence.record import Figures, Flat, Row, Test, Tried
from research.evidence.trials import Subject
from research.evidence.verdict import judged
from research.performance import returns as daily
from research.performance import trades as closed
from research.performance.trades import TradeResult
from research.search.scoring import curve_of
from research.significance.bootstrap import Interval, intervals
from research.significance.overfitting import BLOCKS, Overfitting, overfitting
from research.significance.sharpe_ratio import evidence
from research.significance.trade_order import fractions, reordered
from research.validation.cost_sensitivity import break_even, sensitivity
from research.validation.plateaus import Grid, plateau
from research.validation.walk_forward import Span, Split

#: With fewer trades in its training a trial is not chosen.
_LEAST_TRADES: Final = 5


def row_of(
    played: Played,
    span: Span,
    candles: Mapping[str, Columns],
    everything: Sequence[float],
    seed: int,
    runs: int = RUNS,
) -> Row:
    """Judge a subject. span: whole days, UTC ms. everything: Sharpe ratio (of a day) of every trial that was played."""

    def rng(part: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64((seed, part)))

    plain, best = played.trials[0], played.best
    splits = splits_of(span)
    forward, tests = walked(played.trials, span, splits, rng(1))
    shares = fractions(plain.trades, curve_of(plain.outcome, span))
    row = Row(
        strategy=played.subject.strategy,
        preset=played.subject.preset,
        verdict="nothing_shown",
        trials=tuple(_tried(each) for each in played.trials),
        whole=figures(plain.returns, plain.trades, rng(2)),
        best=figures(best.returns, best.trades, rng(3)),
        best_values=best.values,
        forward=forward,
        tests=tests,
        deflated=evidence(best.returns, everything) if everything else None,
        overfitting=_overfitting(played.trials),
        shuffled=reordered(shares, rng(4)),
        resampled=reordered(shares, rng(5), method="resample"),
        chance=by_chance(plain, candles, rng(6), runs),
        costs=tuple(sensitivity(plain.trades)) if plain.trades else (),
        break_even=break_even(plain.trades),
        plateau=_plateau(played.trials),
    )
    verdict, doubts = judged(row)
    return msgspec.structs.replace(row, verdict=verdict, doubts=doubts)


def refused_row(subject: Subject, reason: str) -> Row:
    """The row of a subject that cannot be played."""
    return Row(strategy=subject.strategy, preset=subject.preset, verdict="refused", refused=reason, doubts=(reason,))


def figures(returns: Floats, trades: Sequence[TradeResult], rng: np.random.Generator) -> Figures:
    """The measures of some days and of the trades that were opened in them, with intervals."""
    amounts, multiples = closed.results(trades), closed.multiples(trades)
    found: dict[str, Interval] = intervals(
        returns, {"total_return": daily.total_return, "sharpe": daily.sharpe}, "stationary", rng
    )
    found |= intervals(multiples, {"expectancy_r": closed.expectancy}, "plain", rng)
    return Figures(
        days=len(returns),
        trades=len(trades),
        total_return=daily.total_return(returns) or 0.0,
        max_drawdown=daily.fall(returns) or 0.0,
        sharpe=daily.sharpe(returns),
        win_rate=closed.win_rate(amounts),
        profit_factor=closed.profit_factor(amounts),
        expectancy_r=closed.expectancy(multiples),
        costs=float(sum(each.costs for each in trades)),
        intervals=found,
    )


def walked(
    trials: Sequence[Trial], span: Span, splits: Sequence[Split], rng: np.random.Generator
) -> tuple[Figures | None, tuple[Test, ...]]:
    """Choose on each training by the Sharpe ratio, measure on the test behind it, join the tests.

    The account is the trial's own over all days: what it holds when a test begins is in the returns of its first days.
    A test without a chosen trial earns 0.
    """
    returns: list[Floats] = []
    trades: list[TradeResult] = []
    tests = []
    for split in splits:
        chosen, score = _chosen(trials, span, split.train)
        days = places(span, split.test)
        mine = np.zeros(days.stop - days.start) if chosen is None else chosen.returns[days]
        opened = [] if chosen is None else chosen.between(split.test)
        returns.append(mine)
        trades += opened
        tests.append(
            Test(
                start=split.test.start,
                end=split.test.end,
                chosen=None if chosen is None else chosen.values,
                train_sharpe=score,
                total_return=daily.total_return(mine) or 0.0,
                trades=len(opened),
            )
        )
    if not tests:
        return None, ()
    return figures(np.concatenate(returns), trades, rng), tuple(tests)


def _chosen(trials: Sequence[Trial], span: Span, train: Span) -> tuple[Trial | None, float | None]:
    """The trial with the highest Sharpe ratio on a training; of equal ones the first."""
    best: tuple[Trial | None, float | None] = (None, None)
    for each in trials:
        if len(each.between(train)) >= _LEAST_TRADES:
            score = daily.sharpe(each.returns[places(span, train)])
            if score is not None and (best[1] is None or score > best[1]):
                best = each, score
    return best


def daily_sharpes(played: Sequence[Played]) -> list[float]:
    """The Sharpe ratio (of a day) of every trial that has one."""
    found = [daily.daily_sharpe(each.returns) for one in played for each in one.trials]
    return [each for each in found if each is not None]


def _tried(trial: Trial) -> Tried:
    return Tried(
        values=trial.values,
        trades=len(trial.trades),
        total_return=daily.total_return(trial.returns) or 0.0,
        sharpe=trial.sharpe,
        expectancy_r=closed.expectancy(closed.multiples(trial.trades)),
    )


def _overfitting(trials: Sequence[Trial]) -> Overfitting | None:
    table = table_of(trials)
    traded = table[:, np.any(table != 0.0, axis=0)]
    if traded.shape[1] < 2 or traded.shape[0] < 2 * BLOCKS:
        return None
    return overfitting(traded)


def _plateau(trials: Sequence[Trial]) -> Flat | None:
    """Of the trials that make a grid of numbers; None when they do not, or none has a Sharpe ratio."""
    numbers = [each for each in trials if all(_number(value) for value in each.values.values())]
    if len(numbers) < 3 or not numbers[0].values:
        return None
    grid = Grid.of((each.values, each.sharpe) for each in numbers)
    found = plateau(grid.scores)
    if found.best is None:
        return None
    return Flat(
        values=dict(grid.settings(found.best)),
        middle=float(found.middle[found.best]),
        worst=float(found.worst[found.best]),
    )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
