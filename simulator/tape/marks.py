"""Simulates mark and index price each second: the index follows the mid price with delay, the mark adds a premium.

After a price gap the index follows at once (``SymbolMarket.leaps``).
The premium is a sine wave of the market's time with period ``premium_period_s``.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from simulator.tape.settings import TapeSettings

_PLACES: Final = Decimal("1E-8")


class MarkWalk:
    """Mark and index price of one symbol. ``middle``: mid price of best bid and ask, USDT."""

    def __init__(self, middle: Decimal, settings: TapeSettings) -> None:
        self._settings = settings
        self._index = float(middle)

    def at(self, time: int, middle: Decimal) -> tuple[Decimal, Decimal]:
        """Return mark and index price at ``time`` (UTC ms), USDT, eight decimals. Call it each second and after a jump."""
        settings = self._settings
        self._index += settings.index_pull * (float(middle) - self._index)
        swing = math.sin(2.0 * math.pi * (time / 1000.0) / settings.premium_period_s)
        index = Decimal(repr(self._index)).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
        mark = Decimal(repr(self._index * (1.0 + settings.premium * swing))).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
        return mark, index

    def jump(self, middle: Decimal) -> None:
        """Move the index to ``middle`` at once, after a price gap or when a price was set by hand."""
        self._index = float(middle)
