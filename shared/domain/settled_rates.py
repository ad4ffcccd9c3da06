"""The funding rates of one symbol that are known to be settled, and which of them a candle may know."""

from __future__ import annotations

from bisect import bisect_left, insort

from shared.domain.order_flow import SettledFunding, known_at
from shared.domain.timeframes import MINUTE


class SettledRates:
    """Rates by the minute of their settlement. most: how many are kept, the newest; None = all."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._times: list[int] = []
        self._rates: dict[int, float] = {}
        self._awaited = -1

    def settle(self, time: int, rate: float) -> None:
        """Take a settlement (UTC ms, fraction of the notional); the first rate of a minute stays."""
        minute = time - time % MINUTE
        if minute >= self._awaited:
            self._awaited = -1
        if minute in self._rates:
            return
        insort(self._times, minute)
        self._rates[minute] = rate
        if self._most is not None and len(self._times) > self._most:
            del self._rates[self._times.pop(0)]

    def wait_for(self, time: int) -> None:
        """A settlement is due at this time (UTC ms) and its rate not known yet: candles after it know no rate until then."""
        minute = time - time % MINUTE
        if minute not in self._rates:
            self._awaited = minute

    def give_up(self) -> None:
        """The exchange has no rate for the time that was waited for."""
        self._awaited = -1

    def known(self, close_time: int) -> SettledFunding | None:
        """The last settlement that a candle knows which closes at ``close_time`` (UTC ms); see ``known_at``."""
        place = bisect_left(self._times, close_time)
        if not place or 0 <= self._awaited < close_time:
            return None
        minute = self._times[place - 1]
        return known_at(close_time, self._rates[minute], minute)
