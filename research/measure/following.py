"""Follows a signal over the candles after it: was it entered, and how long would the position have lasted?

Nobody trades here: no costs, no quantities, no other positions. So the result of a trade is not asked for, its time only.
"""

from __future__ import annotations

from typing import Final, Literal

from shared.domain.candles import RawCandle
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.timeframes import DURATION, MINUTE

#: ``waiting`` for its entry, ``held``, ``ended``; ``expired``: was never entered; ``voided``: price
#: voided the limit order first; ``cut``: longer than ``LONGEST_MS``.
Stage = Literal["waiting", "held", "ended", "expired", "voided", "cut"]
#: A position that is held for longer is followed no further, ms.
LONGEST_MS: Final = 30 * DURATION["1d"]
#: Shares that add up to this are the whole position.
_WHOLE: Final = 1.0 - 1e-9


class Following:
    """One signal, minute by minute.

    A market entry is filled at the open of the next candle, if one opens before the signal is over. A limit entry is filled
    by the first candle that touches its price before it stops resting, and before price voids it. In one candle the stop
    comes before any target, and in the candle that fills a limit entry only the stop counts, because its target may have
    traded before. The stop moves to the entry price as the signal says, from the candle after. ``close_by`` ends what is
    left.
    """

    __slots__ = ("_entry", "_left", "_rung", "_sign", "_stop", "minutes", "signal", "since", "stage")

    def __init__(self, signal: Signal) -> None:
        self.signal: Final = signal
        self.stage: Stage = "waiting"
        #: Open of the candle of the entry, UTC ms; from it to the close of the last one: ``minutes``.
        self.since = 0
        self.minutes = 0
        self._sign = 1.0 if signal.side == "BUY" else -1.0
        self._stop, self._entry = signal.stop, signal.entry.price
        self._rung, self._left = 0, 1.0

    def minute(self, close_time: int, candle: RawCandle | None) -> Stage:
        """Take the minute that ends at ``close_time`` (UTC ms); None = its symbol has no candle then. Returns the stage."""
        if self.stage == "waiting":
            self._wait(close_time, candle)
        elif self.stage == "held":
            self._hold(close_time, candle, targets=True)
        return self.stage

    def _wait(self, close_time: int, candle: RawCandle | None) -> None:
        entry, opened = self.signal.entry, close_time - MINUTE
        limit = isinstance(entry, LimitEntry)
        if opened >= (entry.rests_until if isinstance(entry, LimitEntry) else self.signal.valid_until):
            self.stage = "expired"
        elif candle is not None and (not limit or self._reaches(candle.low, candle.high, self._entry, -1.0)):
            self.stage, self.since = "held", opened
            if not limit:
                self._entry = candle.open
            self._hold(close_time, candle, targets=not limit)
        elif candle is not None and isinstance(entry, LimitEntry) and self._voids(candle, entry.void_at):
            self.stage = "voided"

    def _voids(self, candle: RawCandle, void_at: float | None) -> bool:
        return void_at is not None and self._reaches(candle.low, candle.high, void_at, 1.0)

    def _hold(self, close_time: int, candle: RawCandle | None, *, targets: bool) -> None:
        out = candle is not None and (
            self._reaches(candle.low, candle.high, self._stop, -1.0) or (targets and self._take(candle) >= _WHOLE)
        )
        if out or 0 < self.signal.close_by <= close_time:
            self._end(close_time)
        elif close_time - self.since >= LONGEST_MS:
            self.stage = "cut"

    def _take(self, candle: RawCandle) -> float:
        """Take off what this candle reaches; return the share taken off so far."""
        exits = self.signal.exits
        while self._rung < len(exits) and self._reaches(candle.low, candle.high, exits[self._rung].price, 1.0):
            self._left -= exits[self._rung].share
            self._rung += 1
            if self._rung == self.signal.break_even_after:
                self._stop = self._entry
        return 1.0 - self._left

    def _end(self, close_time: int) -> None:
        self.stage, self.minutes = "ended", (close_time - self.since) // MINUTE

    def _reaches(self, low: float, high: float, price: float, way: float) -> bool:
        """True when the candle traded at ``price`` or beyond: on the winning side with way 1, on the losing one with -1."""
        return high >= price if self._sign * way > 0 else low <= price
