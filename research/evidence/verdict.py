"""The verdict: what stands in the way of believing a result, in sentences that a trader reads."""

from __future__ import annotations

from typing import Final

from research.evidence.record import Figures, Row, Verdict

#: Fewer trades on unseen data say nothing about a mean.
LEAST_TRADES: Final = 30
#: Probability from which a deflated Sharpe ratio is evidence, and below which luck is none.
SURE: Final = 0.95
#: Costs may grow by this factor before a result is gone.
_COSTS: Final = 1.5
#: Share of the halves in which a chosen trial may lose before its choice is doubted.
_LOSING: Final = 0.25


def judged(row: Row) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict on a row that was played, and every doubt that stands. It only asks what is in the row."""
    if row.refused:
        return "refused", (row.refused,)
    whole, forward = row.whole, row.forward
    if whole is None or whole.trades < LEAST_TRADES:
        count = 0 if whole is None else whole.trades
        return "too_few", (f"{count} trades in all; {LEAST_TRADES} are the least that a mean is worth looking at",)
    doubts = [*_unseen(forward), *_search(row), *_chance(row), *_costs(row), *_plateau(row)]
    interval = whole.intervals.get("expectancy_r")
    if interval is not None and interval.high is not None and interval.high < 0.0:
        return "loses", (f"the mean trade loses: 95 % of draws end below {interval.high:+.3f} R", *doubts)
    return ("nothing_shown", tuple(doubts)) if doubts else ("held", ())


def _unseen(forward: Figures | None) -> list[str]:
    if forward is None or forward.trades < LEAST_TRADES:
        count = 0 if forward is None else forward.trades
        return [f"{count} trades on days that the choice had not seen; at least {LEAST_TRADES} are wanted"]
    interval = forward.intervals.get("expectancy_r")
    if interval is None or interval.low is None or interval.low <= 0.0:
        return ["on days that the choice had not seen, its mean trade cannot be told from zero or is a loss"]
    return []


def _search(row: Row) -> list[str]:
    found = []
    if row.deflated is None:
        found.append("it has no Sharpe ratio to deflate")
    elif row.deflated.deflated < SURE:
        found.append(
            f"the deflated Sharpe ratio is {row.deflated.deflated:.2f} among {row.deflated.trials:.0f} trials; "
            f"{SURE} is wanted"
        )
    # Among trials that are all good the best of one half is a matter of chance in the other, and no harm is done.
    over = row.overfitting
    if over is not None and over.probability >= 0.5 and over.loss_probability > _LOSING:
        found.append(f"choosing the best setting is worth nothing: probability of overfitting {over.probability:.2f}")
    return found


def _chance(row: Row) -> list[str]:
    if row.chance is None:
        return ["it could not be set beside entries by chance"]
    if row.chance.probability > 1.0 - SURE:
        return [f"entries by chance with its exits did as well in {row.chance.probability:.0%} of the runs"]
    return []


def _costs(row: Row) -> list[str]:
    if row.break_even is None:
        return ["nothing was paid for its trades, so that nothing is known of dearer ones"]
    if row.break_even < _COSTS:
        if not row.break_even:
            return ["it loses before any fees and slippage"]
        return [f"nothing is left once fees and slippage are times {row.break_even:.2f}; {_COSTS} is wanted"]
    return []


def _plateau(row: Row) -> list[str]:
    if row.plateau is not None and row.plateau.worst <= 0.0:
        return [f"in the best neighbourhood of settings the worst has the Sharpe ratio {row.plateau.worst:+.2f}"]
    return []
