"""The books of living zones: bounded, aged, and untouched by candles that reach none of them."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least, whole_steps
from services.analysis.base.finding import INFINITY, NEVER, Finding
from services.analysis.settings.blocks import Invalidation
from shared.domain.facts import Direction, FactState
from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
class Zone:
    """A living zone, with its top above its bottom.

    A candle concerns it when its low is at or under ``below`` or its high at or over ``above`` (prices).

    ``reached``: how far price came back into it, in the terms of its book. ``in_contact``: the candle before was in it.
    ``expires_at``: the last close (ms) of its life.
    """

    STATE: ClassVar[tuple[str, ...]] = ("finding", "bullish", "expires_at", "below", "above", "reached", "in_contact")

    def __init__(self, finding: Finding, expires_at: int) -> None:
        self.finding = finding
        self.bullish = finding.direction == "bullish"
        self.expires_at = expires_at
        self.below = -INFINITY
        self.above = INFINITY
        self.reached = 0.0
        self.in_contact = False
        self.watch(finding.top if self.bullish else finding.bottom)

    def watch(self, price: float) -> None:
        """Wait for price to come back to ``price`` from the side that the zone lies behind."""
        if self.bullish:
            self.below = price
        else:
            self.above = price

    def watch_every_candle(self) -> None:
        """Wait for nothing: every candle concerns it."""
        self.below = INFINITY


class ZoneBook:
    """The living zones of one kind, oldest first: ``max_active`` of a direction, each for ``max_age`` candles in time.

    Bullish and bearish ones are bounded separately: with a common bound, of two zones of one close the one reported first
    would end first, and a mirrored market would give other results.

    ``judge`` says what a candle that reached a zone does to it: one rule a kind. ``ended``: the zones that this candle
    ended, for what is born of them. The cost of a candle is one comparison while it stays between the nearest prices that
    are waited for, else one pass over the (bounded) book.
    """

    STATE: ClassVar[tuple[str, ...]] = ("zones",)

    def __init__(self, max_active: int, max_age: int) -> None:
        self._max_active = max_active
        self._max_age = max_age
        self.zones: list[Zone] = []
        self.ended: list[Zone] = []
        self._floor = -INFINITY
        self._ceiling = INFINITY
        self._next_expiry = NEVER

    def judge(self, zone: Zone, now: CandleClose) -> None:
        """What this candle does to a zone that it reached: set ``zone.finding`` and emit it, or wait for another price."""
        raise NotImplementedError

    def outlived(self, zone: Zone, now: CandleClose) -> Finding:
        """The end of a zone by age."""
        return zone.finding.changed("expired", now.close_time)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the zones that were alive before it, oldest first."""
        if self.ended:
            self.ended = []
        low = now.low
        high = now.high
        close_time = now.close_time
        if low > self._floor and high < self._ceiling and close_time <= self._next_expiry:
            return
        floor = -INFINITY
        ceiling = INFINITY
        expiry = NEVER
        for zone in self.zones:
            expires_at = zone.expires_at
            if close_time > expires_at:
                zone.finding = self.outlived(zone, now)
                now.emit(zone.finding)
                self.ended.append(zone)
                continue
            if low <= zone.below or high >= zone.above:
                before = zone.finding
                self.judge(zone, now)
                if zone.finding is not before and zone.finding.is_over():
                    self.ended.append(zone)
                    continue
            floor = max(floor, zone.below)
            ceiling = min(ceiling, zone.above)
            expiry = min(expiry, expires_at)
        self._floor = floor
        self._ceiling = ceiling
        self._next_expiry = expiry
        if self.ended:
            self.zones = [zone for zone in self.zones if not zone.finding.is_over()]

    def add(self, zone: Zone, now: CandleClose) -> None:
        """Store and emit a zone that this close made known; when its direction is full, end the oldest of it first."""
        if len(self.zones) >= self._max_active:
            self._make_room(zone.finding.direction, now)
        now.emit(zone.finding)
        self.zones.append(zone)
        self.restored()

    def _make_room(self, direction: Direction, now: CandleClose) -> None:
        oldest: Zone | None = None
        alike = 0
        for zone in self.zones:
            if zone.finding.direction == direction:
                alike += 1
                if oldest is None:
                    oldest = zone
        if oldest is not None and alike >= self._max_active:
            self.end(oldest, "expired", now)

    def end(self, zone: Zone, state: FactState, now: CandleClose) -> None:
        """End a zone for another reason than price or age; this replaces what this close emitted about it."""
        if zone.finding.changed_at == now.close_time:
            now.withdraw(zone.finding)
        zone.finding = zone.finding.changed(state, now.close_time)
        now.emit(zone.finding)
        self.zones = [each for each in self.zones if each is not zone]
        self.restored()

    def expiry(self, now: CandleClose) -> int:
        """The last close (ms) of a zone that is confirmed now."""
        return now.close_time + self._max_age * now.duration

    def active(self, into: list[Finding]) -> None:
        """Append the living zones as they are, oldest first."""
        for zone in self.zones:
            into.append(zone.finding)  # compiled, cheaper than to extend by a generator

    def restored(self) -> None:
        """The prices and the time between which nothing can happen to any zone."""
        floor = -INFINITY
        ceiling = INFINITY
        expiry = NEVER
        for zone in self.zones:
            floor = max(floor, zone.below)
            ceiling = min(ceiling, zone.above)
            expiry = min(expiry, zone.expires_at)
        self._floor = floor
        self._ceiling = ceiling
        self._next_expiry = expiry


