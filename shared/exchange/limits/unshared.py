"""Counts that a process has not brought to the store yet, and when it may leave them for a moment. Pure.

An order far from the limits need not wait for the store: ``far`` lets it be counted by the process's own copy, and its units
follow. Until then the other processes do not know of them; ``UNTOLD`` bounds them. So however slow the store is, and
however old a copy, all processes together use at most their shares and ``UNTOLD`` for each but one: with three processes,
entries (share 0.9) stay within the limit. Only stops and cancels may use the whole limit. They could pass it by so much
if orders of another process were untold while the second half of the limit was used up: the store is told after 5 ms and
a round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.exchange.limits.windows import Cost, Limit, Usage, Window, used_now

#: Part of an urgency's share of a limit up to which an order need not wait for the store.
FAR: Final = 0.5
#: Part of a limit that one process may use before it has told the others.
UNTOLD: Final = 0.05


def far(known: Usage, untold: Usage, limits: Sequence[Limit], cost: Cost, share: float, now: int) -> bool:
    """Return True if an order may be counted by our own copy. known: all that we know of, ``untold`` included."""
    if known.closed_until > now:
        return False
    for limit in limits:
        units = cost.of(limit.name)
        if not units:
            continue
        if used_now(known, limit, now) + units > limit.ceiling * share * FAR:
            return False
        if used_now(untold, limit, now) + units > limit.ceiling * UNTOLD:
            return False
    return True


def joined(shared: Usage, untold: Usage) -> Usage:
    """Return the shared usage with ours added; the same object if ours is empty.

    Where the shared window is later than ours, ours is added to it: the clock of another process may be ahead.
    """
    if is_empty(untold):
        return shared
    windows = dict(shared.windows)
    for name, ours in untold.windows.items():
        theirs = windows.get(name)
        if theirs is None or theirs.number < ours.number:
            windows[name] = ours
        else:
            windows[name] = Window(theirs.number, theirs.used + ours.used)
    return Usage(windows, max(shared.closed_until, untold.closed_until))


def without(untold: Usage, told: Usage) -> Usage:
    """Return what is still untold when ``told``, which was the untold usage a moment ago, is in the store."""
    windows = {}
    for name, ours in untold.windows.items():
        gone = told.windows.get(name)
        left = ours.used - gone.used if gone is not None and gone.number == ours.number else ours.used
        if left > 0:
            windows[name] = Window(ours.number, left)
    return Usage(windows, untold.closed_until if untold.closed_until > told.closed_until else 0)


def of_now(untold: Usage, limits: Sequence[Limit], now: int) -> Usage:
    """Return ``untold`` without windows and a pause that are over: no limit counts them any more."""
    intervals = {limit.name: limit.interval_ms for limit in limits}
    windows = {
        name: ours
        for name, ours in untold.windows.items()
        if name in intervals and ours.number >= now // intervals[name]  # the exchange may have dropped a limit
    }
    return Usage(windows, untold.closed_until if untold.closed_until > now else 0)


def is_empty(untold: Usage) -> bool:
    """Return True if there is nothing to bring to the store."""
    return not untold.windows and not untold.closed_until
