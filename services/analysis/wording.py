"""How times and prices are written in a fact's ``why``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from shared.domain.timeframes import MINUTE

_EPOCH: Final = date(1970, 1, 1).toordinal()
_MOST_DAYS: Final = 512
#: `` 15:33 UTC`` of every minute of a day.
_MINUTES: Final = [f" {minute // 60:02d}:{minute % 60:02d} UTC" for minute in range(1_440)]
_days: Final[dict[int, str]] = {}
_MOST_PRICES: Final = 2_048
_prices: Final[dict[float, str]] = {}


def at(time: int) -> str:
    """An instant (UTC ms) to the minute: ``2025-05-04 15:33 UTC``."""
    minute = time // MINUTE  # compiled, divmod is a call with objects
    return _day(minute // 1_440) + _MINUTES[minute % 1_440]


def _day(number: int) -> str:
    """Days since 1970 as a date. Sentences of one time name few days, and writing a date is what costs: they are kept."""
    written = _days.get(number)
    if written is None:
        if len(_days) >= _MOST_DAYS:
            _days.clear()
        written = _days[number] = date.fromordinal(_EPOCH + number).isoformat()
    return written


def price(value: float) -> str:
    """A price without noise digits: ``95505.4``, ``0.0000001005``: never in powers of ten.

    The facts of one close name few prices, and often the same: they are kept (not zero: -0 is the same key).
    """
    written = _prices.get(value)
    if written is None:
        written = f"{value:.12g}"
        if "e" in written:
            written = f"{Decimal(written):f}"
        if value > 0.0:
            if len(_prices) >= _MOST_PRICES:
                _prices.clear()
            _prices[value] = written
    return written
