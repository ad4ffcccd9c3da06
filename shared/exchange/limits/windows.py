"""Decides whether a call may be sent now under the exchange's rate limits, or how long it must wait. Pure.

All processes of a deployment share one state, because they share one IP and one account. Calls cost request weight; placing
an order counts towards the order limits. Each urgency may use only a share of a limit: queries leave a part to orders, and
orders leave a part to stops and cancels, so that a backfill cannot delay a stop. If the exchange's answers state a higher
count than ours, it replaces ours. ``parts`` says how much of the weight each kind of process may use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, Literal

import msgspec

Urgency = Literal[
    "protect",  # stops, closing orders, cancels, and queries of orders
    "order",  # entries, and queries of account and open orders
    "read",  # other queries of account and market
    "bulk",  # backfill and history
]
#: ``weight_1m``, ``orders_10s``: what is limited and in which time. Other names are those of ``parts``, and count weight.
LimitName = str


class Limit(msgspec.Struct, frozen=True):
    """A limit of ``ceiling`` units in each window of ``interval_ms``; windows begin at multiples of it since the epoch."""

    name: LimitName
    interval_ms: int
    ceiling: int


#: Digits from which a count is nonsense.
_LONGEST_COUNT: Final = 10
#: Binance's limits (docs/binance.md §6.1), which hold until exchangeInfo was read.
DEFAULT_LIMITS: Final = (
    Limit("weight_1m", 60_000, 2_400),
    Limit("orders_10s", 10_000, 300),
    Limit("orders_1m", 60_000, 1_200),
)


class Cost(msgspec.Struct, frozen=True):
    """The units of each limit that one call uses."""

    weight: int = 1
    orders_10s: int = 0
    orders_1m: int = 0

    @property
    def places(self) -> bool:
        """True if the call places an order."""
        return bool(self.orders_10s or self.orders_1m)

    def of(self, name: LimitName) -> int:
        """Return the units used of the limit ``name``."""
        if not name.startswith("orders_"):
            return self.weight
        return self.orders_10s if name == "orders_10s" else self.orders_1m


class Window(msgspec.Struct, frozen=True):
    """Units used in one window. ``number``: its start, ms since the epoch, divided by the limit's interval."""

    number: int
    used: int


class Usage(msgspec.Struct, frozen=True):
    """The state that processes share: the last window of each limit.

    closed_until: ms; no call may be sent before, because the exchange asked for a pause (429, 418). 0 = no pause.
    """

    windows: dict[LimitName, Window] = {}
    closed_until: int = 0


class Admission(msgspec.Struct, frozen=True):
    """The decision on one call.

    wait_ms: 0 = send it, and ``usage`` is the state with it counted; otherwise decide again after so many ms, and ``usage``
        is unchanged.
    """

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
    """Decide whether a call may be sent at ``now`` (ms of the exchange's clock).

    A call that costs more than the whole share is admitted in an empty window, because it would otherwise wait for ever.
    """
    wait = max(0, usage.closed_until - now)
    for limit in limits:
        units = cost.of(limit.name)
        if not units:
            continue
        used = used_now(usage, limit, now)
        if used and used + units > int(limit.ceiling * shares[urgency]):
            wait = max(wait, (now // limit.interval_ms + 1) * limit.interval_ms - now)
    if wait:
        return Admission(usage, wait)
    return Admission(counted(usage, limits, cost, now), 0)


def counted(usage: Usage, limits: Sequence[Limit], cost: Cost, now: int) -> Usage:
    """Return ``usage`` with one call at ``now`` counted."""
    windows = dict(usage.windows)
    for limit in limits:
        units = cost.of(limit.name)
        if units:
            windows[limit.name] = Window(now // limit.interval_ms, used_now(usage, limit, now) + units)
    return Usage(windows, usage.closed_until)


def uncounted(usage: Usage, limits: Sequence[Limit], cost: Cost, at: int) -> Usage:
    """Return ``usage`` without a call that was counted at ``at`` and is not sent; what is of a later window stays."""
    windows = dict(usage.windows)
    for limit in limits:
        units, window = cost.of(limit.name), windows.get(limit.name)
        if units and window is not None and window.number == at // limit.interval_ms:
            windows[limit.name] = Window(window.number, max(0, window.used - units))
    return Usage(windows, usage.closed_until)


def used_now(usage: Usage, limit: Limit, now: int) -> int:
    """Return the units used in the window that contains ``now``.

    A later window counts too: the clock of another process may be ahead, or ours was set back.
    """
    window = usage.windows.get(limit.name)
    return window.used if window is not None and window.number >= now // limit.interval_ms else 0


def told(usage: Usage, limits: Sequence[Limit], counts: Mapping[LimitName, int], now: int) -> Usage:
    """Return ``usage`` raised to the exchange's ``counts``; the same object if none is higher.

    A lower count than ours is ignored: it does not contain the calls that are on their way.
    """
    windows = dict(usage.windows)
    for limit in limits:
        count = counts.get(limit.name)
        if count is not None and count > used_now(usage, limit, now):
            windows[limit.name] = Window(now // limit.interval_ms, count)
    return usage if windows == usage.windows else Usage(windows, usage.closed_until)


def closed(usage: Usage, until: int) -> Usage:
    """Return ``usage`` with all calls stopped until ``until`` (ms); the same object if they already are."""
    return usage if until <= usage.closed_until else Usage(usage.windows, until)


@cache
def header_of(name: LimitName) -> str:
    """Return the header in which the exchange states its count of a limit; empty if it states none."""
    kind, _, interval = name.partition("_")
    prefix = {"weight": "X-MBX-USED-WEIGHT-", "orders": "X-MBX-ORDER-COUNT-"}.get(kind)
    return f"{prefix}{interval.upper()}" if prefix is not None else ""


def counts_of(headers: Mapping[str, str], limits: Sequence[Limit] = DEFAULT_LIMITS) -> dict[LimitName, int]:
    """Return the exchange's counts in the headers of an answer, by limit; headers that are no number are ignored."""
    found: dict[LimitName, int] = {}
    for limit in limits:
        value = headers.get(header_of(limit.name), "")
        if value.isascii() and value.isdigit() and len(value) < _LONGEST_COUNT:
            found[limit.name] = int(value)
    return found


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Return the pause of the header Retry-After, ms; None if it is missing or no number of seconds."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        return None
    return int(seconds * 1000) if 0 <= seconds < 1e7 else None
