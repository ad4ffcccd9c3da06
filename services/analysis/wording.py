"""How times and prices are written in a fact's ``why``."""

from __future__ import annotations

from datetime import UTC, datetime


def at(time: int) -> str:
    """An instant (UTC ms) to the minute: ``2025-05-04 15:33 UTC``."""
    return f"{datetime.fromtimestamp(time / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"


def price(value: float) -> str:
    """A price without noise digits: ``95505.4``, never in powers of ten for prices that exchanges quote."""
    return f"{value:.12g}"
