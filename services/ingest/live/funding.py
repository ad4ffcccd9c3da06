"""Mark price and funding of one symbol: the newest a second, and once what was due at each funding time (RISK-6, DATA-8)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.control import FundingDue, MarkPrice
from shared.exchange.model import market_data


class FundingPassed(msgspec.Struct, frozen=True, kw_only=True):
    """A funding time has passed without a mark price: its rate must be queried."""

    symbol: str
    time: int


class FundingWatch:
    """``max_age_ms``: a rate received longer before the funding time than this may not be the final one."""

    def __init__(self, symbol: str, max_age_ms: int) -> None:
        self._symbol = symbol
        self._max_age_ms = max_age_ms
        self._newest: market_data.MarkPrice | None = None
        self._told = -1

    @property
    def due(self) -> int:
        """The next funding time as the newest mark price names it, UTC ms; 0 = none is known."""
        return self._newest.next_funding if self._newest is not None else 0

    def hear(self, event: market_data.MarkPrice) -> FundingDue | FundingPassed | None:
        """Take an event; what follows when it shows that a funding time has passed. Older ones change nothing."""
        known = self._newest
        if known is not None and event.time <= known.time:
            return None
        self._newest = event
        if known is None or not known.next_funding or 0 < event.next_funding <= known.next_funding:
            return None  # 0: no further funding is announced, and the one that was may have passed
        passed = known.next_funding
        if event.time < passed:
            return None  # the exchange moved the next funding; none has passed
        if passed - known.time > self._max_age_ms:
            return FundingPassed(symbol=self._symbol, time=passed)
        return FundingDue(symbol=self._symbol, time=passed, rate=known.funding_rate)

    def take(self) -> MarkPrice | None:
        """Return the newest mark price; None if it was taken already."""
        newest = self._newest
        if newest is None or newest.time <= self._told:
            return None
        self._told = newest.time
        return MarkPrice(
            symbol=self._symbol,
            time=newest.time,
            mark=float(newest.mark),
            index=float(newest.index) if newest.index > Decimal(0) else float(newest.mark),
            funding_rate=float(newest.funding_rate),
            next_funding_time=newest.next_funding,
        )
