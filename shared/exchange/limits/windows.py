"""How fast we may ask: the exchange's limits as windows, and who goes first when they run short (EXEC-6). Pure.

All processes of a deployment share one state (one IP, one account). A call costs request weight and perhaps order counts.
Each urgency may use a share of a limit: what reads leave over belongs to orders, what orders leave over to protection, so
that a backfill can never stand in the way of a stop. The exchange's own count, told in its answers, wins when it is higher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

Urgency = Literal[
    "protect",  # stops, closings, cancels, and the questions about them
    "order",  # entries
    "read",  # account and market, when asked
    "bulk",  # backfill and history
]
LimitName = Literal["weight_1m", "orders_10s", "orders_1m"]


class Limit(msgspec.Struct, frozen=True):
    """``ceiling`` units in each window of ``interval_ms``, windows counted from the epoch as the exchange does."""

    name: LimitName
    interval_ms: int
    ceiling: int


#: Binance's limits (docs/binance.md §6.1), until its exchangeInfo states others.
DEFAULT_LIMITS: Final = (
    Limit("weight_1m", 60_000, 2_400),
    Limit("orders_10s", 10_000, 300),
    Limit("orders_1m", 60_000, 1_200),
)


class Cost(msgspec.Struct, frozen=True):
    """What one call uses up."""

    weight: int = 1
    orders_10s: int = 0
    orders_1m: int = 0

    def of(self, name: LimitName) -> int:
        """The units of one limit."""
        if name == "weight_1m":
            return self.weight
        return self.orders_10s if name == "orders_10s" else self.orders_1m


class Window(msgspec.Struct, frozen=True):
    """Units used in the window with this number."""

    number: int
    used: int


class Usage(msgspec.Struct, frozen=True):
    """The shared state. ``closed_until``: ms; the exchange has asked for silence until then (429, 418)."""

    windows: dict[LimitName, Window] = {}
    closed_until: int = 0


class Admission(msgspec.Struct, frozen=True):
    """``wait_ms`` 0: go, and ``usage`` is the state after it. Else ask again after so long; the state is unchanged."""

    usage: Usage
    wait_ms: int


def admit(
    usage: Usage,
    limits: Sequence[Limit],
    cost: Cost,
    urgency: Urgency,
    shares: Mapping[Urgency, float],
    now: int,
) -> Admission:
    """Whether a call may go at ``now`` (ms of the exchange's clock).

    A cost that no share could ever hold passes when its window is empty: waiting would not help it.
    """
    wait = max(0, usage.closed_until - now)
    windows = dict(usage.windows)
    for limit in limits:
        units = cost.of(limit.name)
        if not units:
            continue
        number = now // limit.interval_ms
        used = used_now(usage, limit, now)
        if used and used + units > int(limit.ceiling * shares[urgency]):
            wait = max(wait, (number + 1) * limit.interval_ms - now)
        windows[limit.name] = Window(number, used + units)
    if wait:
        return Admission(usage, wait)
    return Admission(Usage(windows, usage.closed_until), 0)


def used_now(usage: Usage, limit: Limit, now: int) -> int:
    """Units used in the window that ``now`` falls into. A window of the future (a clock was set back) still counts."""
    window = usage.windows.get(limit.name)
    return window.used if window is not None and window.number >= now // limit.interval_ms else 0


def told(usage: Usage, limits: Sequence[Limit], counts: Mapping[LimitName, int], now: int) -> Usage:
    """The exchange has said how much is used; a lower figure than ours is older than ours, and changes nothing."""
    windows = dict(usage.windows)
    for limit in limits:
        count = counts.get(limit.name)
        if count is not None and count > used_now(usage, limit, now):
            windows[limit.name] = Window(now // limit.interval_ms, count)
    return usage if windows == usage.windows else Usage(windows, usage.closed_until)


def closed(usage: Usage, until: int) -> Usage:
    """The exchange wants silence until ``until`` (ms): from everybody, or a ban follows."""
    return usage if until <= usage.closed_until else Usage(usage.windows, until)


_HEADERS: Final[dict[str, LimitName]] = {
    "X-MBX-USED-WEIGHT-1M": "weight_1m",
    "X-MBX-ORDER-COUNT-10S": "orders_10s",
    "X-MBX-ORDER-COUNT-1M": "orders_1m",
}


def counts_of(headers: Mapping[str, str]) -> dict[LimitName, int]:
    """The exchange's counts in an answer's headers; what is not a number is not one."""
    found: dict[LimitName, int] = {}
    for header, name in _HEADERS.items():
        value = headers.get(header, "")
        if value.isascii() and value.isdigit():
            found[name] = int(value)
    return found


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """The pause that an answer asks for; None when it names none that can be read."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        return None
    return int(seconds * 1000) if 0 <= seconds < 1e7 else None
