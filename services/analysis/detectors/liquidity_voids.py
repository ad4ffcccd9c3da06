"""Liquidity voids: a row of wide candles one way, through which little was traded (ICT-5; docs/ict.md §5.3)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import INFINITY, NEVER, Finding
from services.analysis.base.zones import FillBook, Zone
from services.analysis.settings.imbalances import LiquidityVoidSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class VoidBook(FillBook):
    """Voids; the newest may be provisional: no candle fills or ages it until its row has ended."""

    def provisional(self) -> Zone | None:
        """The void whose row goes on."""
        if self.zones and self.zones[-1].finding.state == "provisional":
            return self.zones[-1]
        return None

    def propose(self, finding: Finding, now: CandleClose) -> None:
        """Store and emit a provisional void in place of the shorter one before it."""
        if self.provisional() is not None:
            now.emit(self.zones.pop().finding.changed("superseded", now.close_time))
        zone = Zone(finding, NEVER)
        zone.below = -INFINITY
        zone.above = INFINITY
        self.add(zone, now)

    def confirm(self, now: CandleClose) -> None:
        """This candle ended the row: the void is final, and what this candle has traded of it counts."""
        zone = self.provisional()
        if zone is None:
            return
        zone.expires_at = self.expiry(now)
        edge = zone.finding.top if zone.bullish else zone.finding.bottom
        zone.watch(edge)
        if now.low <= zone.below or now.high >= zone.above:
            zone.reached = INFINITY if zone.bullish else -INFINITY
            self.judge(zone, now)
        else:
            zone.reached = edge
            zone.finding = zone.finding.changed("active", now.close_time)
            now.emit(zone.finding)
        if zone.finding.is_over():
            self.zones = self.zones[:-1]
        self.restored()

    def give_up(self, now: CandleClose) -> None:
        """Whether the row went on is not known."""
        if self.provisional() is not None:
            now.emit(self.zones.pop().finding.changed("expired", now.close_time))
            self.restored()


class LiquidityVoids(Detector):
    """A row of at least ``min_candles`` displacement candles of one direction, together at least ``min_size_atr`` high.

    A candle belongs to the row when its body goes the row's way and is at least ``min_body_atr`` ATR and
    ``min_body_share`` of its range; the ATR is that before the first candle of the row, so that the row is not measured by
    itself. The void spans from the first open to the last close, or all the candles (``zone``).

    While the row goes on the void is provisional, and each further candle supersedes it with a larger one. The first
    candle that is none of the row confirms it: from there on it fills as ``FillBook`` says, that candle included. Missing
    candles end a row without confirming anything (``expired``).

    ``way``: 1 for a row up, -1 for one down, 0 without one; ``count`` its candles, ``yardstick`` its ATR, ``first`` the open
    time of its first candle, ``top`` and ``bottom`` its prices so far.
    """

    STATE: ClassVar[tuple[str, ...]] = ("voids", "way", "count", "yardstick", "first", "top", "bottom")

    def __init__(self, settings: LiquidityVoidSettings, max_active: int) -> None:
        super().__init__()
        self._min_candles: int = settings.min_candles
        self._min_body_atr: float = settings.min_body_atr
        self._min_body_share: float = settings.min_body_share
        self._min_size: float = settings.min_size_atr
        self._whole_range: bool = settings.zone == "range"
        self._full_score: float = settings.full_score_atr
        self.voids = VoidBook(max_active, settings.max_age_candles, settings.fill_steps, settings.filled_at)
        self.way = 0
        self.count = 0
        self.yardstick = 0.0
        self.first = 0
        self.top = 0.0
        self.bottom = 0.0

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the voids that were alive before it."""
        if now.run == 1:
            self.way = 0
            self.voids.give_up(now)
        self.voids.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, a void so far, or the end of its row."""
        way = 1 if now.close > now.open else -1
        if self.way != 0:
            if way == self.way and self._wide(now, self.yardstick):
                self._go_on(now)
                return
            self.way = 0
            self.voids.confirm(now)
        if now.atr > 0.0 and self._wide(now, now.atr):
            self.way = way
            self.count = 1
            self.yardstick = now.atr
            self.first = now.open_time
            self.top = now.high if self._whole_range else max(now.open, now.close)
            self.bottom = now.low if self._whole_range else min(now.open, now.close)

    def active(self, into: list[Finding]) -> None:
        """The living voids, oldest first; a provisional one last."""
        self.voids.active(into)

    def _wide(self, now: CandleClose, atr: float) -> bool:
        body = abs(now.close - now.open)
        span = now.high - now.low
        return at_least(body, self._min_body_atr * atr, now.high) and at_least(body, self._min_body_share * span, now.high)

    def _go_on(self, now: CandleClose) -> None:
        self.count += 1
        self.top = max(self.top, now.high if self._whole_range else max(now.open, now.close))
        self.bottom = min(self.bottom, now.low if self._whole_range else min(now.open, now.close))
        size = self.top - self.bottom
        if self.count < self._min_candles or not at_least(size, self._min_size * self.yardstick, self.top):
            return
        direction: Direction = "bullish" if self.way > 0 else "bearish"
        finding = Finding(
            "liquidity_void",
            direction,
            self.top,
            self.bottom,
            self.first,
            now.close_time,
            score=min(1.0, size / self.yardstick / self._full_score),
            key=self.count,
            candles=(self.first, now.open_time),
            numbers=(float(self.count), size / self.yardstick),
        )
        self.voids.propose(finding, now)


def why_liquidity_void(void: Finding) -> str:
    """``numbers``: candles of the row so far, its height in ATR."""
    count, height = void.numbers
    return (
        f"{void.direction.capitalize()} liquidity void {price(void.bottom)} to {price(void.top)}: {int(count)} displacement "
        f"candles {'up' if void.direction == 'bullish' else 'down'} in a row from {at(void.candles[0])} to "
        f"{at(void.candles[1])}, {height:.1f} ATR high."
    )
