"""A pair of symbols, read at closes at which both have a candle (ICT-9)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.finding import Finding
from services.analysis.cross.correlation import Correlation
from services.analysis.cross.side import Side
from services.analysis.cross.smt_levels import LevelDivergence
from services.analysis.cross.smt_swings import SwingDivergence
from services.analysis.settings.cross import CrossSettings, PairSettings


class Pair:
    """One pair on one timeframe. Pure; fed after the engines, with what they said of one close.

    A close at which one of them has no candle is not read: nothing is ever concluded from a candle that is missing, and what
    was waiting for it ends. What a symbol says of its own swings is noted all the same.
    """

    STATE: ClassVar[tuple[str, ...]] = ("highs", "lows", "levels", "correlation", "living", "owed")

    def __init__(self, pair: PairSettings, settings: CrossSettings, duration: int, swing_length: int) -> None:
        self.first = pair.first
        self.second = pair.second
        self._smt = settings.smt.enabled
        self._correlate = settings.correlation.enabled
        self._reach = settings.smt.swing_window * duration
        #: A swing waits for one that is formed within reach, and confirmed ``swing_length`` candles after that.
        self._patience = self._reach + (swing_length + 1) * duration
        self._age = settings.smt.max_age_candles * duration
        self.highs = SwingDivergence(highs=True, inverse=pair.inverse, reach=self._reach)
        self.lows = SwingDivergence(highs=False, inverse=pair.inverse, reach=self._reach)
        self.levels = LevelDivergence(inverse=pair.inverse, window=settings.smt.level_window * duration)
        self.correlation = Correlation(settings.correlation)
        #: Of each symbol, the divergences that stand, with the last close (ms) of their life.
        self.living: list[list[tuple[Finding, int]]] = [[], []]
        #: Of each symbol, what has to be ended at its next candle.
        self.owed: list[list[Finding]] = [[], []]

    def update(self, one: Side | None, other: Side | None, close_time: int) -> tuple[list[Finding], list[Finding]]:
        """One close; None: the symbol has no candle, or a disputed one. What it says of the first and of the second."""
        for place, side in enumerate((one, other)):
            if side is not None:
                self._hear(place, side)
                self._expire(place, side, close_time)
        if one is not None and other is not None:
            self._read(one, other, close_time)
        else:
            self._gap(one, other, close_time)
        self.highs.forget(close_time - self._patience)
        self.lows.forget(close_time - self._patience)
        return [] if one is None else one.found, [] if other is None else other.found

    def active(self) -> tuple[list[Finding], list[Finding]]:
        """What is alive, of the first and of the second symbol: divergences, oldest first, then the correlation."""
        # A fact whose end is not reported yet is still active.
        first, second = (
            [finding for finding, _ in living] + owed for living, owed in zip(self.living, self.owed, strict=True)
        )
        for one, other, _, _, _ in self.levels.open:
            first.append(one)
            second.append(other)
        if self.correlation.told:
            first.append(self.correlation.told[0])
            second.append(self.correlation.told[1])
        return first, second

    def _hear(self, place: int, side: Side) -> None:
        if self._smt:
            self.highs.hear(place, side.events)
            self.lows.hear(place, side.events)
        if self._correlate:
            self.correlation.hear(place, side)

    def _expire(self, place: int, side: Side, close_time: int) -> None:
        for finding in self.owed[place]:
            side.found.append(finding.changed("expired", close_time))
        self.owed[place] = []
        kept = []
        for finding, expires_at in self.living[place]:
            if close_time > expires_at:
                side.found.append(finding.changed("expired", close_time))
            else:
                kept.append((finding, expires_at))
        self.living[place] = kept

    def _read(self, one: Side, other: Side, close_time: int) -> None:
        if self._smt:
            swings = self.highs.match(one, other, close_time) + self.lows.match(one, other, close_time)
            for mine, theirs in swings:
                one.found.append(mine)
                other.found.append(theirs)
            for mine, theirs in [*swings, *self.levels.update(one, other, close_time)]:
                self.living[0].append((mine, close_time + self._age))
                self.living[1].append((theirs, close_time + self._age))
        if self._correlate:
            self.correlation.update(one, other, close_time)

    def _gap(self, one: Side | None, other: Side | None, close_time: int) -> None:
        self.correlation.gap()
        for findings in self.levels.gap():
            for place, side in enumerate((one, other)):
                if side is None:
                    self.owed[place].append(findings[place])
                else:
                    side.found.append(findings[place].changed("expired", close_time))
