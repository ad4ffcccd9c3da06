"""SMT divergence between swings: one symbol makes a higher high, the other a lower one (ICT-9; docs/ict.md §13.1 a)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.finding import Finding
from services.analysis.cross.side import Side, turned
from services.analysis.wording import at, price
from shared.domain.facts import Direction

#: A swing that waits for its answer: open time of its candle, level, level of the swing before it on that side.
Waiting = tuple[int, float, float]


class SwingDivergence:
    """Swings of one side (highs or lows) of both symbols.

    A newly confirmed swing is answered by the other symbol's nearest swing within ``reach`` ms that has no answer yet; each
    swing is read once. Highs: one higher and the other lower than the high before it is *bearish*. Lows: one lower and the
    other higher is *bullish*. Equal ones say nothing. Known when both are confirmed, at a close of both symbols.

    With ``inverse`` the second symbol's other side is read, upside down (its prices are negated here).
    """

    STATE: ClassVar[tuple[str, ...]] = ("before", "waiting")

    def __init__(self, *, highs: bool, inverse: bool, reach: int) -> None:
        self._direction: Direction = "bearish" if highs else "bullish"
        self._kinds = ("swing_high" if highs else "swing_low", "swing_high" if highs != inverse else "swing_low")
        self._inverse = inverse
        self._reach = reach
        #: Level of the last swing of each symbol, None before the first.
        self.before: list[float | None] = [None, None]
        self.waiting: list[list[Waiting]] = [[], []]

    def hear(self, place: int, events: list[Finding]) -> None:
        """Note the swings that symbol ``place`` (0 or 1) confirmed at this close, also when the other has no candle."""
        for each in events:
            if each.kind == self._kinds[place] and each.state == "active" and each.changed_at == each.confirmed_at:
                level = -each.top if place == 1 and self._inverse else each.top
                before = self.before[place]
                self.before[place] = level
                if before is not None:
                    self.waiting[place].append((each.formed_at, level, before))

    def match(self, first: Side, second: Side, close_time: int) -> list[tuple[Finding, Finding]]:
        """Read the swings that have an answer, the nearest first. Returns what diverges, of the first and of the second."""
        there: list[tuple[Finding, Finding]] = []
        while self.waiting[0] and self.waiting[1]:
            apart, i, j = min(
                (abs(one[0] - other[0]), i, j)
                for i, one in enumerate(self.waiting[0])
                for j, other in enumerate(self.waiting[1])
            )
            if apart > self._reach:
                break
            one, other = self.waiting[0].pop(i), self.waiting[1].pop(j)
            if (one[1] > one[2] and other[1] < other[2]) or (one[1] < one[2] and other[1] > other[2]):
                direction = self._direction
                answers = turned(direction) if self._inverse else direction
                there.append(
                    (
                        _finding(direction, one, other, second.symbol, close_time),
                        _finding(answers, other, one, first.symbol, close_time),
                    )
                )
        return there

    def forget(self, oldest: int) -> None:
        """Swings formed before ``oldest`` (ms) wait no longer."""
        for place in (0, 1):
            if self.waiting[place] and self.waiting[place][0][0] < oldest:
                self.waiting[place] = [each for each in self.waiting[place] if each[0] >= oldest]


def _finding(direction: Direction, mine: Waiting, theirs: Waiting, other: str, close_time: int) -> Finding:
    level = abs(mine[1])
    return Finding(
        "smt_swing",
        direction,
        level,
        level,
        mine[0],
        close_time,
        label=other,
        candles=(mine[0], theirs[0]),
        numbers=(level, abs(mine[2]), abs(theirs[1]), abs(theirs[2])),
    )


def why_smt_swing(found: Finding) -> str:
    """``numbers``: this symbol's swing and the one before it, the other symbol's swing and the one before it."""
    level, before, other_level, other_before = found.numbers
    mine, theirs = found.candles
    return (
        f"SMT divergence, {found.direction}: swing {price(level)} of {at(mine)} is "
        f"{'above' if level > before else 'below'} the {price(before)} before it, while {found.label}'s "
        f"{price(other_level)} of {at(theirs)} is {'above' if other_level > other_before else 'below'} its "
        f"{price(other_before)}."
    )
