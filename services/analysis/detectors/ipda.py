"""IPDA ranges: high and low of the last 20, 40 and 60 completed days (ICT-12; docs/ict.md §10.3)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.period_ranges import PeriodRanges
from services.analysis.detectors.span import Span
from services.analysis.settings.levels import IpdaSettings
from services.analysis.wording import at, price


class IpdaRanges(Detector):
    """Rolling calendar days without the running one, known at the close of the last of them.

    A range lives until its high or low is another one: days that only move along inside it say nothing new. A day that was
    not seen (see ``PeriodRanges``) ends all ranges, and counting starts anew: its extremes are not known.
    """

    STATE: ClassVar[tuple[str, ...]] = ("starts", "highs", "lows", "ranges")

    def __init__(self, settings: IpdaSettings, periods: PeriodRanges) -> None:
        super().__init__()
        self._periods = periods
        self._lengths: list[int] = sorted(settings.days)
        self._longest: int = max(self._lengths)
        self.starts: list[int] = []
        self.highs: list[float] = []
        self.lows: list[float] = []
        self.ranges: list[Finding] = []

    def detect(self, now: CandleClose) -> None:
        """Nothing, unless a day is over."""
        if not self._periods.turned:
            return
        if self._periods.day.lost:
            self._forget(now)
        day = self._periods.day.over
        if day is not None:
            self._append(day)
            for length in self._lengths:
                if len(self.starts) >= length:
                    self._renew(now, length, day)

    def active(self, into: list[Finding]) -> None:
        """The ranges that hold, oldest first."""
        into.extend(self.ranges)

    def restored(self) -> None:
        """Ranges of lengths that the settings no longer have are dropped."""
        self.ranges = [known for known in self.ranges if known.key in self._lengths]

    def _append(self, day: Span) -> None:
        self.starts.append(day.start)
        self.highs.append(day.high)
        self.lows.append(day.low)
        if len(self.starts) > self._longest:
            del self.starts[0]
            del self.highs[0]
            del self.lows[0]

    def _renew(self, now: CandleClose, length: int, day: Span) -> None:
        top = max(self.highs[-length:])
        bottom = min(self.lows[-length:])
        kept: list[Finding] = []
        for known in self.ranges:
            if known.key == length:
                if known.top == top and known.bottom == bottom:
                    return
                now.emit(known.changed("expired", now.close_time))
            else:
                kept.append(known)
        finding = Finding(
            "ipda_range",
            "none",
            top,
            bottom,
            self.starts[-length],
            now.close_time,
            label=f"{length} days",
            key=length,
            numbers=(float(day.end),),
        )
        now.emit(finding)
        kept.append(finding)
        self.ranges = kept

    def _forget(self, now: CandleClose) -> None:
        for known in self.ranges:
            now.emit(known.changed("expired", now.close_time))
        self.ranges = []
        self.starts = []
        self.highs = []
        self.lows = []


def why_ipda(found: Finding) -> str:
    """``numbers``: the end of the last day (ms)."""
    (end,) = found.numbers
    return (
        f"IPDA range {price(found.bottom)} to {price(found.top)}, equilibrium {price((found.top + found.bottom) / 2.0)}: "
        f"low and high of the last {found.key} completed days, {at(found.formed_at)} to {at(int(end))}."
    )
