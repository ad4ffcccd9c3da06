"""Request weight and order counts, and bans for going on after 429 (docs/binance.md §6.1). Windows are the clock's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from shared.exchange.error_codes import ErrorCode
from simulator.server.refusals import Refused

_MINUTE: Final = 60_000
_TEN_SECONDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings: weight a minute and address, orders in 10 s and in a minute. ``ban_after``: 429 in a row until a ban.

    ``ban_ms``: length of the first ban, ms; each further one of that address doubles it.
    """

    weight_minute: int
    orders_ten_seconds: int
    orders_minute: int
    ban_after: int
    ban_ms: int


@dataclass(slots=True)
class Window:
    """Counts within a window of ``length`` ms that begins on a multiple of it, as the exchange's do."""

    length: int
    began: int = -1
    used: int = 0

    def add(self, amount: int, now: int) -> int:
        """Count ``amount`` at ``now`` (ms); what the window has then."""
        began = now - now % self.length
        if began != self.began:
            self.began, self.used = began, 0
        self.used += amount
        return self.used

    def ends_in(self, now: int) -> int:
        """ms until the window is over."""
        return self.length - now % self.length


@dataclass(slots=True)
class _Asker:
    weight: Window = field(default_factory=lambda: Window(_MINUTE))
    refused: int = 0
    bans: int = 0
    banned_until: int = -1


class RateLimiter:
    """Weight by address, orders of the account. ``now`` is the clock's, ms."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._askers: dict[str, _Asker] = {}
        self._ten_seconds = Window(_TEN_SECONDS)
        self._minute = Window(_MINUTE)

    def spend(self, address: str, weight: int, now: int) -> dict[str, str]:
        """Count a request; the headers of its answer. Raises Refused: 429 beyond the weight, 418 while banned."""
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
        """Count orders; the headers of the answer. Raises Refused -1015 (429) beyond the ceiling."""
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
        """Orders of the last 10 seconds and of the last minute."""
        return self._ten_seconds.add(0, now), self._minute.add(0, now)


def _seconds(milliseconds: int) -> str:
    """Whole seconds, rounded up."""
    return str(-(-milliseconds // 1000))
