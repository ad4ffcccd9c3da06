"""Order blocks: the last opposite candle before the leg that broke structure (ICT-3; docs/ict.md §4.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import INFINITY, Finding
from services.analysis.base.zones import BlockBook, Zone
from services.analysis.detectors.fvg import FairValueGaps
from services.analysis.detectors.order_block_origin import (
    BEFORE_STRONG_CANDLE,
    EXTREME_OF_LEG,
    Origin,
    OriginFinder,
)
from services.analysis.detectors.swings import Swings
from services.analysis.settings.order_blocks import OrderBlockSettings
from services.analysis.wording import at, price
from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
class Block(Zone):
    """A living order block. ``reaction``, ``displacement`` and ``gap_left``: the parts of its score that do not change.

    ``prior``: the swing before it, whose liquidity a leg from the block may take (a high for a bullish block); 0 when
    none was known. ``swept``: it has been taken since the block was formed.
    """

    STATE: ClassVar[tuple[str, ...]] = (*Zone.STATE, "reaction", "displacement", "gap_left", "prior", "swept")

    def __init__(self, finding: Finding, expires_at: int) -> None:
        super().__init__(finding, expires_at)
        self.reaction = 0.0
        self.displacement = 0.0
        self.gap_left = False
        self.prior = 0.0
        self.swept = False


class OrderBlockBook(BlockBook):
    """Order blocks with their score, restated whenever the block changes.

    ``failed``: those that this candle closed through. What a wick alone ended did not fail in that sense.
    """

    def __init__(self, settings: OrderBlockSettings, max_active: int) -> None:
        super().__init__(
            max_active,
            settings.max_age_candles,
            settings.max_touches,
            settings.mean_threshold,
            settings.invalidate_on,
        )
        weights = settings.score
        self._reaction: float = weights.reaction
        self._displacement: float = weights.displacement
        self._fvg: float = weights.fvg
        self._age: float = weights.age
        self._touches: float = weights.touches
        self._weight_sum: float = weights.reaction + weights.displacement + weights.fvg + weights.age + weights.touches
        self._life: float = float(settings.max_age_candles)
        self._allowed: float = float(settings.max_touches)
        self.failed: list[Block] = []

    def score(self, zone: Zone, touches: int, now: CandleClose) -> float:
        """See ``OrderBlocks``."""
        assert isinstance(zone, Block)
        age = (now.close_time - zone.finding.confirmed_at) / now.duration
        life_left = max(0.0, 1.0 - age / self._life)
        touches_left = max(0.0, 1.0 - touches / self._allowed)
        total = self._reaction * zone.reaction + self._displacement * zone.displacement
        total += self._age * life_left + self._touches * touches_left
        if zone.gap_left:
            total += self._fvg
        return min(1.0, total / self._weight_sum)

    def judge(self, zone: Zone, now: CandleClose) -> None:
        """See ``ZoneBook``."""
        super().judge(zone, now)
        finding = zone.finding
        if finding.state == "invalidated":
            closed_through = now.close < finding.bottom if zone.bullish else now.close > finding.top
            if closed_through:
                assert isinstance(zone, Block)
                self.failed.append(zone)


class OrderBlocks(Detector):
    """A block is confirmed at the close of the candle that broke structure, never at its own candle.

    It lives as ``BlockBook`` says, from the next candle on.

    Score, 0 to 1, restated whenever the block changes::

        (w1 * reaction + w2 * displacement + w3 * gap left + w4 * life left + w5 * touches left) / (w1 + ... + w5)

    reaction = distance from the block's near edge to the confirming close in ATR, over ``full_reaction_atr``, at most 1;
    displacement = the largest body of the leg in its direction in ATR, over ``full_displacement_atr``, at most 1 (both 0
    while the ATR is cold); gap left = 1 if the leg left a fair value gap of its direction; life left = 1 - age /
    ``max_age_candles``; touches left = 1 - touches / ``max_touches``.

    ``failed``: the blocks that this candle closed through, for breaker and mitigation blocks. Whether the leg from a block
    had taken the liquidity of the swing before it is known by construction when it broke structure; a block of the simple
    variant waits for it. ``last_bullish``, ``last_bearish``: when the newest block of the direction was formed (0: never).
    """

    STATE: ClassVar[tuple[str, ...]] = ("blocks", "last_bullish", "last_bearish")

    def __init__(self, settings: OrderBlockSettings, max_active: int, swings: Swings, gaps: FairValueGaps) -> None:
        super().__init__(settings.leg_candles + 1)
        self._swings = swings
        self._gaps = gaps
        self.finder = OriginFinder(settings)
        self._on_break: bool = settings.rule == "structure_break"
        self._full_reaction: float = settings.full_reaction_atr
        self._full_displacement: float = settings.full_displacement_atr
        self.blocks = OrderBlockBook(settings, max_active)
        self.last_bullish = 0
        self.last_bearish = 0
        self.failed: list[Block] = []
        self._taken_above = INFINITY
        self._taken_below = -INFINITY

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the blocks that were alive before it."""
        if now.high > self._taken_above or now.low < self._taken_below:
            self._take_liquidity(now)
        zones = self.blocks.zones
        self.blocks.follow(now)
        if self.blocks.zones is not zones:
            self._wait_for_liquidity()
        self.failed = self.blocks.failed
        if self.failed:
            self.blocks.failed = []

    def detect(self, now: CandleClose) -> None:
        """Nothing, or the block that this close confirms."""
        if not self._on_break:
            origin = self.finder.before_strong_candle(now)
        elif now.broken is not None:
            origin = self.finder.before_leg(now, now.broken)
        else:
            return
        if origin is None:
            return
        bullish = origin.direction == "bullish"
        newest = self.last_bullish if bullish else self.last_bearish
        beyond = now.close < origin.bottom if bullish else now.close > origin.top
        if origin.formed_at <= newest or beyond:
            return
        self._born(now, origin)
        if bullish:
            self.last_bullish = origin.formed_at
        else:
            self.last_bearish = origin.formed_at

    def active(self, into: list[Finding]) -> None:
        """The living blocks, oldest first."""
        self.blocks.active(into)

    def restored(self) -> None:
        """See ``Detector``."""
        self.failed = []
        self._wait_for_liquidity()

    def _wait_for_liquidity(self) -> None:
        """The nearest prices beyond which liquidity is taken that a block waits for."""
        above = INFINITY
        below = -INFINITY
        for zone in self.blocks.zones:
            assert isinstance(zone, Block)
            if zone.swept or zone.prior == 0.0:
                continue
            if zone.bullish:
                above = min(above, zone.prior)
            else:
                below = max(below, zone.prior)
        self._taken_above = above
        self._taken_below = below

    def _take_liquidity(self, now: CandleClose) -> None:
        for zone in self.blocks.zones:
            assert isinstance(zone, Block)
            if zone.prior > 0.0 and (now.high > zone.prior if zone.bullish else now.low < zone.prior):
                zone.swept = True
        self._wait_for_liquidity()

    def _born(self, now: CandleClose, origin: Origin) -> None:
        bullish = origin.direction == "bullish"
        gap_left = (self._gaps.last_bullish if bullish else self._gaps.last_bearish) > origin.formed_at
        run = now.close - origin.top if bullish else origin.bottom - now.close
        body = _largest_body(now, bullish, origin.place + 1)
        finding = Finding(
            "order_block",
            origin.direction,
            origin.top,
            origin.bottom,
            origin.formed_at,
            now.close_time,
            candles=(origin.formed_at, now.open_time),
            ref=now.broken.identity() if self._on_break and now.broken is not None else None,
            numbers=(now.close, run, now.atr, 1.0 if gap_left else 0.0, origin.cause, origin.measure, body),
        )
        block = Block(finding, self.blocks.expiry(now))
        block.gap_left = gap_left
        if now.atr > 0.0:
            block.reaction = min(1.0, max(0.0, run / now.atr / self._full_reaction))
            block.displacement = min(1.0, body / now.atr / self._full_displacement)
        self._look_back(now, origin, block)
        finding.score = self.blocks.score(block, 0, now)
        # A zone that price has not left yet is not touched by staying in it.
        self.blocks.settle(block, in_contact=run <= 0.0)
        self.blocks.add(block, now)
        self._wait_for_liquidity()

    def _look_back(self, now: CandleClose, origin: Origin, block: Block) -> None:
        """Which swing lies before the block, and whether the leg from the block already traded beyond it."""
        if origin.cause != BEFORE_STRONG_CANDLE:
            block.prior = origin.measure
            block.swept = True
            return
        swing = self._swings.high if block.bullish else self._swings.low
        if swing is None or swing.formed_at >= origin.formed_at:
            return
        block.prior = swing.top
        if block.bullish:
            block.swept = max(now.highs[origin.place + 1 : now.last + 1]) > swing.top
        else:
            block.swept = min(now.lows[origin.place + 1 : now.last + 1]) < swing.top


