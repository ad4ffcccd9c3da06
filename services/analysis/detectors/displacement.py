"""Displacement: a candle that is mostly body and large for its time (ICT-10; docs/ict.md §2.6)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.settings import DisplacementSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class Displacement(Detector):
    """A candle whose body is at least ``min_body_atr`` ATR of the candles before and ``min_body_share`` of its own range.

    Reported at its close. With ``require_gap`` the candle after it has to leave a gap to the candle before it (three
    candles, any size): reported one close later, drawn at the same candle. Nothing while the ATR is cold. The zone is the
    candle's range; ``score`` is its body in ATR against ``full_score_atr``.

    ``last``: the newest; ``bullish_at``, ``bearish_at``: the close (ms) at which the newest of each direction became known.
    """

    STATE: ClassVar[tuple[str, ...]] = ("last", "bullish_at", "bearish_at", "waiting")

    def __init__(self, settings: DisplacementSettings) -> None:
        super().__init__(3)
        self._min_body: float = settings.min_body_atr
        self._min_share: float = settings.min_body_share
        self._full_score: float = settings.full_score_atr
        self._require_gap: bool = settings.require_gap
        self.last: Finding | None = None
        self.bullish_at = 0
        self.bearish_at = 0
        #: ATR of the candle before this one if that one is a displacement but for its gap, else 0.
        self.waiting = 0.0

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the displacement that this close makes known."""
        if self._require_gap:
            atr = self.waiting
            self.waiting = now.atr if self._is_large(now, now.atr) else 0.0
            if atr > 0.0 and now.run > 2:
                before = now.last - 1
                opened = now.opens[before]
                close = now.closes[before]
                if now.low > now.highs[before - 1] if close > opened else now.high < now.lows[before - 1]:
                    self._tell(now, before, atr)
        elif self._is_large(now, now.atr):
            self._tell(now, now.last, now.atr)

    def active(self, into: list[Finding]) -> None:
        """The newest one."""
        if self.last is not None:
            into.append(self.last)

    def _is_large(self, now: CandleClose, atr: float) -> bool:
        body = abs(now.close - now.open)
        return (
            atr > 0.0
            and at_least(body, self._min_body * atr * now.threshold_scale, now.high)
            and at_least(body, self._min_share * (now.high - now.low), now.high)
        )

    def _tell(self, now: CandleClose, place: int, atr: float) -> None:
        opened = now.opens[place]
        close = now.closes[place]
        body = abs(close - opened)
        direction: Direction = "bullish" if close > opened else "bearish"
        formed_at = now.open_times[place]
        finding = Finding(
            "displacement",
            direction,
            now.highs[place],
            now.lows[place],
            formed_at,
            now.close_time,
            score=min(1.0, body / (self._full_score * atr)),
            candles=(formed_at,),
            numbers=(opened, close, atr),
        )
        now.emit(finding)
        now.displacement = finding
        self.last = finding
        if direction == "bullish":
            self.bullish_at = now.close_time
        else:
            self.bearish_at = now.close_time


def why_displacement(finding: Finding) -> str:
    """``numbers``: its open and close, and the ATR of the candles before it."""
    opened, close, atr = finding.numbers
    body = abs(close - opened)
    return (
        f"{finding.direction.capitalize()} displacement: candle {at(finding.formed_at)} from {price(opened)} to "
        f"{price(close)}, a body of {body / atr:.2f} ATR of the candles before and "
        f"{body / (finding.top - finding.bottom):.0%} of its range."
    )
