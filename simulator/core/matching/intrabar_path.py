"""The path of the price within one candle: stated, deterministic, and the worst for whoever holds a position .

A one-minute candle says where the price was, not when. The simulator walks it over four points; the close comes last, the
open first, and the order of the two extremes between them is the one that hurts:

==================================  ============================
the position at this moment         the path
==================================  ============================
long                                open -> low  -> high -> close
short                               open -> high -> low  -> close
flat, only buy entries are resting  open -> high -> low  -> close
flat, only sell entries             open -> low  -> high -> close
flat, both or none; close >= open   open -> low  -> high -> close
flat, both or none; close <  open   open -> high -> low  -> close
==================================  ============================

So with stop and target both inside the candle the stop wins. Only an *open* beyond the target is not in doubt: it is the
first price, and the target fills on it. A buy entry is reached as late as possible (the high is behind it by then, no target
can profit from it) and the low, where its stop is, lies ahead of it.

The table is asked again whenever something filled on the way: extremes that were not reached yet are still ahead, in the
order that is the worst for the *new* position. An entry that fills on the way up to the high first falls to the low if the
low was not visited yet (open 100, buy stop 105: 100 -> 105 -> low -> high -> close), so its stop comes before its target.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides the direction: the signed position and which sides' entries rest."""

    position: Decimal
    buys_wait: bool
    sells_wait: bool


def low_first(standing: Standing, rising: bool) -> bool:
    """True when the low comes before the high: the module's table. ``rising``: close >= open."""
    if standing.position:
        return standing.position > 0
    if standing.buys_wait != standing.sells_wait:
        return standing.sells_wait
    return rising


@dataclass(slots=True)
class IntrabarPath:
    """A walk over one candle. ``point`` is where the price is now; prices in USDT."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    point: Decimal
    low_ahead: bool = True
    high_ahead: bool = True
    finished: bool = False

    def heading(self, standing: Standing) -> Decimal:
        """The point that comes next: an extreme that is still ahead, or the close."""
        if self.low_ahead and self.high_ahead:
            return self.low if low_first(standing, self.close >= self.open) else self.high
        if self.low_ahead:
            return self.low
        return self.high if self.high_ahead else self.close

    def arrive(self, target: Decimal) -> None:
        """The price has come to ``target``, which ``heading`` gave, with nothing left to happen on the way."""
        self.finished = not (self.low_ahead or self.high_ahead)
        self.point = target
        if target == self.low:
            self.low_ahead = False
        if target == self.high:
            self.high_ahead = False
