"""Rejection blocks: the wick that took liquidity and was refused (ICT-4; docs/ict.md §4.3)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.levels import LevelBook
from services.analysis.base.zones import BlockBook, Zone
from services.analysis.detectors.swings import Swings
from services.analysis.settings.rejection_blocks import RejectionBlockSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class RejectionBook(BlockBook):
    """Rejection blocks; each becomes strong at most once."""

    def strengthen(self, swing: Finding, now: CandleClose) -> None:
        """The candle of a block is confirmed as a swing itself.

        Emitted once, with whatever else this close did to the block.
        """
        for zone in self.zones:
            finding = zone.finding
            if finding.formed_at == swing.formed_at and finding.direction == swing.direction:
                if finding.changed_at == now.close_time:
                    now.withdraw(finding)
                after = finding.changed(finding.state, now.close_time)
                after.score = 1.0
                zone.finding = after
                now.emit(after)
                return


class RejectionBlocks(Detector):
    """Bearish: the first candle that trades above the last confirmed swing high, or that sweeps a level of buy-side
    liquidity of the other books, with its whole body at or below that level. The swing comes first, then the books in their
    order; a candle is one block a side.

    The zone is the wick, from the top of the body to the high; the wick is at least ``min_wick_body`` bodies and
    ``min_wick_atr`` ATR long. Known at that close, weakly: ``score`` is ``weak_score`` until the candle is confirmed as a
    swing high itself, then 1, an event without another state. It lives as ``BlockBook`` says; a close beyond the wick ends
    it. The bullish one is the mirror.

    ``taken_high``, ``taken_low``: open time of the last swing of each side that was traded beyond. A swing is taken once:
    its liquidity is gone then, whatever the candle looked like. After a gap a block that is still weak stays so.
    """

    STATE: ClassVar[tuple[str, ...]] = ("blocks", "taken_high", "taken_low")

    def __init__(self, settings: RejectionBlockSettings, max_active: int, swings: Swings, books: list[LevelBook]) -> None:
        super().__init__()
        self._swings = swings
        self._books = books
        self._min_wick_body: float = settings.min_wick_body
        self._min_wick_atr: float = settings.min_wick_atr
        self._weak_score: float = settings.weak_score
        self.blocks = RejectionBook(
            max_active, settings.max_age_candles, settings.max_touches, settings.mean_threshold, settings.invalidate_on
        )
        self.taken_high = 0
        self.taken_low = 0
        self.high: Finding | None = None
        self.low: Finding | None = None

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the blocks alive before it, and which swings known before it it took."""
        self.blocks.follow(now)
        self.high = None
        self.low = None
        high = self._swings.high
        if high is not None and now.high > high.top and high.formed_at > self.taken_high:
            self.taken_high = high.formed_at
            self.high = high
        low = self._swings.low
        if low is not None and now.low < low.bottom and low.formed_at > self.taken_low:
            self.taken_low = low.formed_at
            self.low = low

    def detect(self, now: CandleClose) -> None:
        """Blocks that are strong from this close on, then the block that this candle is."""
        if now.swing_high is not None:
            self.blocks.strengthen(now.swing_high, now)
        if now.swing_low is not None:
            self.blocks.strengthen(now.swing_low, now)
        above = max(now.open, now.close)
        below = min(now.open, now.close)
        high = self.high if self.high is not None and above <= self.high.top else None
        low = self.low if self.low is not None and below >= self.low.bottom else None
        for book in self._books:
            if book.ended:
                for level in book.ended:
                    if level.beyond != 1 or level.finding.state != "swept":
                        continue
                    if level.is_high:
                        if high is None and above <= level.price:
                            high = level.finding
                    elif low is None and below >= level.price:
                        low = level.finding
        if high is not None:
            self._born(now, "bearish", now.high, above, high)
        if low is not None:
            self._born(now, "bullish", below, now.low, low)

    def active(self, into: list[Finding]) -> None:
        """The living blocks, oldest first."""
        self.blocks.active(into)

    def restored(self) -> None:
        """See ``Detector``."""
        self.high = None
        self.low = None

    def _born(self, now: CandleClose, direction: Direction, top: float, bottom: float, taken: Finding) -> None:
        wick = top - bottom
        body = abs(now.close - now.open)
        if not at_least(wick, self._min_wick_body * body, top):
            return
        if self._min_wick_atr > 0.0 and (now.atr <= 0.0 or not at_least(wick, self._min_wick_atr * now.atr, top)):
            return
        finding = Finding(
            "rejection_block",
            direction,
            top,
            bottom,
            now.open_time,
            now.close_time,
            score=self._weak_score,
            candles=(taken.formed_at, now.open_time),
            ref=taken.identity(),
            numbers=(taken.top, body),
        )
        zone = Zone(finding, self.blocks.expiry(now))
        # A candle that closes at the edge of its own wick leaves price in the zone: staying there is no return.
        inside = now.close >= bottom if direction == "bearish" else now.close <= top
        self.blocks.settle(zone, in_contact=inside)
        self.blocks.add(zone, now)


def why_rejection_block(block: Finding) -> str:
    """``numbers``: the level that was taken, the body of the candle; ``ref``: the level."""
    level, body = block.numbers
    assert block.ref is not None
    bearish = block.direction == "bearish"
    wick = block.top - block.bottom
    times = f"{wick / body:.1f} times the body" if body > 0.0 else "without a body"
    return (
        f"{block.direction.capitalize()} rejection block {price(block.bottom)} to {price(block.top)}: the wick of candle "
        f"{at(block.formed_at)} took the {block.ref[0].replace('_', ' ')} {price(level)} of {at(block.candles[0])} and "
        f"its body stayed {'below' if bearish else 'above'}, a wick {times}."
    )
