"""A strategy's entries beside entries by chance, with its own sides, stops, targets and longest holdings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from research.columns import Columns
from research.evidence.days import Trial
from research.evidence.record import Chance
from research.performance.finite import ratio
from research.validation.random_entries import ExitRule, baseline, luck
from shared.domain.timeframes import MINUTE

#: Worlds in which the entries are drawn anew.
RUNS: Final = 500
#: No trade of chance is held for longer, candles: two days.
_LONGEST: Final = 2_880
_HOUR: Final = 3_600_000


def by_chance(trial: Trial, candles: Mapping[str, Columns], rng: np.random.Generator, runs: int = RUNS) -> Chance | None:
    """The mean R of the trial's trades beside that of entries by chance, in the hours (UTC) in which it entered.

    R here is the distance of the signal's stop. A trade that has no time to be closed by is held as long as the longest of
    the strategy's own. None without a trade whose signal is known, or with too few candles to hold one.
    """
    plans = {each.intent_id: each for each in trial.outcome.plans if each.stop > 0.0 and each.target > 0.0}
    known = [each for each in trial.trades if each.id in plans and each.entry_value > 0.0 and each.symbol in candles]
    if not known:
        return None
    held = max(each.closed_at - each.opened_at for each in known)
    hours = {each.opened_at // _HOUR % 24 for each in known}
    turnover = sum(each.entry_value + each.exit_value for each in known)
    cost = max(0.0, ratio(sum(each.fees + each.slippage for each in known), turnover) or 0.0)
    total = np.zeros(runs)
    for symbol in sorted({each.symbol for each in known}):
        columns = candles[symbol]
        rules = []
        for each in known:
            if each.symbol == symbol:
                plan = plans[each.id]
                longest = max(MINUTE, plan.longest or held)
                rules.append(
                    ExitRule(each.side == "BUY", plan.stop, plan.target, min(_LONGEST, math.ceil(longest / MINUTE)))
                )
        if max(each.candles for each in rules) >= len(columns):
            return None
        eligible = np.isin(columns.open_time // _HOUR % 24, sorted(hours))
        total += len(rules) * baseline(columns, rules, rng, runs=runs, eligible=eligible, cost=cost)
    chance = total / len(known)
    actual = float(np.mean([each.result / (plans[each.id].stop * each.entry_value) for each in known]))
    low, middle, high = (float(each) for each in np.quantile(chance, (0.05, 0.5, 0.95)))
    return Chance(runs=runs, actual=actual, low=low, middle=middle, high=high, probability=luck(actual, chance))
