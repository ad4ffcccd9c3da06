"""SMT divergence at levels: one symbol takes its previous high, the other does not follow (ICT-9; docs/ict.md §13.1 b)."""

from __future__ import annotations

import zlib
from typing import ClassVar, Final

from services.analysis.base.finding import Finding, Identity
from services.analysis.cross.side import Side, turned
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactState

#: Levels that both symbols have of the same period, so that they can be compared.
KINDS: Final = frozenset(
    {
        "previous_day_high",
        "previous_day_low",
        "previous_week_high",
        "previous_week_low",
        "previous_month_high",
        "previous_month_low",
        "session_high",
        "session_low",
    }
)
_TAKEN: Final = ("swept", "broken")


class LevelDivergence:
    """One symbol trades beyond a level of a period, the other has not by the end of the window.

    ``provisional`` at the close at which one took its level and the other's of the same period still stands. Then either the
    other takes its own by the close ``window`` ms later (``failed``), or it does not, and at that close the divergence
    stands (``active``). A candle missing on either side, or the other's level ending in another way, ends it
    (``expired``): nobody knows. A high taken by one only is *bearish* for both, a low *bullish*.
    """

    STATE: ClassVar[tuple[str, ...]] = ("open",)

    def __init__(self, *, inverse: bool, window: int) -> None:
        self._inverse = inverse
        self._window = window
        #: Findings of the first and second symbol, which of them (0, 1) took its level, the other's level, deadline.
        self.open: list[tuple[Finding, Finding, int, Identity, int]] = []

    def update(self, first: Side, second: Side, close_time: int) -> list[tuple[Finding, Finding]]:
        """What this close of both says, added to both sides; returns the divergences that stand from now on."""
        there = self._judge(first, second, close_time) if self.open else []
        self._begin(first, second, 0, close_time)
        self._begin(second, first, 1, close_time)
        return there

    def gap(self) -> list[tuple[Finding, Finding]]:
        """A candle of one of them is missing: what was waited for cannot be known. Returns what has to be ended."""
        ended = [(one, other) for one, other, _, _, _ in self.open]
        self.open = []
        return ended

    def _judge(self, first: Side, second: Side, close_time: int) -> list[tuple[Finding, Finding]]:
        there = []
        kept = []
        ends = [{each.identity(): each.state for each in side.events} for side in (first, second)]
        for waiting in self.open:
            one, other, taker, level, deadline = waiting
            state = ends[1 - taker].get(level)
            if state is None and close_time < deadline:
                kept.append(waiting)
                continue
            outcome: FactState = "active" if state is None else "failed" if state in _TAKEN else "expired"
            one, other = one.changed(outcome, close_time), other.changed(outcome, close_time)
            first.found.append(one)
            second.found.append(other)
            if outcome == "active":
                there.append((one, other))
        self.open = kept
        return there

    def _begin(self, taker: Side, other: Side, place: int, close_time: int) -> None:
        for taken in taker.events:
            if taken.kind in KINDS and taken.state in _TAKEN:
                answer = self._answer(taken, other)
                if answer is not None:
                    mine, theirs = self._findings(taken, answer, taker, other, place, close_time)
                    taker.found.append(mine)
                    other.found.append(theirs)
                    pair = (mine, theirs) if place == 0 else (theirs, mine)
                    self.open.append((*pair, place, answer.identity(), close_time + self._window))

    def _answer(self, taken: Finding, other: Side) -> Finding | None:
        """The other symbol's level of the same period, when it still stands."""
        kind = taken.kind
        if self._inverse:
            stem, _, side = kind.rpartition("_")
            sought = f"{stem}_{'low' if side == 'high' else 'high'}"
        else:
            sought = kind
        for each in other.active():
            if each.kind == sought and each.label == taken.label and each.confirmed_at == taken.confirmed_at:
                return each
        return None

    def _findings(
        self, level: Finding, answer: Finding, taker: Side, other: Side, place: int, close_time: int
    ) -> tuple[Finding, Finding]:
        direction = level.direction  # bearish for a high, as the level itself is
        answers: Direction = turned(direction) if self._inverse else direction
        key = zlib.crc32(f"{level.kind} {level.label} {level.confirmed_at}".encode())
        numbers = (level.top, answer.top, float(close_time + self._window))
        opened = taker.candle.open_time
        taken, standing = level.top, answer.top
        return (
            Finding(
                "smt_level", direction, taken, taken, opened, close_time,
                label=other.symbol, key=key, numbers=(*numbers, 1.0),
            ),
            Finding(
                "smt_level", answers, standing, standing, opened, close_time,
                label=taker.symbol, key=key, numbers=(*numbers, 0.0),
            ),
        )  # fmt: skip


def why_smt_level(found: Finding) -> str:
    """``numbers``: the level that was taken, the one that was not, until when (ms), 1 when this symbol took its own."""
    taken, standing, until, own = found.numbers
    if own == 1.0:
        text = f"candle {at(found.formed_at)} took {price(taken)}, {found.label} did not take its own {price(standing)}"
    else:
        text = f"{found.label} took {price(taken)} in candle {at(found.formed_at)}, {price(standing)} here was not taken"
    return f"SMT divergence at a level, {found.direction}: {text}; unless it follows by {at(int(until))}, it stands."
