"""Fair value gaps: born of three candles, filled step by step (ICT-5; docs/ict.md §3)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.zones import FillBook
from services.analysis.detectors.structure import Structure
from services.analysis.settings import FvgSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class FairValueGaps(Detector):
    """Bullish: the third candle's low is above the first candle's high; the zone lies between. Bearish is the mirror.

    Formed at candle 2, confirmed at the close of candle 3; lives as ``FillBook`` says, from candle 4 on. A gap lives
    ``max_age_candles`` after its confirmation, counted in time: the close after that expires it before prices are looked at.
    ``score`` is its size in ATR against ``full_score_atr``, 0 while the ATR is cold.

    ``last_bullish``, ``last_bearish``: open time of candle 2 of the newest gap of the direction, 0 if there was none; filled
    ones count.
    """

    STATE: ClassVar[tuple[str, ...]] = ("gaps", "last_bullish", "last_bearish")

    def __init__(self, settings: FvgSettings, max_active: int, structure: Structure) -> None:
        super().__init__(3)
        self._structure = structure
        self._min_share: float = settings.min_size_percent / 100.0
        self._min_atr: float = settings.min_size_atr
        self._full_score_atr: float = settings.full_score_atr
        self.gaps = FillBook(max_active, settings.max_age_candles, settings.fill_steps, settings.filled_at, inverts=True)
        self.last_bullish = 0
        self.last_bearish = 0

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the gaps that were alive before it."""
        self.gaps.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the gap that this close completes (after the oldest one, where it has to make room)."""
        if now.run < 3:
            return
        first_high = now.highs[now.last - 2]
        if now.low > first_high:
            self._born(now, "bullish", now.low, first_high)
            return
        first_low = now.lows[now.last - 2]
        if now.high < first_low:
            self._born(now, "bearish", first_low, now.high)

    def active(self, into: list[Finding]) -> None:
        """The living gaps, oldest first."""
        self.gaps.active(into)

    def _born(self, now: CandleClose, direction: Direction, top: float, bottom: float) -> None:
        size = top - bottom
        if not at_least(size, self._min_share * now.close, top):
            return
        if self._min_atr > 0.0:
            least = self._min_atr * now.atr * now.threshold_scale
            if now.atr <= 0.0 or not at_least(size, least, top):
                return
        formed_at = now.open_times[now.last - 1]
        finding = Finding(
            "fvg",
            direction,
            top,
            bottom,
            formed_at,
            now.close_time,
            score=min(1.0, size / (now.atr * self._full_score_atr)) if now.atr > 0.0 else 0.0,
            candles=(now.open_times[now.last - 2], formed_at, now.open_time),
            numbers=(now.close, now.atr, now.closes[now.last - 1] - now.opens[now.last - 1], self._trend()),
        )
        self.gaps.born(finding, now)
        now.gap = finding
        if direction == "bullish":
            self.last_bullish = formed_at
        else:
            self.last_bearish = formed_at

    def _trend(self) -> float:
        trend = self._structure.trend
        return 1.0 if trend == "up" else -1.0 if trend == "down" else 0.0


def why_gap(gap: Finding) -> str:
    """``numbers``: the close of candle 3, ATR, body of candle 2 (up is positive), trend (1 up, -1 down, 0 none) at birth."""
    close = gap.numbers[0]
    first, _, third = gap.candles
    side, beyond = ("low", "above the high") if gap.direction == "bullish" else ("high", "below the low")
    return (
        f"{gap.direction.capitalize()} fair value gap {price(gap.bottom)} to {price(gap.top)}: the {side} of candle "
        f"{at(third)} is {beyond} of candle {at(first)}, size {(gap.top - gap.bottom) / close:.3%} of price."
    )