def _largest_body(now: CandleClose, bullish: bool, first: int) -> float:
    """Of the candles from ``first`` to this one, in the direction of the leg; quote currency, 0 when none goes its way."""
    largest = 0.0
    for index in range(first, now.last + 1):
        body = now.closes[index] - now.opens[index]
        largest = max(largest, body if bullish else -body)
    return largest


def why_order_block(block: Finding) -> str:
    """``numbers``: confirming close, distance to it, ATR then, gap left, cause and its measure (see ``Origin``), body."""
    close, run, atr, gap_left, cause, measure, body = block.numbers
    bullish = block.direction == "bullish"
    strong = cause == BEFORE_STRONG_CANDLE
    if cause == EXTREME_OF_LEG:
        caused = f"the {'lowest' if bullish else 'highest'} candle {at(block.formed_at)} of the leg"
    else:
        caused = f"last {'down' if bullish else 'up'}-close candle {at(block.formed_at)} before "
        caused += f"candle {at(block.candles[1])}, whose body is {measure:.0%} of its range" if strong else "the leg"
    if not strong:
        caused += f" that broke swing {'high' if bullish else 'low'} {price(measure)}"
    ran = f"{run / atr:.2f} ATR from it, largest body {body / atr:.2f} ATR" if atr > 0.0 else "ATR not warm"
    return (
        f"{block.direction.capitalize()} order block {price(block.bottom)} to {price(block.top)}: {caused}, known at the "
        f"close {at(block.confirmed_at)} at {price(close)}, {ran}, {'a' if gap_left else 'no'} fair value gap left."
    )
