"""Volume imbalances: bodies apart, wicks together (ICT-5; docs/ict.md §5.2)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.zones import FillBook
from services.analysis.settings.imbalances import VolumeImbalanceSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class VolumeImbalances(Detector):
    """Bullish: the lower end of a candle's body is above the upper end of the body before it, while the candle's low is at
    or below the high of the candle before (else it is an opening gap, not this). Bearish is the mirror.

    The zone lies between the bodies, drawn at the later candle and known at its close. It lives as ``FillBook`` says, from
    the next candle on: what its own wick traded in it does not count. None across missing candles.
    """

    STATE: ClassVar[tuple[str, ...]] = ("imbalances",)

    def __init__(self, settings: VolumeImbalanceSettings, max_active: int) -> None:
        super().__init__(2)
        self._min_atr: float = settings.min_size_atr
        self._full_score: float = settings.full_score_atr
        self.imbalances = FillBook(max_active, settings.max_age_candles, settings.fill_steps, settings.filled_at)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the imbalances that were alive before it."""
        self.imbalances.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the imbalance that this close completes."""
        if now.run < 2:
            return
        before = now.last - 1
        low = min(now.open, now.close)
        high_before = max(now.opens[before], now.closes[before])
        if low > high_before:
            if now.low <= now.highs[before]:
                self._born(now, "bullish", low, high_before)
            return
        high = max(now.open, now.close)
        low_before = min(now.opens[before], now.closes[before])
        if high < low_before and now.high >= now.lows[before]:
            self._born(now, "bearish", low_before, high)

    def active(self, into: list[Finding]) -> None:
        """The living imbalances, oldest first."""
        self.imbalances.active(into)

    def _born(self, now: CandleClose, direction: Direction, top: float, bottom: float) -> None:
        size = top - bottom
        if self._min_atr > 0.0:
            least = self._min_atr * now.atr * now.threshold_scale
            if now.atr <= 0.0 or not at_least(size, least, top):
                return
        finding = Finding(
            "volume_imbalance",
            direction,
            top,
            bottom,
            now.open_time,
            now.close_time,
            score=min(1.0, size / now.atr / self._full_score) if now.atr > 0.0 else 0.0,
            candles=(now.open_times[now.last - 1], now.open_time),
            numbers=(now.atr,),
        )
        self.imbalances.born(finding, now)


def why_volume_imbalance(imbalance: Finding) -> str:
    """``numbers``: the ATR then."""
    (atr,) = imbalance.numbers
    bullish = imbalance.direction == "bullish"
    size = f"{(imbalance.top - imbalance.bottom) / atr:.2f} ATR" if atr > 0.0 else "ATR not warm"
    return (
        f"{imbalance.direction.capitalize()} volume imbalance {price(imbalance.bottom)} to {price(imbalance.top)}: the body "
        f"of candle {at(imbalance.formed_at)} lies {'above' if bullish else 'below'} the body of {at(imbalance.candles[0])} "
        f"while their wicks overlap, size {size}."
    )
