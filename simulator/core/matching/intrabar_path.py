"""The assumed path of the price within one candle: deterministic, and the worst case for the open position.

A one-minute candle does not say whether its high or its low came first. The simulator moves the price over four points,
the open first and the close last. In between it visits high and low in the order that is worse for the account:

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

So if stop and target both lie within the candle, the stop fills. The exception is an *open* beyond the target: it is
certainly the first price, so the target fills there. A buy limit below the open is reached after the high, so its target
cannot use the high, and the low with its stop comes right after the entry.

The table is consulted again after every fill: extremes not visited yet then follow in the order that is worse for the *new*
position. If an entry fills on the way up to the high and the low was not visited yet, the price goes to the low first
(open 100, buy stop 105: 100 -> 105 -> low -> high -> close), so the stop is reached before the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """What determines the path: the symbol's position and its open entry orders.

    position: sum of the legs, base currency, positive = long. buys_wait, sells_wait: an open order could open a long or
    a short.
    """

    position: Decimal
    buys_wait: bool
    sells_wait: bool


def low_first(standing: Standing, rising: bool) -> bool:
    """Return True if the low comes before the high, by the module's table. ``rising``: close >= open."""
    if standing.position:
        return standing.position > 0
    if standing.buys_wait != standing.sells_wait:
        return standing.sells_wait
    return rising


@dataclass(slots=True)
class IntrabarPath:
    """The path through one candle, prices in USDT.

    point: the current price. low_ahead, high_ahead: the extreme was not visited yet. finished: the close was reached.
    """

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    point: Decimal
    low_ahead: bool = True
    high_ahead: bool = True
    finished: bool = False

    def heading(self, standing: Standing) -> Decimal:
        """Return the next point: an extreme not visited yet, else the close."""
        if self.low_ahead and self.high_ahead:
            return self.low if low_first(standing, self.close >= self.open) else self.high
        if self.low_ahead:
            return self.low
        return self.high if self.high_ahead else self.close

    def arrive(self, target: Decimal) -> None:
        """Move to ``target``, as returned by ``heading``. Call it once every order on the way has been handled."""
        self.finished = not (self.low_ahead or self.high_ahead)
        self.point = target
        if target == self.low:
            self.low_ahead = False
        if target == self.high:
            self.high_ahead = False
