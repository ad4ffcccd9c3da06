"""The KPIs of the account: how it has traded, reported beside their goals and never promised (RISK-8). Pure.

Trades. The last 500 that held something and are over count; result = profit after fees and funding, R = result over the
amount at risk at the entry.
* win rate: trades with a result above 0 over all; a trade that neither won nor lost is one that was not won.
* reward to risk: average R of trades won over average loss in R of trades lost. A trade without a known risk has no R and is
  left out here; there is no figure without one trade of each kind.
* losses in a row: the longest row of trades with a result below 0; a trade of exactly 0 neither ends a row nor lengthens it.

Returns. They are of the index of ``services.risk.growth``: equity without transfers, and without what nobody could explain.
* month: the calendar month, UTC. Its return compares the last index with the last one before the month began; in the month
  in which the record begins, with the first one. The month before is told only if the record covers all of it.
* Sharpe ratio: mean over standard deviation (n - 1) of daily returns, times the square root of 365, because the market
  never closes; no interest is taken off. A daily return compares the last indexes of two UTC days in a row that are over;
  a day without a statement gives none. The last 365 count; with fewer than 30 there is no figure.
* drawdown: the largest loss from the highest index before it, over the whole record; re-arming forgets nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

import msgspec

from services.risk.growth import DayClose, GrowthRecord
from services.risk.results import EndedTrade
from shared.domain.timeframes import DAY

#: Fewest and most daily returns of the Sharpe ratio.
LEAST_DAYS: Final = 30
MOST_DAYS: Final = 365
_EPOCH: Final = date(1970, 1, 1).toordinal()
_ONE: Final = Decimal(1)


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions unless said otherwise; None = too little is known for a figure.

    trades: how many the first figures rest on. average_r: R a trade, on average. since: UTC ms of the first statement; -1 =
    there was none. days: daily returns that ``sharpe`` rests on, or would.
    """

    trades: int
    win_rate: Decimal | None
    reward_to_risk: Decimal | None
    average_r: Decimal | None
    losses_in_row: int
    since: int
    days: int
    month_return: Decimal | None
    last_month_return: Decimal | None
    sharpe: float | None
    max_drawdown: Decimal | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What RISK-8 asks of a figure, in words and as a test."""

    text: str
    is_met: Callable[[Decimal | float], bool]


#: Field of ``Kpis`` → its goal. The others have none.
GOALS: Final[dict[str, Goal]] = {
    "win_rate": Goal("at least 60 %", lambda value: value >= Decimal("0.60")),
    "reward_to_risk": Goal("at least 2", lambda value: value >= 2),
    "losses_in_row": Goal("at most 5", lambda value: value <= 5),
    "sharpe": Goal("at least 1.5", lambda value: value >= 1.5),
    "max_drawdown": Goal("below 12 %", lambda value: value < Decimal("0.12")),
}


def kpis(ended: Sequence[EndedTrade], growth: GrowthRecord, now: int) -> Kpis:
    """Compute all figures. now: UTC ms; it says which month it is and which day is not over."""
    returns = _daily_returns(growth.closes, now // DAY)
    rs = [each.result / each.risk_amount for each in ended if each.risk_amount > 0]
    month, last_month = _monthly_returns(growth, now // DAY)
    return Kpis(
        trades=len(ended),
        win_rate=Decimal(sum(each.result > 0 for each in ended)) / len(ended) if ended else None,
        reward_to_risk=_reward_to_risk(rs),
        average_r=_mean(rs) if rs else None,
        losses_in_row=_longest_row(ended),
        since=growth.since,
        days=len(returns),
        month_return=month,
        last_month_return=last_month,
        sharpe=_sharpe(returns),
        max_drawdown=growth.deepest if growth.since >= 0 else None,
    )


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _reward_to_risk(rs: Sequence[Decimal]) -> Decimal | None:
    won, lost = [r for r in rs if r > 0], [-r for r in rs if r < 0]
    return _mean(won) / _mean(lost) if won and lost else None


def _longest_row(ended: Iterable[EndedTrade]) -> int:
    longest = row = 0
    for each in ended:
        if each.result:
            row = row + 1 if each.result < 0 else 0
            longest = max(longest, row)
    return longest


def _daily_returns(closes: Sequence[DayClose], today: int) -> list[float]:
    over = [each for each in closes if each.day < today]
    found = [
        float(after.index / before.index - _ONE)
        for before, after in pairwise(over)
        if after.day == before.day + 1 and before.index > 0
    ]
    return found[-MOST_DAYS:]


def _sharpe(returns: Sequence[float]) -> float | None:
    if len(returns) < LEAST_DAYS:
        return None
    mean = math.fsum(returns) / len(returns)
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1))
    return mean / spread * math.sqrt(365) if spread else None


def _monthly_returns(growth: GrowthRecord, today: int) -> tuple[Decimal | None, Decimal | None]:
    """The return of the month so far, and that of the whole month before."""
    if growth.since < 0:
        return None, None
    this_month = _month_began(today)
    last_month = _month_began(this_month - 1)
    end, begin = _last_before(growth.closes, this_month), _last_before(growth.closes, last_month)
    so_far = _change(_ONE if end is None else end, growth.index)
    return so_far, _change(begin, end) if begin is not None and end is not None else None


def _month_began(day: int) -> int:
    return date.fromordinal(_EPOCH + day).replace(day=1).toordinal() - _EPOCH


def _last_before(closes: Sequence[DayClose], day: int) -> Decimal | None:
    return next((each.index for each in reversed(closes) if each.day < day), None)


def _change(before: Decimal, after: Decimal) -> Decimal | None:
    return after / before - _ONE if before > 0 else None
