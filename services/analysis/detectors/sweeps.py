"""Sweeps: liquidity taken and price back at once, one event a level (ICT-8; docs/ict.md §7.3)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.levels import Level, LevelBook
from services.analysis.settings import SweepSettings
from services.analysis.wording import at, price


class Sweeps(Detector):
    """Tells of every level that this close swept, in the order of the books and of their levels.

    A sweep of highs is *bearish*: who bought beyond them is trapped. The zone reaches from the level to the furthest trade
    beyond it; ``ref`` is the level. A level that is broken instead says so itself (``broken``): that is a run, no sweep.
    """

    STATE: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: SweepSettings, books: list[LevelBook]) -> None:
        super().__init__()
        self._min_depth: float = settings.min_depth_atr
        self._books = books

    def detect(self, now: CandleClose) -> None:
        """A sweep for every level that ended so at this close and was passed by far enough."""
        said = 0
        for book in self._books:
            if book.ended:
                for level in book.ended:
                    if level.finding.state == "swept" and self._deep_enough(level, now):
                        self._tell(level, now, said)
                        said += 1

    def _deep_enough(self, level: Level, now: CandleClose) -> bool:
        if self._min_depth <= 0.0:
            return True
        return now.atr > 0.0 and at_least(abs(level.extreme - level.price), self._min_depth * now.atr, level.price)

    def _tell(self, level: Level, now: CandleClose, key: int) -> None:
        swept = level.finding
        now.emit(
            Finding(
                "sweep",
                swept.direction,
                max(level.price, level.extreme),
                min(level.price, level.extreme),
                now.open_time,
                now.close_time,
                key=key,
                candles=(swept.formed_at, now.open_time),
                ref=swept.identity(),
                numbers=(level.price, level.extreme, now.close, float(level.beyond)),
            )
        )


def why_sweep(sweep: Finding) -> str:
    """``numbers``: the level, the furthest trade beyond it, the close that is back, and the candles that it took."""
    level, extreme, close, candles = sweep.numbers
    assert sweep.ref is not None
    name = sweep.ref[0].replace("_", " ")
    beyond = "above" if sweep.direction == "bearish" else "below"
    within = "in the same candle" if candles == 1.0 else f"within {int(candles)} candles"
    return (
        f"Sweep of {name} {price(level)} of {at(sweep.candles[0])}: price traded {beyond} it to {price(extreme)} and closed "
        f"back at {price(close)} {within}, {at(sweep.candles[1])}."
    )
