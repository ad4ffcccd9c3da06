"""Swing highs and lows: symmetric fractals, known L candles after the turn (ICT-1; reference ict.md 2.1, 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.analysis.close import CandleClose
from services.analysis.lifecycle import BIRTH, advance
from services.analysis.wording import at, price
from shared.domain.facts import Direction, Fact
from shared.domain.ids import derive

SwingKind = Literal["swing_high", "swing_low"]


class SwingState(msgspec.Struct):
    """The last confirmed swing of each side, active or broken."""

    high: Fact | None = None
    low: Fact | None = None


class Swings:
    """Candle j is a swing high if its high is above the L highs before it and not below the L highs after it.

    Strict on the left and not on the right: of equal highs the earliest is the swing, so a plateau has exactly one. It is
    confirmed at the close of candle j+L and never changes place. A swing low is the mirror. A swing high is a *bearish* fact
    (price turned down there), a swing low a bullish one.

    Only the last swing of each side is followed: a new one ends an unbroken older one (``expired``).
    """

    __slots__ = ("_length", "state")

    def __init__(self, length: int) -> None:
        self._length = length
        self.state = SwingState()

    def update(self, now: CandleClose) -> Sequence[Fact]:
        """The swings that this close confirms, the high before the low."""
        highs, lows = now.window.highs, now.window.lows
        length = self._length
        pivot = len(highs) - 1 - length
        if pivot < length:
            return ()
        events: list[Fact] = []
        high, low = highs[pivot], lows[pivot]
        # The comparison with the newest candle settles most cases; the slices are for the rest.
        if high >= highs[-1] and high > max(highs[pivot - length : pivot]) and high >= max(highs[pivot + 1 :]):
            events += self._confirm(now, "swing_high", "bearish", high, now.window.open_times[pivot], self.state.high)
            self.state.high = events[-1]
        if low <= lows[-1] and low < min(lows[pivot - length : pivot]) and low <= min(lows[pivot + 1 :]):
            events += self._confirm(now, "swing_low", "bullish", low, now.window.open_times[pivot], self.state.low)
            self.state.low = events[-1]
        return events

    def broken(self, now: CandleClose, direction: Direction) -> Fact:
        """The last swing on the side of a break is broken at this close; returns it. Structure calls this once a swing."""
        if direction == "bullish":
            assert self.state.high is not None
            swing = self.state.high = advance(self.state.high, "broken", now.close_time)
        else:
            assert self.state.low is not None
            swing = self.state.low = advance(self.state.low, "broken", now.close_time)
        return swing

    def _confirm(
        self, now: CandleClose, kind: SwingKind, direction: Direction, level: float, formed_at: int, before: Fact | None
    ) -> list[Fact]:
        events = []
        if before is not None and before.state == "active":
            events.append(advance(before, "expired", now.close_time))
        side = "high" if kind == "swing_high" else "low"
        left, right = ("above", "not below") if kind == "swing_high" else ("below", "not above")
        events.append(
            Fact(
                id=derive(now.symbol, now.timeframe, kind, direction, formed_at),
                kind=kind,
                direction=direction,
                top=level,
                bottom=level,
                formed_at=formed_at,
                confirmed_at=now.close_time,
                changed_at=now.close_time,
                state=BIRTH[kind],
                why=(
                    f"Swing {side} {price(level)} of candle {at(formed_at)}: {left} the {self._length} {side}s before "
                    f"and {right} the {self._length} after, known at the close {at(now.close_time)}; "
                    f"{_label(side, level, before)}."
                ),
            )
        )
        return events


def _label(side: str, level: float, before: Fact | None) -> str:
    """HH, LH, EQH and their lows (ICT-1), against the swing before it on the same side."""
    if before is None:
        return f"the first swing {side}"
    word = "higher" if level > before.top else "lower" if level < before.top else "equal"
    return f"{word} {side} against {price(before.top)} of {at(before.formed_at)}"
