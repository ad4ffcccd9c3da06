"""Limits request weight and order counts, and bans addresses that go on after 429 (docs/binance.md §6.1).

All times are of the wall clock (``simulator.server.clock``), not of the market.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shared.exchange.error_codes import ErrorCode
from simulator.server.refusals import Refused

_MINUTE: Final = 60_000
_TEN_SECONDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force.

    weight_minute: request weight per minute and address. orders_ten_seconds, orders_minute: orders of the account.
    ban_after: this many 429 in a row are allowed, the next one bans. ban_ms: length of an address's first ban, ms; each
    further ban doubles it.
    """

    weight_minute: int
    orders_ten_seconds: int
    orders_minute: int
    ban_after: int
    ban_ms: int


@dataclass(slots=True)
class Window:
    """Counts within fixed windows of ``length`` ms; each begins at a multiple of ``length``, as on the exchange."""

    length: int
    began: int = -1
    used: int = 0

    def add(self, amount: int, now: int) -> int:
        """Add ``amount`` at ``now`` (ms) and return the count of the current window."""
        began = now - now % self.length
        if began != self.began:
            self.began, self.used = began, 0
        self.used += amount
        return self.used

    def ends_in(self, now: int) -> int:
        """Return how long the window still lasts, ms."""
        return self.length - now % self.length


@dataclass(slots=True)
class _Asker:
    weight: Window = field(default_factory=lambda: Window(_MINUTE))
    refused: int = 0
    bans: int = 0
    banned_until: int = -1


class RateLimiter:
    """Counts request weight by address and orders of the account. ``now``: wall clock, ms."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._askers: dict[str, _Asker] = {}
        self._ten_seconds = Window(_TEN_SECONDS)
        self._minute = Window(_MINUTE)

    def spend(self, address: str, weight: int, now: int) -> dict[str, str]:
        """Count a request and return the headers for its answer.

        Raises Refused with status 429 beyond the weight limit, 418 while the address is banned.
        """
        asker = self._askers.setdefault(address, _Asker())
        if now < asker.banned_until:
            wait = _seconds(asker.banned_until - now)
            raise Refused(
                ErrorCode.TOO_MANY_REQUESTS,
                f"Way too many requests; IP({address}) banned until {asker.banned_until}.",
                418,
                {"Retry-After": wait},
            )
        used = asker.weight.add(weight, now)
        headers = {"X-MBX-USED-WEIGHT-1M": str(used)}
        if used <= self._limits.weight_minute:
            asker.refused = 0
            return headers
        asker.refused += 1
        if asker.refused > self._limits.ban_after:
            asker.banned_until = now + self._limits.ban_ms * 2**asker.bans
            asker.bans += 1
            asker.refused = 0
        text = f"Too many requests; current limit of IP({address}) is {self._limits.weight_minute} requests per minute."
        headers["Retry-After"] = _seconds(asker.weight.ends_in(now))
        raise Refused(ErrorCode.TOO_MANY_REQUESTS, text, 429, headers)

    def order(self, ten_seconds: int, minute: int, now: int) -> dict[str, str]:
        """Count orders and return the headers for the answer. Raises Refused -1015 (status 429) beyond a limit."""
        short, long = self._ten_seconds.add(ten_seconds, now), self._minute.add(minute, now)
        headers = {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1M": str(long)}
        for used, limit, window, words in (
            (short, self._limits.orders_ten_seconds, self._ten_seconds, "10 SECOND"),
            (long, self._limits.orders_minute, self._minute, "1 MINUTE"),
        ):
            if used > limit:
                headers["Retry-After"] = _seconds(window.ends_in(now))
                raise Refused(
                    ErrorCode.TOO_MANY_ORDERS,
                    f"Too many new orders; current limit is {limit} orders per {words}.",
                    429,
                    headers,
                )
        return headers

    def counts(self, now: int) -> tuple[int, int]:
        """Return the orders counted in the current 10-second window and in the current minute."""
        return self._ten_seconds.add(0, now), self._minute.add(0, now)

    def shown(self, address: str, now: int, *, orders: bool) -> list[dict[str, Any]]:
        """Return limits and counts as rows of the WebSocket API's ``rateLimits``. ``orders``: also those of orders."""
        weight = self._askers[address].weight.add(0, now) if address in self._askers else 0
        rows = [("REQUEST_WEIGHT", "MINUTE", 1, self._limits.weight_minute, weight)]
        if orders:
            short, long = self.counts(now)
            rows += [
                ("ORDERS", "SECOND", 10, self._limits.orders_ten_seconds, short),
                ("ORDERS", "MINUTE", 1, self._limits.orders_minute, long),
            ]
        names = ("rateLimitType", "interval", "intervalNum", "limit", "count")
        return [dict(zip(names, row, strict=True)) for row in rows]


def _seconds(milliseconds: int) -> str:
    """Convert ms to whole seconds, rounded up, as text for the header Retry-After."""
    return str(-(-milliseconds // 1000))
