"""Reads and writes the cell of the store in which processes share their counts, and tells a forged one. Pure.

Whoever can write to the store can write anything here. What no process of ours writes is not believed. What one could have
written is: it may hold back queries and entries, which is harmless. What protects does not ask (``limiter``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from shared.exchange.limits.windows import Limit, Usage

#: Longest pause that the exchange asks for: its longest ban, three days.
LONGEST_PAUSE_MS: Final = 259_200_000
#: How far the clock of another process may be ahead of ours.
_SKEW_MS: Final = 60_000
#: Times a limit up to which a count is believed: the exchange goes on counting what it refuses.
_MOST: Final = 100
_MOST_WINDOWS: Final = 16
_MOST_BYTES: Final = 4_096
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Usage)


class Forged(ValueError):
    """Raised for a cell that no process of ours can have written; the text says why."""


def encoded(usage: Usage) -> bytes:
    """Return the cell's value."""
    return _ENCODER.encode(usage)


def decoded(value: bytes, limits: Sequence[Limit], now: int) -> Usage:
    """Return the usage in a cell's value. now: ms. Raises Forged."""
    if len(value) > _MOST_BYTES:
        raise Forged(f"{len(value)} bytes")
    try:
        usage = _DECODER.decode(value)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise Forged(f"unreadable: {error}") from error
    if not 0 <= usage.closed_until <= now + LONGEST_PAUSE_MS + _SKEW_MS:
        raise Forged(f"no calls until {usage.closed_until} ms")
    if len(usage.windows) > _MOST_WINDOWS:
        raise Forged(f"{len(usage.windows)} limits")
    for limit in limits:
        window = usage.windows.get(limit.name)
        if window is None:
            continue
        if not 0 <= window.used <= limit.ceiling * _MOST:
            raise Forged(f"{limit.name}: {window.used} used")
        if not 0 <= window.number <= (now + _SKEW_MS) // limit.interval_ms:
            raise Forged(f"{limit.name}: window {window.number}")
    return usage
