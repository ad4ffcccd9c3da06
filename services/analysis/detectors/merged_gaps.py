"""Merged gaps: fair value gaps of neighbouring candles as one zone (ICT-5; docs/ict.md §3, join of adjacent gaps)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.zones import FillBook
from services.analysis.settings import FvgSettings, MergedGapSettings
from services.analysis.wording import at, price


class MergedGaps(Detector):
    """Gaps of one direction formed at candles that follow on each other: their union, reported when the second is confirmed.

    Each further one makes a larger zone that takes the place of the one before (``superseded``); the single gaps live on
    beside it. It lives as ``FillBook`` says. ``run``: the gaps of the run that the newest gap belongs to, oldest first.
    """

    STATE: ClassVar[tuple[str, ...]] = ("zones", "run")

    def __init__(self, settings: MergedGapSettings, gaps: FvgSettings, max_active: int) -> None:
        super().__init__()
        self._most: int = settings.max_gaps
        self.zones = FillBook(max_active, gaps.max_age_candles, gaps.fill_steps, gaps.filled_at, inverts=True)
        self.run: list[Finding] = []

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the merged gaps that were alive before it."""
        self.zones.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the union that this close's gap completes."""
        gap = now.gap
        if gap is None:
            return
        run = self.run
        follows = (
            len(run) > 0
            and len(run) < self._most
            and run[-1].direction == gap.direction
            and run[-1].formed_at + now.duration == gap.formed_at
        )
        if not follows:
            self.run = [gap]
            return
        run.append(gap)
        self._merge(now, run)

    def active(self, into: list[Finding]) -> None:
        """The living merged gaps, oldest first."""
        self.zones.active(into)

    def _merge(self, now: CandleClose, run: list[Finding]) -> None:
        top = run[0].top
        bottom = run[0].bottom
        for gap in run:
            top = max(top, gap.top)
            bottom = min(bottom, gap.bottom)
        first = run[0]
        for zone in self.zones.zones:
            before = zone.finding
            if before.formed_at == first.formed_at and before.direction == first.direction:
                self.zones.end(zone, "superseded", now)
                break
        finding = Finding(
            "merged_fvg",
            first.direction,
            top,
            bottom,
            first.formed_at,
            now.close_time,
            score=max(gap.score for gap in run),
            key=len(run),
            candles=(first.formed_at, run[-1].formed_at),
            ref=run[-1].identity(),
        )
        self.zones.born(finding, now)


def why_merged(gap: Finding) -> str:
    """``key`` is how many gaps it unites."""
    return (
        f"{gap.direction.capitalize()} merged gap {price(gap.bottom)} to {price(gap.top)}: {gap.key} fair value gaps of "
        f"neighbouring candles, from {at(gap.candles[0])} to {at(gap.candles[1])}."
    )
