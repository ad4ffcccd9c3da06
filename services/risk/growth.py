"""How the account has grown, transfers apart: the index that the KPIs of returns are computed from (RISK-8). Pure.

The index is 1 at the first statement. A result moves it as it moves the equity; a transfer moves the ``unit``, the USDT that
an index of 1 is worth, in the same proportion as the equity, so the index stays. Equity that nobody can explain does not
move it either, until a person has accepted it as a transfer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.timeframes import DAY

#: Days remembered: a year, and the month before it.
DAYS_REMEMBERED: Final = 400
#: Digits of a remembered index after the point: a day's rounding is far below what a return shows.
_DIGITS: Final = 12
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


class DayClose(msgspec.Struct, kw_only=True):
    """The index of a UTC day: that of its last statement, which holds as of ``at`` (ms). day: days since the epoch."""

    day: int
    at: int
    index: Decimal


class GrowthRecord(msgspec.Struct, kw_only=True):
    """The account's index. Times in ms of the statements; -1 = nothing was stated yet.

    version: of this record's meaning; one with another version begins anew. unit: USDT that an index of 1 is worth; 0 = not
    known: nothing was stated, or the account was empty. since: the first statement; at: the last one that counted. high: the
    highest index, as of ``high_at``. deepest: the largest loss from the highest index before it, fraction. closes: oldest
    first, at most ``DAYS_REMEMBERED``.
    """

    version: int = 1
    unit: Decimal = _ZERO
    since: int = -1
    at: int = -1
    index: Decimal = _ONE
    high: Decimal = _ONE
    high_at: int = -1
    deepest: Decimal = _ZERO
    closes: list[DayClose] = msgspec.field(default_factory=list)

    def take(self, equity: Decimal, time: int) -> None:
        """Apply a statement that can be believed. One of a time that was stated already counts instead of that."""
        if self.unit <= 0:
            if equity <= 0:
                return
            # an account that was emptied and filled again goes on where it was; one that was lost begins at 1
            self.index = self.index if self.index > 0 else _ONE
            self.unit = equity / self.index
            self.since = self.since if self.since >= 0 else time
        self.index, self.at = equity / self.unit, time
        if self.index > self.high or self.high_at < 0:
            self.high, self.high_at = self.index, time
        self.deepest = max(self.deepest, _ONE - self.index / self.high)
        close = DayClose(day=time // DAY, at=time, index=round(self.index, _DIGITS))
        if self.closes and self.closes[-1].day >= close.day:
            self.closes[-1] = close
        else:
            self.closes.append(close)
            del self.closes[:-DAYS_REMEMBERED]

    def move(self, amount: Decimal, equity: Decimal, time: int) -> None:
        """Apply a transfer of ``amount`` on top of ``equity``, both USDT, which statements show from ``time`` on.

        What was recorded since then had taken it for a result, and is corrected; ``deepest`` is not: how deep the account
        was between two statements is known at its time only.
        """
        if self.since < 0 or time <= self.since or not amount:
            return
        after = equity + amount
        if equity <= 0 or after <= 0:
            self.unit = _ZERO
            return
        factor = after / equity
        self.unit *= factor
        if self.at >= time:
            self.index /= factor
        if self.high_at >= time:
            self.high /= factor
        for close in self.closes:
            if close.at >= time:
                close.index = round(close.index / factor, _DIGITS)
