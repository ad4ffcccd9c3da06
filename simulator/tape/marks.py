"""Mark and index price, second by second: the index follows the middle slowly, the mark stands a swinging premium off."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from simulator.tape.settings import TapeSettings

_PLACES: Final = Decimal("1E-8")


class MarkWalk:
    """One symbol's index. ``middle`` everywhere: the middle of best bid and ask, USDT."""

    def __init__(self, middle: Decimal, settings: TapeSettings) -> None:
        self._settings = settings
        self._index = float(middle)

    def at(self, time: int, middle: Decimal) -> tuple[Decimal, Decimal]:
        """Mark and index at ``time`` (UTC ms), one second after the call before. USDT, eight decimals."""
        settings = self._settings
        self._index += settings.index_pull * (float(middle) - self._index)
        swing = math.sin(2.0 * math.pi * (time / 1000.0) / settings.premium_period_s)
        index = Decimal(repr(self._index)).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
        mark = Decimal(repr(self._index * (1.0 + settings.premium * swing))).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
        return mark, index

    def jump(self, middle: Decimal) -> None:
        """The price was set by hand: the index goes with it at once."""
        self._index = float(middle)
