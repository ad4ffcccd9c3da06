"""Balanced price ranges: prices that were delivered in haste both ways (ICT-5; docs/ict.md §5.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.zones import BlockBook, Zone
from services.analysis.settings.imbalances import BalancedPriceRangeSettings
from services.analysis.wording import at, price


class BalancedPriceRanges(Detector):
    """The overlap of a fair value gap with the newest gap of the other direction that overlaps it.

    Both are formed within ``max_apart_candles``; whether the older one has been filled since does not matter, for the leg
    that leaves the newer one runs through it. Known when the newer gap is, drawn at its middle candle, and of its
    direction. It lives as ``BlockBook`` says. Gaps that are filtered out of the fair value gaps are not seen here.

    ``bullish``, ``bearish``: the gaps of each direction that are young enough, oldest first. Missing candles do not
    matter: both gaps are known facts, and their distance counts in time.
    """

    STATE: ClassVar[tuple[str, ...]] = ("ranges", "bullish", "bearish")

    def __init__(self, settings: BalancedPriceRangeSettings, max_active: int) -> None:
        super().__init__()
        self._max_apart: int = settings.max_apart_candles
        self._min_atr: float = settings.min_size_atr
        self._full_score: float = settings.full_score_atr
        self.ranges = BlockBook(
            max_active, settings.max_age_candles, settings.max_touches, settings.mean_threshold, settings.invalidate_on
        )
        self.bullish: list[Finding] = []
        self.bearish: list[Finding] = []

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the ranges that were alive before it."""
        self.ranges.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the range that this close completes."""
        gap = now.gap
        if gap is None:
            return
        oldest = gap.formed_at - self._max_apart * now.duration
        self.bullish = [each for each in self.bullish if each.formed_at >= oldest]
        self.bearish = [each for each in self.bearish if each.formed_at >= oldest]
        if gap.direction == "bullish":
            self._balance(now, gap, self.bearish)
            self.bullish.append(gap)
        else:
            self._balance(now, gap, self.bullish)
            self.bearish.append(gap)

    def active(self, into: list[Finding]) -> None:
        """The living ranges, oldest first."""
        self.ranges.active(into)

    def _balance(self, now: CandleClose, gap: Finding, others: list[Finding]) -> None:
        for place in range(len(others) - 1, -1, -1):
            other = others[place]
            top = min(gap.top, other.top)
            bottom = max(gap.bottom, other.bottom)
            if top > bottom:
                self._born(now, gap, other, top, bottom)
                return

    def _born(self, now: CandleClose, gap: Finding, other: Finding, top: float, bottom: float) -> None:
        size = top - bottom
        if self._min_atr > 0.0:
            least = self._min_atr * now.atr * now.threshold_scale
            if now.atr <= 0.0 or not at_least(size, least, top):
                return
        finding = Finding(
            "balanced_price_range",
            gap.direction,
            top,
            bottom,
            gap.formed_at,
            now.close_time,
            score=min(1.0, size / now.atr / self._full_score) if now.atr > 0.0 else 0.0,
            candles=(other.formed_at, gap.formed_at, now.open_time),
            ref=other.identity(),
            numbers=(gap.bottom, gap.top, other.bottom, other.top),
        )
        zone = Zone(finding, self.ranges.expiry(now))
        inside = now.close <= top if zone.bullish else now.close >= bottom
        self.ranges.settle(zone, in_contact=inside)
        self.ranges.add(zone, now)


def why_balanced_price_range(balanced: Finding) -> str:
    """``numbers``: bottom and top of the newer gap, bottom and top of the older one."""
    bottom, top, older_bottom, older_top = balanced.numbers
    older = "bearish" if balanced.direction == "bullish" else "bullish"
    return (
        f"{balanced.direction.capitalize()} balanced price range {price(balanced.bottom)} to {price(balanced.top)}: the "
        f"{balanced.direction} fair value gap {price(bottom)} to {price(top)} of {at(balanced.formed_at)} overlaps the "
        f"{older} one {price(older_bottom)} to {price(older_top)} of {at(balanced.candles[0])}."
    )
