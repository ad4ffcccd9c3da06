"""What every detector is."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding


class Detector:
    """One concept over one stream of candles. The roster calls ``follow`` of all, then ``detect`` of all, in its order.

    ``STATE`` names the attributes that must survive a restart; everything else is made from settings or in ``restored``.
    ``window``: how many candles of the columns it reads, this one included.
    """

    STATE: ClassVar[tuple[str, ...]] = ()

    def __init__(self, window: int = 1) -> None:
        self.window = window

    def follow(self, now: CandleClose) -> None:
        """What this candle does to what was alive before it."""

    def detect(self, now: CandleClose) -> None:
        """What this close makes known."""

    def active(self, into: list[Finding]) -> None:
        """Append what is alive, oldest first: it is part of every ``Analysis``."""

    def restored(self) -> None:
        """Make anew what ``STATE`` does not hold, after its attributes were set."""
