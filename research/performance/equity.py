"""The equity curve: money at every change, without transfers, floored at zero; and its returns by day and by month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from research.columns import Floats

DAY: Final = 86_400_000

#: Longest span that is taken; a longer one is a mistake of units (seconds or microseconds for milliseconds).
_LONGEST: Final = 200 * 366 * DAY


class BadCurve(ValueError):
    """No equity curve: the text says at which point, and what is wanted."""


class MonthReturn(NamedTuple):
    """Return of one calendar month (UTC), a fraction; of the first and last month, of its days in the curve."""

    year: int
    month: int
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class EquityCurve:
    """Equity at each change, oldest first.

    times: UTC ms, not falling. values: float64, USDT; the first is the start and above zero. Transfers are taken out: after
    the first one, values are those that the starting equity would have grown to. end: UTC ms until which the last value
    holds. ruined_at: UTC ms at which nothing was left; from there on every value is 0. None = never.
    """

    times: NDArray[np.int64]
    values: Floats
    end: int
    ruined_at: int | None

    @classmethod
    def of(
        cls,
        points: Iterable[tuple[int, Decimal | float]],
        end: int | None = None,
        transfers: Sequence[tuple[int, Decimal | float]] = (),
    ) -> EquityCurve:
        """From (UTC ms, equity in USDT) at each change; the first point is the start, the last holds until ``end``.

        transfers: (UTC ms, USDT; positive = came in). Each is in the equity of the first point at or after it. Raises
        BadCurve.
        """
        rows = list(points)
        if not rows:
            raise BadCurve("no equity: give at least the starting point as (UTC ms, USDT)")
        times = np.array([time for time, _ in rows], dtype=np.int64)
        values = np.array([float(value) for _, value in rows], dtype=np.float64)
        last = int(times[-1]) if end is None else end
        _examine(times, values, last)
        flows = _flows(times, transfers)
        left = values - flows
        gone = np.flatnonzero(left <= 0.0)
        ruined = int(gone[0]) if len(gone) else len(values)
        kept = np.zeros_like(values)
        kept[:ruined] = values[:ruined]
        if transfers:
            kept[1:ruined] = values[0] * np.cumprod(left[1:ruined] / values[: max(ruined - 1, 0)])
        return cls(times, kept, last, int(times[ruined]) if len(gone) else None)

    @property
    def start(self) -> int:
        """UTC ms of the first point."""
        return int(self.times[0])

    def at(self, moments: NDArray[np.int64]) -> Floats:
        """Equity at each moment (UTC ms, none before the start): that of the last change at or before it."""
        found: Floats = self.values[np.searchsorted(self.times, moments, side="right") - 1]
        return found

    def daily_returns(self) -> Floats:
        """Return of each day (UTC) from the start's to the end's, fractions; days without a change are 0.

        A day ends at 00:00 of the next, and that moment belongs to it. The first return is counted from the starting
        equity, the last until ``end``. After ruin every day is 0: nothing is left to win or lose.
        """
        first = self.start // DAY * DAY
        count = -(-(self.end - first) // DAY)
        if count == 0:
            return np.zeros(0)
        closes = first + DAY * np.arange(1, count + 1, dtype=np.int64)
        worth = np.concatenate((self.values[:1], self.at(np.minimum(closes, self.end))))
        before = np.where(worth[:-1] > 0.0, worth[:-1], 1.0)
        returns: Floats = np.where(worth[:-1] > 0.0, worth[1:] / before - 1.0, 0.0)
        return returns

    def monthly_returns(self) -> list[MonthReturn]:
        """Return of each calendar month (UTC) that the curve touches, oldest first: its daily returns compounded."""
        grown: dict[tuple[int, int], float] = {}
        first = self.start // DAY * DAY
        for index, value in enumerate(self.daily_returns()):
            day = datetime.fromtimestamp((first + index * DAY) / 1000, tz=UTC)
            key = (day.year, day.month)
            grown[key] = grown.get(key, 1.0) * (1.0 + float(value))
        return [MonthReturn(year, month, growth - 1.0) for (year, month), growth in grown.items()]


def _examine(times: NDArray[np.int64], values: Floats, end: int) -> None:
    """Raises BadCurve."""
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise BadCurve(f"equity at {times[wrong[0]]} is {values[wrong[0]]}: every point needs a finite number of USDT")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        raise BadCurve(f"equity at {times[back[0] + 1]} stands after {times[back[0]]}: sort the points by time")
    if values[0] <= 0.0:
        raise BadCurve(f"starting equity is {values[0]}: returns need one above zero")
    if end < times[-1]:
        raise BadCurve(f"the curve ends at {end}, before its last point at {times[-1]}")
    if end - times[0] > _LONGEST:
        raise BadCurve(f"the curve lasts from {times[0]} to {end}, over 200 years: times are UTC milliseconds")


def _flows(times: NDArray[np.int64], transfers: Sequence[tuple[int, Decimal | float]]) -> Floats:
    """What came in between each point and the one before it. Raises BadCurve."""
    flows = np.zeros(len(times))
    for time, amount in transfers:
        place = int(np.searchsorted(times, time, side="left"))
        if not 0 < place < len(times):
            raise BadCurve(f"transfer at {time}: it has to lie after the first and not after the last point of the curve")
        if not np.isfinite(float(amount)):
            raise BadCurve(f"transfer at {time} is {amount}: a finite number of USDT is wanted")
        flows[place] += float(amount)
    return flows
