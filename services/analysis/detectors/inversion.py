"""Inversion fair value gaps: gaps that price closed through, with their direction flipped (ICT-5; docs/ict.md §3.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import INFINITY, Finding
from services.analysis.base.zones import BlockBook, Zone
from services.analysis.detectors.fvg import FairValueGaps
from services.analysis.settings import InversionSettings
from services.analysis.wording import at, price


class InversionGaps(Detector):
    """A gap whose far edge is closed through while its age lasts: the same prices, the other direction, from that close on.

    A gap that was filled before is still watched for it. An inversion gap lives as ``BlockBook`` says: touched when price
    comes back to it, dead (``invalidated``) when it is closed through itself.

    ``filled``: the filled gaps that may still be closed through, oldest first.
    """

    STATE: ClassVar[tuple[str, ...]] = ("zones", "filled")

    def __init__(self, settings: InversionSettings, max_active: int, gaps: FairValueGaps) -> None:
        super().__init__()
        self._gaps = gaps
        self._max_filled = max_active
        self.zones = BlockBook(
            max_active,
            settings.max_age_candles,
            settings.max_touches,
            settings.mean_threshold,
            "close",
        )
        self.filled: list[Zone] = []
        self._floor = -INFINITY
        self._ceiling = INFINITY

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the inversion gaps that were alive before it."""
        self.zones.follow(now)

    def detect(self, now: CandleClose) -> None:
        """The inversions of this close: of gaps filled before, then of gaps that were open until now."""
        if now.close < self._floor or now.close > self._ceiling:
            self._watch(now)
        ended = self._gaps.gaps.ended
        if not ended:
            return
        for zone in ended:
            if zone.finding.state == "inverted":
                self._born(now, zone)
            elif zone.finding.state == "filled":
                self.filled.append(zone)
        del self.filled[: max(0, len(self.filled) - self._max_filled)]
        self.restored()

    def active(self, into: list[Finding]) -> None:
        """The living inversion gaps, oldest first."""
        self.zones.active(into)

    def restored(self) -> None:
        """The closes between which no filled gap is closed through."""
        floor = -INFINITY
        ceiling = INFINITY
        for zone in self.filled:
            if zone.bullish:
                floor = max(floor, zone.finding.bottom)
            else:
                ceiling = min(ceiling, zone.finding.top)
        self._floor = floor
        self._ceiling = ceiling

    def _watch(self, now: CandleClose) -> None:
        kept: list[Zone] = []
        for zone in self.filled:
            if now.close_time > zone.expires_at:
                continue
            if (now.close < zone.finding.bottom) if zone.bullish else (now.close > zone.finding.top):
                self._born(now, zone)
            else:
                kept.append(zone)
        self.filled = kept
        self.restored()

    def _born(self, now: CandleClose, zone: Zone) -> None:
        gap = zone.finding
        finding = Finding(
            "ifvg",
            "bearish" if zone.bullish else "bullish",
            gap.top,
            gap.bottom,
            gap.formed_at,
            now.close_time,
            score=gap.score,
            candles=(gap.formed_at, now.open_time),
            ref=gap.identity(),
            numbers=(now.close,),
        )
        self.zones.add(Zone(finding, self.zones.expiry(now)), now)


def why_inversion(gap: Finding) -> str:
    """``numbers``: the close that went through."""
    (close,) = gap.numbers
    was, beyond = ("bullish", "below") if gap.direction == "bearish" else ("bearish", "above")
    return (
        f"{gap.direction.capitalize()} inversion gap {price(gap.bottom)} to {price(gap.top)}: candle {at(gap.candles[1])} "
        f"closed at {price(close)}, {beyond} the {was} fair value gap of {at(gap.formed_at)}, whose prices now hold the "
        "other way."
    )
