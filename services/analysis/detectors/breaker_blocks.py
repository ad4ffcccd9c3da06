"""Breaker blocks: blocks that failed after their leg had taken liquidity (ICT-4; docs/ict.md §4.2)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.failed_blocks import FailedBlocks, FlippedBook, why_flipped
from services.analysis.settings.failed_blocks import BreakerBlockSettings


class BreakerBlocks(Detector):
    """A bearish breaker is a block below price whose leg up traded beyond the swing high before it, and which a candle then
    closed through (``FailedBlocks``): known at that close, at the block's prices, resistance from the next candle on.

    It lives as ``BlockBook`` says; a close beyond its other side ends it (``invalidated``). The bullish one is the mirror.
    """

    STATE: ClassVar[tuple[str, ...]] = ("blocks",)

    def __init__(self, settings: BreakerBlockSettings, max_active: int, failed: FailedBlocks) -> None:
        super().__init__()
        self._failed = failed
        self.blocks = FlippedBook(settings, max_active)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the breakers that were alive before it."""
        self.blocks.follow(now)

    def detect(self, now: CandleClose) -> None:
        """The breakers that this close makes."""
        for failure in self._failed.failures:
            if failure.swept:
                self.blocks.flip(failure, "breaker_block", now)

    def active(self, into: list[Finding]) -> None:
        """The living breakers, oldest first."""
        self.blocks.active(into)


def why_breaker_block(block: Finding) -> str:
    """See ``why_flipped``."""
    return why_flipped(block, "breaker block", "after price had taken the liquidity beyond")
