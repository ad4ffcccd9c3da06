"""Equal highs and equal lows: pivots at one price, with the stops of many beyond it (ICT-8; docs/ict.md §7.2)."""

from __future__ import annotations

from typing import ClassVar, final

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import more_than
from services.analysis.base.detector import Detector
from services.analysis.base.finding import INFINITY, Finding
from services.analysis.base.levels import Level, LevelBook
from services.analysis.detectors.atr import AverageTrueRange
from services.analysis.detectors.swings import is_high, is_low
from services.analysis.settings import EqualLevelsSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactKind
from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
@final
class Pivot:
    """A pivot that waits for an equal: its price, and the open time (ms) of its candle."""

    STATE: ClassVar[tuple[str, ...]] = ("price", "formed_at")

    def __init__(self, price: float, formed_at: int) -> None:
        self.price = price
        self.formed_at = formed_at


class EqualLevels(Detector):
    """Two or more pivots of one side within the tolerance, with no trade beyond it between them.

    The pivots are the detector's own (``length`` candles on each side), finer than the swings of the structure. A pivot
    waits alone (``high_pivots``, ``low_pivots``) until an equal is confirmed, or price trades beyond it
    by more than the tolerance. The level is the outermost member, because that is where stops clear; a further member is
    reported as progress (``touches`` counts the members). Equal highs are a *bearish* fact, equal lows a bullish one.

    The tolerance is that of the close at which the later pivot is confirmed. While the ATR is cold and no percentage is set
    there is none, and nothing is equal: pivots wait, and any trade beyond a lone one takes its stops. After a gap the lone
    pivots are forgotten: whether price traded beyond them is not known. Levels that stand already live on.
    """

    STATE: ClassVar[tuple[str, ...]] = ("levels", "atr", "high_pivots", "low_pivots")

    def __init__(self, settings: EqualLevelsSettings, max_active: int) -> None:
        super().__init__(2 * settings.length + 1)
        self._length: int = settings.length
        self._tolerance_atr: float = settings.tolerance_atr
        self._tolerance_share: float = settings.tolerance_percent / 100.0
        self._max_pivots: int = settings.max_pivots
        self.levels = LevelBook(max_active, settings.max_age_candles)
        self.atr = AverageTrueRange(settings.atr_period)
        self.high_pivots: list[Pivot] = []
        self.low_pivots: list[Pivot] = []
        #: The nearest prices of pivots that wait: most candles reach none of them.
        self._nearest_high = INFINITY
        self._nearest_low = -INFINITY

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the levels, and to the pivots that wait."""
        self.levels.follow(now)
        if now.run == 1:
            self.high_pivots = []
            self.low_pivots = []
            self.restored()
        tolerance = max(0.0, self._tolerance(now))
        if now.high - self._nearest_high > tolerance or self._nearest_low - now.low > tolerance:
            high = now.high
            low = now.low
            self.high_pivots = [each for each in self.high_pivots if not more_than(high - each.price, tolerance, high)]
            self.low_pivots = [each for each in self.low_pivots if not more_than(each.price - low, tolerance, high)]
            self.restored()

    def detect(self, now: CandleClose) -> None:
        """The pivots that this close confirms, and the equals that they make; highs before lows."""
        tolerance = self._tolerance(now)
        self.atr.update(now.high, now.low, now.close, follows=now.run > 1)
        length = self._length
        if now.run < 2 * length + 1:
            return
        pivot = now.last - length
        high = now.highs[pivot]
        if high >= now.high and is_high(now.highs, pivot, length):
            self._confirm_high(now, high, now.open_times[pivot], tolerance)
        low = now.lows[pivot]
        if low <= now.low and is_low(now.lows, pivot, length):
            self._confirm_low(now, low, now.open_times[pivot], tolerance)

    def active(self, into: list[Finding]) -> None:
        """The living levels, oldest first."""
        self.levels.active(into)

    def restored(self) -> None:
        """See ``Detector``."""
        high = INFINITY
        low = -INFINITY
        for pivot in self.high_pivots:
            high = min(high, pivot.price)
        for pivot in self.low_pivots:
            low = max(low, pivot.price)
        self._nearest_high = high
        self._nearest_low = low

    def _tolerance(self, now: CandleClose) -> float:
        """How far equals lie apart at most, in price; -1 while there is no yardstick: then nothing is equal."""
        if self.atr.value <= 0.0 and self._tolerance_share <= 0.0:
            return -1.0
        return max(self._tolerance_atr * self.atr.value, self._tolerance_share * now.close)

    def _confirm_high(self, now: CandleClose, level: float, formed_at: int, tolerance: float) -> None:
        for standing in self.levels.levels:
            if standing.is_high and level <= standing.price and _within(standing.price, level, tolerance):
                self._join(now, standing, formed_at)
                return
        for index in range(len(self.high_pivots) - 1, -1, -1):
            before = self.high_pivots[index]
            if _within(before.price, level, tolerance):
                del self.high_pivots[index]
                self.restored()
                self._born(now, "equal_highs", "bearish", max(before.price, level), before, level, formed_at)
                return
        self.high_pivots.append(Pivot(level, formed_at))
        if len(self.high_pivots) > self._max_pivots:
            del self.high_pivots[0]
        self.restored()

    def _confirm_low(self, now: CandleClose, level: float, formed_at: int, tolerance: float) -> None:
        for standing in self.levels.levels:
            if not standing.is_high and level >= standing.price and _within(standing.price, level, tolerance):
                self._join(now, standing, formed_at)
                return
        for index in range(len(self.low_pivots) - 1, -1, -1):
            before = self.low_pivots[index]
            if _within(before.price, level, tolerance):
                del self.low_pivots[index]
                self.restored()
                self._born(now, "equal_lows", "bullish", min(before.price, level), before, level, formed_at)
                return
        self.low_pivots.append(Pivot(level, formed_at))
        if len(self.low_pivots) > self._max_pivots:
            del self.low_pivots[0]
        self.restored()

    def _born(
        self,
        now: CandleClose,
        kind: FactKind,
        direction: Direction,
        level: float,
        first: Pivot,
        second: float,
        second_at: int,
    ) -> None:
        finding = Finding(
            kind,
            direction,
            level,
            level,
            first.formed_at,
            now.close_time,
            candles=(first.formed_at, second_at),
            numbers=(first.price, second),
        )
        finding.touches = 2
        self.levels.born(finding, now)

    def _join(self, now: CandleClose, level: Level, formed_at: int) -> None:
        finding = level.finding.changed("active", now.close_time)
        finding.touches += 1
        finding.candles = (*finding.candles, formed_at)
        self.levels.renew(level, finding, now)


def _within(one: float, other: float, tolerance: float) -> bool:
    return tolerance >= 0.0 and not more_than(abs(one - other), tolerance, one)


def why_equal_levels(level: Finding) -> str:
    """``numbers``: the prices of the first two members."""
    first, second = level.numbers
    highs = level.kind == "equal_highs"
    side, beyond = ("highs", "above") if highs else ("lows", "below")
    return (
        f"Equal {side} at {price(level.top)}: pivots {price(first)} of {at(level.candles[0])} and {price(second)} of "
        f"{at(level.candles[1])} within the tolerance, known at the close {at(level.confirmed_at)}; stops rest {beyond}."
    )
