"""Liquidity pools: stops resting beyond swings, and how much of them there may be (ICT-8; docs/ict.md §7.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import more_than
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.levels import Level, LevelBook
from services.analysis.settings import PoolSettings
from services.analysis.wording import at, price


class LiquidityPools(Detector):
    """Every confirmed swing makes a pool at its price: buy-side above highs (*bearish*), sell-side below lows (bullish).

    A later swing near the pool and not beyond it joins it (progress; ``touches`` counts the swings). A pool ends when price
    trades beyond it: ``swept`` when a close is back in time, else ``broken``. ``score`` is its importance, 0 to 1: how many
    swings stand at it, for how long, and the volume that traded at them against the average of the candles before; as of
    ``changed_at``. Levels of periods and sessions, and equal highs and lows, are pools too: see their detectors.
    """

    STATE: ClassVar[tuple[str, ...]] = ("levels", "volume", "seen")

    def __init__(self, settings: PoolSettings, max_active: int, swing_length: int) -> None:
        super().__init__(swing_length + 1)
        self._length = swing_length
        self._merge_atr: float = settings.merge_atr
        self._full_touches = float(settings.full_touches)
        self._full_age = float(settings.full_age_candles)
        self._full_volume: float = settings.full_volume
        self._period: int = settings.volume_period
        weights = settings.weights
        self._touches_weight: float = weights.touches
        self._age_weight: float = weights.age
        self._volume_weight: float = weights.volume
        self._weight_sum: float = weights.touches + weights.age + weights.volume
        self.levels = LevelBook(max_active, settings.max_age_candles, settings.return_within)
        #: Average volume, and of how many candles yet.
        self.volume = 0.0
        self.seen = 0

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the pools."""
        self.levels.follow(now)

    def detect(self, now: CandleClose) -> None:
        """A pool, or another swing at one, where this close confirms a swing; the high before the low."""
        swing = now.swing_high
        if swing is not None:
            self._take(now, swing)
        swing = now.swing_low
        if swing is not None:
            self._take(now, swing)
        if self.seen < self._period:
            self.seen += 1
        self.volume += (now.volume - self.volume) / self.seen

    def active(self, into: list[Finding]) -> None:
        """The living pools, oldest first."""
        self.levels.active(into)

    def _take(self, now: CandleClose, swing: Finding) -> None:
        volume = now.volumes[now.last - self._length] / self.volume if self.volume > 0.0 else 0.0
        high = swing.direction == "bearish"
        near = self._merge_atr * now.atr
        for level in self.levels.levels:
            if level.is_high == high and level.beyond == 0:
                inside = level.price - swing.top if high else swing.top - level.price
                if inside >= 0.0 and not more_than(inside, near, level.price):
                    self._join(now, level, swing, volume)
                    return
        pool = Finding(
            "liquidity_pool",
            swing.direction,
            swing.top,
            swing.bottom,
            swing.formed_at,
            now.close_time,
            candles=(swing.formed_at,),
            ref=swing.identity(),
            numbers=(volume,),
        )
        pool.touches = 1
        pool.score = self._importance(1, 0.0, volume)
        self.levels.born(pool, now)

    def _join(self, now: CandleClose, level: Level, swing: Finding, volume: float) -> None:
        pool = level.finding.changed("active", now.close_time)
        pool.touches += 1
        pool.candles = (*pool.candles, swing.formed_at)
        most = max(volume, pool.numbers[0])
        pool.numbers = (most,)
        pool.earlier = None  # the sentence has another number now: it is made anew, from columns as from a stream
        pool.score = self._importance(pool.touches, (now.close_time - pool.formed_at) / now.duration, most)
        self.levels.renew(level, pool, now)

    def _importance(self, touches: int, age: float, volume: float) -> float:
        total = self._touches_weight * min(1.0, touches / self._full_touches)
        total += self._age_weight * min(1.0, age / self._full_age)
        total += self._volume_weight * min(1.0, volume / self._full_volume)
        return min(1.0, total / self._weight_sum)


def why_pool(pool: Finding) -> str:
    """``numbers``: the largest volume of a candle that made it, in average volumes before."""
    (volume,) = pool.numbers
    buy_side = pool.direction == "bearish"
    name, side, beyond = ("Buy-side", "high", "above") if buy_side else ("Sell-side", "low", "below")
    return (
        f"{name} liquidity at {price(pool.top)}: stops rest {beyond} the swing {side} of {at(pool.candles[0])}, made with "
        f"{volume:.1f} times the average volume."
    )
