"""Mitigation blocks: blocks that failed without their leg having taken liquidity (ICT-4; docs/ict.md §4.2)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.failed_blocks import FailedBlocks, FlippedBook, why_flipped
from services.analysis.settings.failed_blocks import MitigationBlockSettings


class MitigationBlocks(Detector):
    """As a breaker (``BreakerBlocks``), but after a failure swing: the leg up from the block made a lower high, or an equal
    one, before structure broke down. The bullish one is the mirror.
    """

    STATE: ClassVar[tuple[str, ...]] = ("blocks",)

    def __init__(self, settings: MitigationBlockSettings, max_active: int, failed: FailedBlocks) -> None:
        super().__init__()
        self._failed = failed
        self.blocks = FlippedBook(settings, max_active)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the mitigation blocks that were alive before it."""
        self.blocks.follow(now)

    def detect(self, now: CandleClose) -> None:
        """The mitigation blocks that this close makes."""
        for failure in self._failed.failures:
            if not failure.swept:
                self.blocks.flip(failure, "mitigation_block", now)

    def active(self, into: list[Finding]) -> None:
        """The living mitigation blocks, oldest first."""
        self.blocks.active(into)


def why_mitigation_block(block: Finding) -> str:
    """See ``why_flipped``."""
    return why_flipped(block, "mitigation block", "without having taken the liquidity beyond")
