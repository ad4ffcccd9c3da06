"""Fair value gaps: born of three candles, filled step by step (ICT-5; ict.md 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from services.analysis.close import CandleClose
from services.analysis.lifecycle import BIRTH, advance
from services.analysis.settings import FvgSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, Fact, FactState
from shared.domain.ids import derive


class Gap(msgspec.Struct, array_like=True):
    """A living gap. ``reached``: how far price came back into it since confirmation, as a price; ``expires_at`` in ms."""

    fact: Fact
    reached: float
    expires_at: int


class FvgState(msgspec.Struct):
    """Living gaps, oldest first, and when the last gap of each direction was formed (0: never)."""

    gaps: list[Gap] = msgspec.field(default_factory=list)
    last_bullish: int = 0
    last_bearish: int = 0


class FairValueGaps:
    """Bullish: the third candle's low is above the first candle's high; the zone lies between. Bearish is the mirror.

    Formed at candle 2, confirmed at the close of candle 3. From candle 4 on: touched when price reaches the near edge, half
    filled at the midpoint (consequent encroachment), filled at ``filled_at`` of its height; every ``fill_steps``-th of the
    height that is newly reached is an event. One candle makes at most one event a gap: the furthest state it reached.
    A gap lives ``max_age_candles`` after its confirmation, counted in time: the close after that expires it before prices
    are looked at. ``score`` is its size in ATR against ``full_score_atr``, 0 while the ATR is cold.
    """

    __slots__ = ("_ceiling", "_floor", "_max_active", "_min_size", "_next_expiry", "_settings", "state")

    def __init__(self, settings: FvgSettings, max_active: int) -> None:
        self._settings = settings
        self._min_size = settings.min_size_percent / 100.0
        self._max_active = max_active
        self.restore(FvgState())

    def restore(self, state: FvgState) -> None:
        """Continue from ``state``."""
        self.state = state
        self._watch()

    def facts(self) -> list[Fact]:
        """The living gaps, oldest first."""
        return [gap.fact for gap in self.state.gaps]

    def last_formed(self, direction: Direction) -> int:
        """Open time of candle 2 of the newest gap of this direction, 0 if there was none. Filled gaps count."""
        return self.state.last_bullish if direction == "bullish" else self.state.last_bearish

    def follow(self, now: CandleClose) -> Sequence[Fact]:
        """What this candle did to the gaps that were alive before it, oldest first."""
        if now.low > self._floor and now.high < self._ceiling and now.close_time <= self._next_expiry:
            return ()
        events: list[Fact] = []
        kept: list[Gap] = []
        for gap in self.state.gaps:
            event = self._change(gap, now)
            if event is not None:
                gap.fact = event
                events.append(event)
                if event.state in ("filled", "expired"):
                    continue
            kept.append(gap)
        self.state.gaps = kept
        self._watch()
        return events

    def detect(self, now: CandleClose) -> Sequence[Fact]:
        """Nothing, or the gap that this close completes (after the oldest one, where it has to make room)."""
        highs, lows = now.window.highs, now.window.lows
        if len(highs) < 3:
            return ()
        if now.low > highs[-3]:
            return self._born(now, "bullish", top=now.low, bottom=highs[-3])
        if now.high < lows[-3]:
            return self._born(now, "bearish", top=lows[-3], bottom=now.high)
        return ()

    def _change(self, gap: Gap, now: CandleClose) -> Fact | None:
        fact = gap.fact
        if now.close_time > gap.expires_at:
            return advance(fact, "expired", now.close_time)
        bullish = fact.direction == "bullish"
        reached = min(gap.reached, now.low) if bullish else max(gap.reached, now.high)
        came_in = (fact.top - now.low) if bullish else (now.high - fact.bottom)
        if came_in < 0.0 or (reached == gap.reached and fact.state != "active"):
            return None
        gap.reached = reached
        depth = (fact.top - reached) if bullish else (reached - fact.bottom)
        fill = min(1.0, depth / (fact.top - fact.bottom))
        state: FactState = "filled" if fill >= self._settings.filled_at else "half_filled" if fill >= 0.5 else "touched"
        steps = self._settings.fill_steps
        if state == fact.state and int(fill * steps) == int(fact.fill * steps):
            return None
        return advance(fact, state, now.close_time, fill=fill)

    def _born(self, now: CandleClose, direction: Direction, *, top: float, bottom: float) -> Sequence[Fact]:
        size = top - bottom
        settings = self._settings
        if size < self._min_size * now.close:
            return ()
        if settings.min_size_atr and (now.atr <= 0.0 or size < settings.min_size_atr * now.atr):
            return ()
        times = now.window.open_times
        formed_at = times[-2]
        fact = Fact(
            id=derive(now.symbol, now.timeframe, "fvg", direction, formed_at),
            kind="fvg",
            direction=direction,
            top=top,
            bottom=bottom,
            formed_at=formed_at,
            confirmed_at=now.close_time,
            changed_at=now.close_time,
            state=BIRTH["fvg"],
            score=min(1.0, size / (now.atr * settings.full_score_atr)) if now.atr > 0.0 else 0.0,
            why=_why(direction, top, bottom, times[-3], now),
        )
        events = []
        gaps = self.state.gaps
        if len(gaps) >= self._max_active:
            events.append(advance(gaps.pop(0).fact, "expired", now.close_time))
        events.append(fact)
        near = top if direction == "bullish" else bottom
        gaps.append(Gap(fact, near, now.close_time + settings.max_age_candles * now.duration))
        if direction == "bullish":
            self.state.last_bullish = formed_at
        else:
            self.state.last_bearish = formed_at
        self._watch()
        return events

    def _watch(self) -> None:
        """The prices and the time between which nothing can happen to any gap: most candles stay inside."""
        floor, ceiling, expiry = -inf, inf, 1 << 62
        for gap in self.state.gaps:
            if gap.fact.direction == "bullish":
                floor = max(floor, gap.reached)
            else:
                ceiling = min(ceiling, gap.reached)
            expiry = min(expiry, gap.expires_at)
        self._floor, self._ceiling, self._next_expiry = floor, ceiling, expiry


def _why(direction: Direction, top: float, bottom: float, first: int, now: CandleClose) -> str:
    edges = ("low", "above the high") if direction == "bullish" else ("high", "below the low")
    return (
        f"{direction.capitalize()} fair value gap {price(bottom)} to {price(top)}: the {edges[0]} of candle "
        f"{at(now.open_time)} is {edges[1]} of candle {at(first)}, size {(top - bottom) / now.close:.3%} of price."
    )
