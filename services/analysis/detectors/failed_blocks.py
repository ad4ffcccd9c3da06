"""Blocks that failed at this close, and whether their leg had taken liquidity first (ICT-4; docs/ict.md §4.2).

What a breaker and a mitigation block have in common; ``Failure.swept`` distinguishes the two.
"""

from __future__ import annotations

from typing import ClassVar, Final, final

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding, Identity
from services.analysis.base.zones import BlockBook, Zone
from services.analysis.detectors.order_block_origin import last_opposite
from services.analysis.detectors.order_blocks import Block, OrderBlocks
from services.analysis.settings.failed_blocks import FailedBlockSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactKind
from shared.runtime.native import mypyc_attr

#: Why the block counts as failed, as it stands in ``Finding.numbers`` and in its ``key``.
ORDER_BLOCK_FAILED: Final = 0
SWING_BROKEN: Final = 1


@mypyc_attr(acyclic=True)
@final
class Failure:
    """A block that was closed through; ``direction`` is the one in which it works from now on.

    ``swept``: the leg from it had traded beyond ``prior``, the swing before it. ``cause``: see ``ORDER_BLOCK_FAILED`` and
    ``SWING_BROKEN``. ``ref``: the order block, or the break of structure.
    """

    __slots__ = ("bottom", "cause", "direction", "formed_at", "prior", "ref", "swept", "top")

    def __init__(
        self,
        direction: Direction,
        top: float,
        bottom: float,
        formed_at: int,
        cause: int,
        ref: Identity,
        *,
        prior: float,
        swept: bool,
    ) -> None:
        self.direction: Direction = direction
        self.top = top
        self.bottom = bottom
        self.formed_at = formed_at
        self.cause = cause
        self.ref = ref
        self.prior = prior
        self.swept = swept


