"""Order blocks: the last opposite candle before the leg that broke structure (ICT-3; ict.md 2.11)."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from services.analysis.close import CandleClose
from services.analysis.detectors.fvg import FairValueGaps
from services.analysis.detectors.order_block_origin import Origin, before_leg, before_strong_candle
from services.analysis.lifecycle import BIRTH, advance
from services.analysis.settings import OrderBlockSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, Fact, FactState
from shared.domain.ids import derive


class Block(msgspec.Struct, array_like=True):
    """A living order block. ``deepest``: deepest return into it as a fraction of the zone; ``in_contact``: the candle before
    touched it; ``displacement`` and ``gap_left``: the parts of its score that do not change; ``expires_at`` in ms."""

    fact: Fact
    expires_at: int
    displacement: float
    gap_left: bool
    in_contact: bool
    deepest: float = 0.0


class OrderBlockState(msgspec.Struct):
    """Living blocks, oldest first, and when the last one of each direction was formed (0: never)."""

    blocks: list[Block] = msgspec.field(default_factory=list)
    last_bullish: int = 0
    last_bearish: int = 0


class OrderBlocks:
    """A block is confirmed at the close of the candle that broke structure, never at its own candle.

    From the next candle on (bullish side): a *touch* is a candle that reaches the zone's top after one that did not
    (``mitigated``; candles that stay in the zone are one touch); reaching ``mean_threshold`` of the zone for the first time
    is an event too; a close below the zone ends it (``invalidated``); the touch after ``max_touches`` and the close after
    ``max_age_candles`` end it (``expired``). One candle makes at most one event a block. ``fill`` is the deepest return.

    Score, 0 to 1, restated whenever the block changes::

        (w1 * displacement + w2 * gap left + w3 * life left + w4 * touches left) / (w1 + w2 + w3 + w4)

    displacement = distance from the block's near edge to the confirming close in ATR, over ``full_displacement_atr``, at
    most 1 (0 while the ATR is cold); gap left = 1 if the leg left a fair value gap of its direction; life left = 1 - age /
    ``max_age_candles``; touches left = 1 - touches / ``max_touches``.
    """

    __slots__ = ("_ceiling", "_floor", "_max_active", "_next_expiry", "_settings", "_weight_sum", "state")

    def __init__(self, settings: OrderBlockSettings, max_active: int) -> None:
        self._settings = settings
        self._max_active = max_active
        weights = settings.score
        self._weight_sum = weights.displacement + weights.fvg + weights.age + weights.touches
        self.restore(OrderBlockState())

    def restore(self, state: OrderBlockState) -> None:
        """Continue from ``state``."""
        self.state = state
        self._watch()

    def facts(self) -> list[Fact]:
        """The living blocks, oldest first."""
        return [block.fact for block in self.state.blocks]

    def follow(self, now: CandleClose) -> Sequence[Fact]:
        """What this candle did to the blocks that were alive before it, oldest first."""
        if now.low > self._floor and now.high < self._ceiling and now.close_time <= self._next_expiry:
            return ()
        events: list[Fact] = []
        kept: list[Block] = []
        for block in self.state.blocks:
            event = self._change(block, now)
            if event is not None:
                block.fact = event
                events.append(event)
                if event.state in ("invalidated", "expired"):
                    continue
            kept.append(block)
        self.state.blocks = kept
        self._watch()
        return events

    def detect(self, now: CandleClose, broken: Fact | None, gaps: FairValueGaps) -> Sequence[Fact]:
        """Nothing, or the block that this close confirms. ``broken``: the BOS or CHoCH of this close, if it made one."""
        settings = self._settings
        if settings.rule == "structure_break":
            origin = None if broken is None else before_leg(now, broken, settings)
        else:
            origin = before_strong_candle(now, settings)
        if origin is None:
            return ()
        bullish = origin.direction == "bullish"
        newest = self.state.last_bullish if bullish else self.state.last_bearish
        beyond = now.close < origin.bottom if bullish else now.close > origin.top
        if origin.formed_at <= newest or beyond:
            return ()
        events = []
        blocks = self.state.blocks
        if len(blocks) >= self._max_active:
            events.append(advance(blocks.pop(0).fact, "expired", now.close_time))
        block = self._born(now, origin, gap_left=gaps.last_formed(origin.direction) > origin.formed_at)
        events.append(block.fact)
        blocks.append(block)
        if bullish:
            self.state.last_bullish = origin.formed_at
        else:
            self.state.last_bearish = origin.formed_at
        self._watch()
        return events

    def _born(self, now: CandleClose, origin: Origin, *, gap_left: bool) -> Block:
        settings = self._settings
        run = now.close - origin.top if origin.direction == "bullish" else origin.bottom - now.close
        run_atr = run / now.atr if now.atr > 0.0 else 0.0
        displacement = min(1.0, max(0.0, run_atr / settings.full_displacement_atr))
        fact = Fact(
            id=derive(now.symbol, now.timeframe, "order_block", origin.direction, origin.formed_at),
            kind="order_block",
            direction=origin.direction,
            top=origin.top,
            bottom=origin.bottom,
            formed_at=origin.formed_at,
            confirmed_at=now.close_time,
            changed_at=now.close_time,
            state=BIRTH["order_block"],
            score=self._score(displacement, gap_left, 0.0, 0),
            why=_why(now, origin, run_atr, gap_left),
        )
        # A zone that price has not left yet is not touched by staying in it.
        return Block(fact, now.close_time + settings.max_age_candles * now.duration, displacement, gap_left, run <= 0.0)

    def _change(self, block: Block, now: CandleClose) -> Fact | None:
        fact, settings = block.fact, self._settings
        if now.close_time > block.expires_at:
            return self._advance(block, "expired", fact.touches, now)
        bullish = fact.direction == "bullish"
        depth = (fact.top - now.low) if bullish else (now.high - fact.bottom)
        if depth < 0.0:
            block.in_contact = False
            return None
        touches = fact.touches if block.in_contact else fact.touches + 1
        block.in_contact = True
        before = block.deepest
        block.deepest = max(before, min(1.0, depth / (fact.top - fact.bottom)))
        if settings.invalidate_on == "close":
            beyond = now.close < fact.bottom if bullish else now.close > fact.top
        else:
            beyond = now.low < fact.bottom if bullish else now.high > fact.top
        if beyond:
            return self._advance(block, "invalidated", touches, now)
        if touches > settings.max_touches:
            return self._advance(block, "expired", touches, now)
        if touches > fact.touches or before < settings.mean_threshold <= block.deepest:
            return self._advance(block, "mitigated", touches, now)
        return None

    def _advance(self, block: Block, state: FactState, touches: int, now: CandleClose) -> Fact:
        age = (now.close_time - block.fact.confirmed_at) / now.duration
        score = self._score(block.displacement, block.gap_left, age, touches)
        return advance(block.fact, state, now.close_time, score=score, touches=touches, fill=block.deepest)

    def _score(self, displacement: float, gap_left: bool, age: float, touches: int) -> float:
        settings, weights = self._settings, self._settings.score
        life_left = max(0.0, 1.0 - age / settings.max_age_candles)
        touches_left = max(0.0, 1.0 - touches / settings.max_touches)
        total = weights.displacement * displacement + weights.age * life_left + weights.touches * touches_left
        if gap_left:
            total += weights.fvg
        return min(1.0, total / self._weight_sum)

    def _watch(self) -> None:
        """The prices and the time between which nothing can happen to any block; none while price is in contact with one."""
        floor, ceiling, expiry = -inf, inf, 1 << 62
        for block in self.state.blocks:
            if block.in_contact:
                floor = inf
            elif block.fact.direction == "bullish":
                floor = max(floor, block.fact.top)
            else:
                ceiling = min(ceiling, block.fact.bottom)
            expiry = min(expiry, block.expires_at)
        self._floor, self._ceiling, self._next_expiry = floor, ceiling, expiry


def _why(now: CandleClose, origin: Origin, run_atr: float, gap_left: bool) -> str:
    direction: Direction = origin.direction
    colour = "down-close" if direction == "bullish" else "up-close"
    ran = f"{run_atr:.2f} ATR from it" if now.atr > 0.0 else "ATR not warm"
    return (
        f"{direction.capitalize()} order block {price(origin.bottom)} to {price(origin.top)}: last {colour} candle "
        f"{at(origin.formed_at)} before {origin.cause}, known at the close {at(now.close_time)} at {price(now.close)}, "
        f"{ran}, {'a' if gap_left else 'no'} fair value gap left."
    )
