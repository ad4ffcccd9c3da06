"""Swing highs and lows: symmetric fractals, known L candles after the turn (ICT-1; reference docs/ict.md §2.1)."""

from __future__ import annotations

from typing import ClassVar, Literal

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import more_than
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactLabel

SwingKind = Literal["swing_high", "swing_low", "internal_high", "internal_low"]


class Swings(Detector):
    """Candle j is a swing high if its high is above the L highs before it and not below the L highs after it.

    Strict on the left and not on the right: of equal highs the earliest is the swing, so a plateau has exactly one. It is
    confirmed at the close of candle j+L and never changes place. A swing low is the mirror. A swing high is a *bearish* fact
    (price turned down there), a swing low a bullish one.

    Only the last swing of each side is followed: a new one ends an unbroken older one (``expired``). ``high`` and ``low``
    are the last confirmed swing of each side, active or broken; ``label`` compares it with the one before on its side.

    ``internal``: the small swings of internal structure, which are facts of their own kinds.
    """

    STATE: ClassVar[tuple[str, ...]] = ("high", "low")

    def __init__(self, length: int, *, internal: bool = False) -> None:
        super().__init__(2 * length + 1)
        self._length = length
        self._internal = internal
        self._high_kind: SwingKind = "internal_high" if internal else "swing_high"
        self._low_kind: SwingKind = "internal_low" if internal else "swing_low"
        self.high: Finding | None = None
        self.low: Finding | None = None

    def detect(self, now: CandleClose) -> None:
        """The swings that this close confirms, the high before the low."""
        length = self._length
        if now.run < 2 * length + 1:
            return
        pivot = now.last - length
        high = now.highs[pivot]
        # The comparison with the newest candle settles most cases.
        if high >= now.high and is_high(now.highs, pivot, length):
            self.high = self._confirm(now, self._high_kind, "bearish", high, pivot, self.high)
            if not self._internal:
                now.swing_high = self.high
        low = now.lows[pivot]
        if low <= now.low and is_low(now.lows, pivot, length):
            self.low = self._confirm(now, self._low_kind, "bullish", low, pivot, self.low)
            if not self._internal:
                now.swing_low = self.low

    def active(self, into: list[Finding]) -> None:
        """The last swing high and low."""
        if self.high is not None:
            into.append(self.high)
        if self.low is not None:
            into.append(self.low)

    def break_high(self, now: CandleClose) -> Finding:
        """The last swing high is broken at this close; structure says so once a swing."""
        assert self.high is not None
        self.high = self.high.changed("broken", now.close_time)
        now.emit(self.high)
        return self.high

    def break_low(self, now: CandleClose) -> Finding:
        """The mirror of ``break_high``."""
        assert self.low is not None
        self.low = self.low.changed("broken", now.close_time)
        now.emit(self.low)
        return self.low

    def _confirm(
        self, now: CandleClose, kind: SwingKind, direction: Direction, level: float, pivot: int, before: Finding | None
    ) -> Finding:
        if before is not None and before.state == "active":
            now.emit(before.changed("expired", now.close_time))
        formed_at = now.open_times[pivot]
        finding = Finding(
            kind,
            direction,
            level,
            level,
            formed_at,
            now.close_time,
            label="" if before is None else label_of(direction, level, before.top, 0.0),
            candles=(formed_at,),
            numbers=(self._length, 0.0, 0.0) if before is None else (self._length, before.top, before.formed_at),
        )
        now.emit(finding)
        return finding


def is_high(highs: list[float], pivot: int, length: int) -> bool:
    """Above the ``length`` highs before it, not below the ``length`` after it; the newest was compared already.

    Looked at from the inside out: the neighbours decide most cases.
    """
    level = highs[pivot]
    for offset in range(1, length):
        if highs[pivot - offset] >= level or highs[pivot + offset] > level:
            return False
    return highs[pivot - length] < level


def is_low(lows: list[float], pivot: int, length: int) -> bool:
    """The mirror of ``is_high``."""
    level = lows[pivot]
    for offset in range(1, length):
        if lows[pivot - offset] <= level or lows[pivot + offset] < level:
            return False
    return lows[pivot - length] > level


def label_of(direction: Direction, level: float, before: float, tolerance: float) -> FactLabel:
    """HH, LH, EQH of a high (bearish), HL, LL, EQL of a low, against the one before; equal within ``tolerance`` (price)."""
    higher = more_than(level - before, tolerance, level)
    lower = more_than(before - level, tolerance, level)
    if direction == "bearish":
        return "HH" if higher else "LH" if lower else "EQH"
    return "HL" if higher else "LL" if lower else "EQL"


def why_swing(swing: Finding) -> str:
    """``numbers``: L, then level and open time of the swing before it on its side (0 without one)."""
    length, before, formed_before = swing.numbers
    is_high = swing.direction == "bearish"
    side = "high" if is_high else "low"
    name = "Internal swing" if swing.kind.startswith("internal") else "Swing"
    left, right = ("above", "not below") if is_high else ("below", "not above")
    if formed_before == 0.0:
        compared = f"the first swing {side}"
    else:
        word = "higher" if swing.top > before else "lower" if swing.top < before else "equal"
        compared = f"{word} {side} against {price(before)} of {at(int(formed_before))}"
    return (
        f"{name} {side} {price(swing.top)} of candle {at(swing.formed_at)}: {left} the {int(length)} {side}s before "
        f"and {right} the {int(length)} after, known at the close {at(swing.confirmed_at)}; {compared}."
    )