class FillBook(ZoneBook):
    """Zones that price fills step by step: gaps of all kinds (docs/ict.md §3).

    Touched when price reaches the near edge, half filled at the midpoint (consequent encroachment), filled at ``filled_at``
    of the height; with ``inverts``, a close beyond the far edge is ``inverted``, which goes further than filled. Every newly
    reached ``fill_steps``-th of the height is an event. One candle makes at most one event a zone: the furthest state it
    reached. ``reached`` is a price: the deepest return so far.
    """

    def __init__(self, max_active: int, max_age: int, fill_steps: int, filled_at: float, *, inverts: bool = False) -> None:
        super().__init__(max_active, max_age)
        self._inverts = inverts
        self._steps = float(fill_steps)
        self._filled_at = filled_at

    def born(self, finding: Finding, now: CandleClose) -> None:
        """Store and emit a zone that this close made known."""
        zone = Zone(finding, self.expiry(now))
        zone.reached = finding.top if zone.bullish else finding.bottom
        self.add(zone, now)

    def judge(self, zone: Zone, now: CandleClose) -> None:
        """See ``ZoneBook``."""
        finding = zone.finding
        top = finding.top
        bottom = finding.bottom
        if zone.bullish:
            reached = min(zone.reached, now.low)
            depth = top - reached
            before = top - zone.reached
            through = now.close < bottom
        else:
            reached = max(zone.reached, now.high)
            depth = reached - bottom
            before = zone.reached - bottom
            through = now.close > top
        if reached == zone.reached and finding.state != "active":
            return
        zone.reached = reached
        zone.watch(reached)
        height = top - bottom
        state: FactState = "touched"
        if through and self._inverts:
            state = "inverted"
        elif at_least(depth, self._filled_at * height, top):
            state = "filled"
        elif at_least(depth, 0.5 * height, top):
            state = "half_filled"
        if state == finding.state:
            steps = self._steps
            if whole_steps(depth, height, steps, top) == whole_steps(before, height, steps, top):
                return
        zone.finding = finding.changed(state, now.close_time)
        zone.finding.fill = min(1.0, depth / height)
        now.emit(zone.finding)


class BlockBook(ZoneBook):
    """Zones that hold or fail: order blocks and their kin (docs/ict.md §4).

    A *touch* is a candle that reaches the near edge after one that did not (``mitigated``; candles that stay in the zone are
    one touch); reaching ``mean_threshold`` of the zone for the first time is a state of its own, in which later touches are
    reported too. Beyond the far side, by close, wick or body (open or close), it ends (``invalidated``); the touch after
    ``max_touches`` ends it too (``expired``). One candle makes at most one event a zone. ``fill`` and ``reached`` are the
    deepest return as a fraction of the zone.
    """

    def __init__(
        self, max_active: int, max_age: int, max_touches: int, mean_threshold: float, invalidate_on: Invalidation
    ) -> None:
        super().__init__(max_active, max_age)
        self._max_touches = max_touches
        self._mean_threshold = mean_threshold
        self._on_wick = invalidate_on == "wick"
        self._on_body = invalidate_on == "body"

    def score(self, zone: Zone, touches: int, now: CandleClose) -> float:
        """The score that goes with a change; by default it stays what it was at birth."""
        return zone.finding.score

    def settle(self, zone: Zone, *, in_contact: bool) -> None:
        """While price is in the zone every candle concerns it; once it left, only a return does."""
        zone.in_contact = in_contact
        if in_contact:
            zone.watch_every_candle()
        else:
            zone.below = -INFINITY
            zone.watch(zone.finding.top if zone.bullish else zone.finding.bottom)

    def outlived(self, zone: Zone, now: CandleClose) -> Finding:
        """See ``ZoneBook``; scored anew."""
        self._advance(zone, "expired", zone.finding.touches, now)
        return zone.finding

    def judge(self, zone: Zone, now: CandleClose) -> None:
        """See ``ZoneBook``."""
        finding = zone.finding
        top = finding.top
        bottom = finding.bottom
        depth = top - now.low if zone.bullish else now.high - bottom
        if depth < 0.0:
            self.settle(zone, in_contact=False)
            return
        touches = finding.touches if zone.in_contact else finding.touches + 1
        self.settle(zone, in_contact=True)
        height = top - bottom
        zone.reached = max(zone.reached, min(1.0, depth / height))
        half = at_least(zone.reached * height, self._mean_threshold * height, top)
        state: FactState = "mean_threshold" if half else "mitigated"
        if self._beyond(zone, now):
            state = "invalidated"
        elif touches > self._max_touches:
            state = "expired"
        elif touches == finding.touches and (state == "mitigated" or state == finding.state):
            return
        self._advance(zone, state, touches, now)
        now.emit(zone.finding)

    def _beyond(self, zone: Zone, now: CandleClose) -> bool:
        if zone.bullish:
            price = now.low if self._on_wick else min(now.open, now.close) if self._on_body else now.close
            return price < zone.finding.bottom
        price = now.high if self._on_wick else max(now.open, now.close) if self._on_body else now.close
        return price > zone.finding.top

    def _advance(self, zone: Zone, state: FactState, touches: int, now: CandleClose) -> None:
        after = zone.finding.changed(state, now.close_time)
        after.score = self.score(zone, touches, now)
        after.touches = touches
        after.fill = zone.reached
        zone.finding = after
