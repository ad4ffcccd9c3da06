"""Start price and grids of generated symbols: known ones near their prices of January 2025, others from their name."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """``price_digits``, ``volume_digits``: decimals of the tick and of the quantity step, as on the exchange."""

    price: float
    price_digits: int
    volume_digits: int


_KNOWN: Final = {"BTCUSDT": Profile(95_000.0, 1, 3), "ETHUSDT": Profile(3_300.0, 2, 3)}


def profile(symbol: str) -> Profile:
    """The known profile, else one from a hash of the name: the same in every process. 0.01 to 1000 USDT, five digits."""
    if symbol in _KNOWN:
        return _KNOWN[symbol]
    exponent = zlib.crc32(symbol.encode()) / 2**32 * 5.0 - 2.0
    digits = 4 - math.floor(exponent)
    price = round(10.0**exponent, digits)
    return Profile(price, digits, 3 if price > 100.0 else 1 if price > 1.0 else 0)
