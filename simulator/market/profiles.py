"""Start price and grid of generated symbols: known symbols as of January 2025, others derived from their name."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """Start price of a symbol, USDT; decimals of its price tick (``price_digits``) and quantity step (``volume_digits``)."""

    price: float
    price_digits: int
    volume_digits: int


_KNOWN: Final = {"BTCUSDT": Profile(95_000.0, 1, 3), "ETHUSDT": Profile(3_300.0, 2, 3)}


def profile(symbol: str) -> Profile:
    """Return the known profile of a symbol, else one derived from a hash of its name, the same in every process.

    Derived prices lie between 0.01 and 1000 USDT and have five significant digits.
    """
    if symbol in _KNOWN:
        return _KNOWN[symbol]
    exponent = zlib.crc32(symbol.encode()) / 2**32 * 5.0 - 2.0
    digits = 4 - math.floor(exponent)
    price = round(10.0**exponent, digits)
    return Profile(price, digits, 3 if price > 100.0 else 1 if price > 1.0 else 0)