class FailedBlocks(Detector):
    """Finds blocks that failed at this close, and emits nothing. ``failures``: in the order in which they are reported.

    Two ways to fail, shown for a block below price, which works downwards afterwards:

    * a bullish order block is closed through, when the swing before it is known;
    * a swing low is broken: the block is the last down-close candle up to that low (since the swing high before it), by the
      rules of order blocks for its zone. It never had to be an order block: the leg up from it need not have broken
      structure. Its leg must be seen whole, within ``leg_candles`` and without a gap, and the close must be beyond it. A
      candle from which (or from after which) a block has already failed downwards is not reported again: one candle is not
      both a breaker and a mitigation block.

    The leg up had *taken liquidity* when it traded beyond the swing high before the block, the failing candle included.
    """

    STATE: ClassVar[tuple[str, ...]] = ("high", "low", "high_before_low", "low_before_high", "last_down", "last_up")

    def __init__(self, leg_candles: int, blocks: OrderBlocks) -> None:
        super().__init__(leg_candles + 1)
        self._leg = leg_candles
        self._blocks = blocks
        self.failures: list[Failure] = []
        self.high: Finding | None = None
        self.low: Finding | None = None
        self.high_before_low: Finding | None = None
        self.low_before_high: Finding | None = None
        self.last_down = 0
        self.last_up = 0

    def detect(self, now: CandleClose) -> None:
        """Find what failed at this close, then take in the swings that it confirmed."""
        if self.failures:
            self.failures = []
        for block in self._blocks.failed:
            self._order_block(block)
        if now.broken is not None:
            self._swing(now, now.broken)
        if now.swing_high is not None or now.swing_low is not None:
            self._remember(now.swing_high, now.swing_low)

    def restored(self) -> None:
        """See ``Detector``."""
        self.failures = []

    def _order_block(self, block: Block) -> None:
        if block.prior == 0.0:
            return
        finding = block.finding
        self._note(finding.formed_at, block.bullish)
        self.failures.append(
            Failure(
                "bearish" if block.bullish else "bullish",
                finding.top,
                finding.bottom,
                finding.formed_at,
                ORDER_BLOCK_FAILED,
                finding.identity(),
                prior=block.prior,
                swept=block.swept,
            )
        )

    def _swing(self, now: CandleClose, broken: Finding) -> None:
        """``broken``: the break; its direction is that in which the failed block works."""
        down = broken.direction == "bearish"
        before = self.high_before_low if down else self.low_before_high
        place = now.last - (now.open_time - broken.formed_at) // now.duration
        oldest = max(0, now.last - self._leg)
        if before is None or place < oldest:
            return
        since = max(oldest, now.last - (now.open_time - before.formed_at) // now.duration)
        candle = last_opposite(now, down, place, since)
        if candle < 0:
            return
        failed: Direction = "bullish" if down else "bearish"
        origin = self._blocks.finder.at(now, failed, candle, since, SWING_BROKEN, before.top)
        if origin is None or origin.formed_at <= (self.last_down if down else self.last_up):
            return
        if not (now.close < origin.bottom if down else now.close > origin.top):
            return
        self._note(origin.formed_at, down)
        self.failures.append(
            Failure(
                broken.direction,
                origin.top,
                origin.bottom,
                origin.formed_at,
                SWING_BROKEN,
                broken.identity(),
                prior=before.top,
                swept=_traded_beyond(now, place + 1, before.top, down),
            )
        )

    def _note(self, formed_at: int, down: bool) -> None:
        if down:
            self.last_down = max(self.last_down, formed_at)
        else:
            self.last_up = max(self.last_up, formed_at)

    def _remember(self, high: Finding | None, low: Finding | None) -> None:
        """A swing that lies before another was formed earlier; both may be confirmed at one close."""
        if low is not None:
            self.high_before_low = self.high
        if high is not None:
            self.low_before_high = self.low
            self.high = high
        if low is not None:
            self.low = low


def _traded_beyond(now: CandleClose, first: int, level: float, upwards: bool) -> bool:
    if upwards:
        return max(now.highs[first : now.last + 1]) > level
    return min(now.lows[first : now.last + 1]) < level


class FlippedBook(BlockBook):
    """Failed blocks that work the other way. ``score``: how far the failing candle closed beyond, in ATR over
    ``full_score_atr``, at most 1 (0 while the ATR is cold)."""

    def __init__(self, settings: FailedBlockSettings, max_active: int) -> None:
        super().__init__(
            max_active,
            settings.max_age_candles,
            settings.max_touches,
            settings.mean_threshold,
            settings.invalidate_on,
        )
        self._full_score: float = settings.full_score_atr

    def flip(self, failure: Failure, kind: FactKind, now: CandleClose) -> None:
        """Store and emit it."""
        beyond = failure.bottom - now.close if failure.direction == "bearish" else now.close - failure.top
        finding = Finding(
            kind,
            failure.direction,
            failure.top,
            failure.bottom,
            failure.formed_at,
            now.close_time,
            score=min(1.0, beyond / now.atr / self._full_score) if now.atr > 0.0 else 0.0,
            key=failure.cause,
            candles=(failure.formed_at, now.open_time),
            ref=failure.ref,
            numbers=(now.close, failure.prior),
        )
        self.add(Zone(finding, self.expiry(now)), now)


def why_flipped(block: Finding, name: str, liquidity: str) -> str:
    """``numbers``: the failing close, the swing before the block. ``liquidity``: what the leg had done with that swing."""
    close, prior = block.numbers
    bearish = block.direction == "bearish"
    was = f"{'bullish' if bearish else 'bearish'} order block" if block.key == ORDER_BLOCK_FAILED else "block before the leg"
    return (
        f"{block.direction.capitalize()} {name} {price(block.bottom)} to {price(block.top)}: the {was} of candle "
        f"{at(block.formed_at)} was closed through at {price(close)} by candle {at(block.candles[1])}"
        f"{'' if block.key == ORDER_BLOCK_FAILED else ', which broke the swing that the leg began at'}, {liquidity} swing "
        f"{'high' if bearish else 'low'} {price(prior)}."
    )
