"""The zigzag: swings in which highs and lows take turns, provisional until the next turn (ICT-1; docs/ict.md §2.2, §2.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.swings import label_of
from services.analysis.settings import ZigzagSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactKind, FactLabel


class Zigzag(Detector):
    """Of swings of one side in a row only the furthest is a pivot (of equals the first).

    A pivot is born *provisional* with its swing. A further swing of the same side takes its place (``superseded``); the next
    swing of the other side makes it ``final``. Nothing of it is ever rewritten. ``label`` compares it with the last final
    pivot of its side, equal within ``equal_atr`` ATR.

    A candle that is a high and a low at once is taken one side a close, first the side that carries the leg on, so that a
    pivot changes at most once a close; before the first pivot such a candle is passed over.

    ``high``, ``low``: the last final pivot of each side; ``open``: the provisional one, the end of the leg under way.
    """

    STATE: ClassVar[tuple[str, ...]] = ("high", "low", "open", "waiting")

    def __init__(self, settings: ZigzagSettings) -> None:
        super().__init__()
        self._equal_atr: float = settings.equal_atr
        self.high: Finding | None = None
        self.low: Finding | None = None
        self.open: Finding | None = None
        self.waiting: list[Finding] = []

    def detect(self, now: CandleClose) -> None:
        """What a swing does to the zigzag."""
        high = now.swing_high
        low = now.swing_low
        if high is not None and low is not None:
            before = self.waiting[-1] if self.waiting else self.open
            if before is not None:
                high_first = before.direction == "bearish"
                self.waiting.append(high if high_first else low)
                self.waiting.append(low if high_first else high)
        elif high is not None:
            self.waiting.append(high)
        elif low is not None:
            self.waiting.append(low)
        if self.waiting:
            self._take(now, self.waiting.pop(0))

    def active(self, into: list[Finding]) -> None:
        """The last final pivots, and the provisional one."""
        if self.high is not None:
            into.append(self.high)
        if self.low is not None:
            into.append(self.low)
        if self.open is not None:
            into.append(self.open)

    def _take(self, now: CandleClose, swing: Finding) -> None:
        is_high = swing.direction == "bearish"
        before = self.open
        if before is not None:
            if before.direction == swing.direction:
                if (swing.top <= before.top) if is_high else (swing.top >= before.top):
                    return
                self._end(now, before, superseded=True)
            else:
                self._end(now, before, superseded=False)
        kind: FactKind = "pivot_high" if is_high else "pivot_low"
        direction: Direction = swing.direction
        last = self.high if is_high else self.low
        label: FactLabel = ""
        if last is not None:
            label = label_of(direction, swing.top, last.top, self._equal_atr * now.atr)
        pivot = Finding(
            kind,
            direction,
            swing.top,
            swing.bottom,
            swing.formed_at,
            now.close_time,
            label=label,
            candles=(swing.formed_at,),
            ref=swing.identity(),
            numbers=(0.0, 0.0) if last is None else (last.top, float(last.formed_at)),
        )
        now.emit(pivot)
        self.open = pivot

    def _end(self, now: CandleClose, pivot: Finding, *, superseded: bool) -> None:
        ended = pivot.changed("superseded" if superseded else "final", now.close_time)
        now.emit(ended)
        if superseded:
            return
        if pivot.direction == "bearish":
            self.high = ended
        else:
            self.low = ended


def why_pivot(pivot: Finding) -> str:
    """``numbers``: price and open time of the last final pivot of its side (0 without one)."""
    before, formed_before = pivot.numbers
    side = "high" if pivot.direction == "bearish" else "low"
    compared = f"{pivot.label} against {price(before)} of {at(int(formed_before))}" if formed_before else f"the first {side}"
    return (
        f"Zigzag {side} {price(pivot.top)} of candle {at(pivot.formed_at)}, known at the close {at(pivot.confirmed_at)}: "
        f"{compared}; it stands once the other side turns."
    )
