"""Internal structure: the same breaks on smaller swings, beside the external ones (ICT-1, ICT-2; docs/ict.md §2.3)."""

from __future__ import annotations

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding
from services.analysis.detectors.structure import Breaks
from services.analysis.detectors.swings import Swings
from services.analysis.settings import StructureSettings


class InternalStructure(Breaks):
    """The breaks of the small swings, with a trend of their own.

    An internal swing at the level of the last external one on its side is the external one: its break changes its state and
    the internal trend, and is no event of its own.
    """

    def __init__(self, settings: StructureSettings, swings: Swings, external: Swings) -> None:
        super().__init__(settings, swings, "internal_bos", "internal_choch")
        self._external = external

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the broken internal swing followed by its BOS or CHoCH."""
        self.find(now)

    def taken(self, swing: Finding) -> bool:
        """See ``Breaks``."""
        external = self._external.high if swing.direction == "bearish" else self._external.low
        return external is not None and external.top == swing.top
