"""Follows what a signal would have come to on 1m candles: stop or first target, without fills or costs (ICT-11).

1. A market entry is in at the close of its signal. A limit entry is in once a candle touches its price; one that nothing
   touched by the end of its rest, or before price voided it, is not counted.
2. The stop is a loss, the first target a win; of a candle that touches both, the stop counts. In the candle that fills a
   limit the target does not count, because it may have come before the fill.
3. At the time limit the close decides: beyond the entry is a win.
4. Where a candle is missing or disputed, the trade is not counted: nobody knows what happened in it.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shared.domain.candles import Candle
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.timeframes import DURATION, FINEST

#: ``open``: goes on. ``uncounted``: it was never filled, or a candle of it is not known.
Outcome = Literal["open", "won", "lost", "uncounted"]
_STEP: Final = DURATION[FINEST]


class Hypothetical(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A trade that is followed. Times in UTC ms, prices in quote currency.

    zones: rows in which it will count. sign: 1 = buy, -1 = sell. expects: open time of the next candle. until: when the
    close decides. rests_until: end of the rest of a limit that has not filled; 0 = it is in. void_at: price that ends it
    before; 0 = none.
    """

    zones: tuple[str, ...]
    sign: int
    entry: float
    stop: float
    target: float
    expects: int
    until: int
    rests_until: int = 0
    void_at: float = 0.0

    @classmethod
    def of(cls, signal: Signal, zones: tuple[str, ...], follow_ms: int) -> Hypothetical:
        """Begin to follow a signal from its close on, for at most ``follow_ms`` and not beyond its own ``close_by``."""
        until = signal.close_time + follow_ms
        return cls(
            zones=zones,
            sign=1 if signal.side == "BUY" else -1,
            entry=signal.entry.price,
            stop=signal.stop,
            target=signal.exits[0].price,
            expects=signal.close_time,
            until=min(until, signal.close_by) if signal.close_by else until,
            rests_until=signal.entry.rests_until if isinstance(signal.entry, LimitEntry) else 0,
            void_at=(signal.entry.void_at or 0.0) if isinstance(signal.entry, LimitEntry) else 0.0,
        )

    def take(self, candle: Candle) -> Outcome:
        """Take the next closed 1m candle of the symbol; one that opened before the trade or was seen changes nothing."""
        if candle.open_time < self.expects:
            return "open"
        if candle.open_time > self.expects or candle.state == "disputed":
            return "uncounted"
        self.expects += _STEP
        worst, best = (candle.low, candle.high) if self.sign > 0 else (candle.high, candle.low)
        filled_now = False
        if self.rests_until:
            if candle.open_time >= self.rests_until:
                return "uncounted"
            if self._beyond(worst, self.entry):
                voided = self.void_at > 0.0 and not self._beyond(self.void_at, best)
                return "uncounted" if voided or self.expects >= min(self.rests_until, self.until) else "open"
            self.rests_until, filled_now = 0, True
        if not self._beyond(worst, self.stop):
            return "lost"
        if not filled_now and not self._beyond(self.target, best):
            return "won"
        if self.expects >= self.until:
            return "won" if self._beyond(candle.close, self.entry) else "lost"
        return "open"

    def _beyond(self, price: float, other: float) -> bool:
        """True when ``price`` lies on the winning side of ``other``."""
        return self.sign * price > self.sign * other
