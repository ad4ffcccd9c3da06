"""The books of living price levels: swept when price returns at once, broken when it stays beyond (docs/ict.md §7, §7.3)."""

from __future__ import annotations

from typing import ClassVar, final

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import INFINITY, NEVER, Finding
from shared.domain.facts import FactState
from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
@final
class Level:
    """A living level. ``is_high``: it lies above price and is passed upwards (a *bearish* fact, as a swing high is).

    ``beyond``: candles since price first traded beyond it, 0 while it has not. ``extreme``: the furthest trade beyond
    it. ``expires_at``: the last close (ms) of its life.
    """

    STATE: ClassVar[tuple[str, ...]] = ("finding", "is_high", "price", "expires_at", "beyond", "extreme")

    def __init__(self, finding: Finding, expires_at: int) -> None:
        self.finding = finding
        self.is_high = finding.direction == "bearish"
        self.price = finding.top if self.is_high else finding.bottom
        self.expires_at = expires_at
        self.beyond = 0
        self.extreme = self.price


class LevelBook:
    """The living levels of one concept, oldest first: ``max_active`` of a side, each for ``max_age`` candles (0: no age).

    Highs and lows are bounded separately: with a common bound, the side reported first at a close would lose its oldest
    first, and a mirrored market would give other results.

    A level is passed when price trades beyond it (a trade *at* it is not beyond). A close back at or inside it, by the
    ``return_within``-th candle (1: the same one), is a sweep (``swept``); without one it is ``broken`` at the close of that
    candle. ``ended``: the levels that this close swept or broke, for detectors that make events of them.
    The cost of a candle is one comparison while no level is passed, else one pass over the (bounded) book.
    """

    STATE: ClassVar[tuple[str, ...]] = ("levels",)

    def __init__(self, max_active: int, max_age: int, return_within: int = 1) -> None:
        self._max_active = max_active
        self._max_age = max_age
        self._return_within = return_within
        self.levels: list[Level] = []
        self.ended: list[Level] = []
        self._floor = -INFINITY
        self._ceiling = INFINITY
        self._next_expiry = NEVER

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the levels that were alive before it, oldest first."""
        if self.ended:
            self.ended = []
        if now.low >= self._floor and now.high <= self._ceiling and now.close_time <= self._next_expiry:
            return
        low = now.low
        high = now.high
        kept: list[Level] = []
        for level in self.levels:
            if now.close_time > level.expires_at:
                level.finding = level.finding.changed("expired", now.close_time)
                now.emit(level.finding)
                continue
            outside = high > level.price if level.is_high else low < level.price
            if not ((outside or level.beyond > 0) and self._ends(level, now)):
                kept.append(level)
        self.levels = kept
        self.restored()

    def born(self, finding: Finding, now: CandleClose) -> Level:
        """Store and emit a level that this close made known; when its side is full, end the oldest first."""
        level = Level(finding, now.close_time + self._max_age * now.duration if self._max_age else NEVER)
        if len(self.levels) >= self._max_active:
            self._make_room(level.is_high, now)
        now.emit(finding)
        self.levels.append(level)
        self.restored()
        return level

    def renew(self, level: Level, finding: Finding, now: CandleClose) -> None:
        """Tell progress of a living level, whose price stays; its age counts from now."""
        level.finding = finding
        if self._max_age:
            level.expires_at = now.close_time + self._max_age * now.duration
        now.emit(finding)
        self.restored()

    def replace(self, level: Level, state: FactState, now: CandleClose) -> None:
        """End a level for another reason than price or age: a newer period, say."""
        level.finding = level.finding.changed(state, now.close_time)
        now.emit(level.finding)
        self.levels = [each for each in self.levels if each is not level]
        self.restored()

    def active(self, into: list[Finding]) -> None:
        """Append the living levels as they are, oldest first."""
        for level in self.levels:
            into.append(level.finding)  # compiled, cheaper than to extend by a generator

    def restored(self) -> None:
        """The prices and the time between which nothing can happen to any level; none while one is being passed."""
        floor = -INFINITY
        ceiling = INFINITY
        expiry = NEVER
        for level in self.levels:
            if level.beyond > 0:
                floor = INFINITY
            elif level.is_high:
                ceiling = min(ceiling, level.price)
            else:
                floor = max(floor, level.price)
            expiry = min(expiry, level.expires_at)
        self._floor = floor
        self._ceiling = ceiling
        self._next_expiry = expiry

    def _make_room(self, is_high: bool, now: CandleClose) -> None:
        oldest: Level | None = None
        alike = 0
        for level in self.levels:
            if level.is_high == is_high:
                alike += 1
                if oldest is None:
                    oldest = level
        if oldest is None or alike < self._max_active:
            return
        if oldest.finding.changed_at == now.close_time:
            now.withdraw(oldest.finding)
        self.replace(oldest, "expired", now)

    def _ends(self, level: Level, now: CandleClose) -> bool:
        """What this candle does to a level that was passed before or now."""
        if level.is_high:
            back = now.close <= level.price
            level.extreme = max(level.extreme, now.high)
        else:
            back = now.close >= level.price
            level.extreme = min(level.extreme, now.low)
        level.beyond += 1
        state: FactState
        if back:
            state = "swept"
        elif level.beyond >= self._return_within:
            state = "broken"
        else:
            return False
        level.finding = level.finding.changed(state, now.close_time)
        now.emit(level.finding)
        self.ended.append(level)
        return True
