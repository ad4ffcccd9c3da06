"""How prices and sizes are compared, so that what float64 cannot write decides nothing (docs/ict.md §1).

**Prices** are decimals of ten significant digits. ``decimal`` makes each one so where it enters the engine, and where one
is computed (the edge of an entry zone). From there on the operators of Python compare them as the exchange's decimals:
0.1 + 0.2 is 0.3, not above it. No exchange quotes more digits.

**Sizes** are differences of prices, against a number of ATR or a share of another size, and have no such form. ``at_least``
includes equality and ``more_than`` does not. Equal is what lies no further from the threshold than a billionth of it, and
than what float64 loses of prices when they are subtracted.
"""

from __future__ import annotations

from typing import Final, final

from services.analysis.base.finding import INFINITY

#: 10 ** 9: a price scaled to lie from here to ten times as much has ten digits before the point.
_TEN_DIGITS: Final = 1e9
#: Added and taken away again, it rounds a number below it to a whole one: float64 has no fractions there.
_WHOLE: Final = 2.0**52
#: Below, the power of ten to scale by is itself not exact in float64; nothing is quoted there.
_LEAST: Final = 1e-12
#: Part of a threshold within which a size is equal to it.
_NEAR: Final = 1e-9
#: Part of a price that float64 loses when sizes are reckoned from it: forty times its resolution.
_LOST: Final = 1e-14


def decimal(price: float) -> float:
    """The float64 of the decimal of ten significant digits nearest to ``price`` (positive, quote currency).

    Of more digits whole numbers are kept. The scale is a power of ten that is exact in float64, and so is the whole number
    that is divided by it: what an exchange writes in ten digits or less comes back as it was read, to the last bit.
    """
    if price < _LEAST:
        return price
    scale = _scale_of(price)
    return (price * scale + _WHOLE - _WHOLE) / scale


def _scale_of(price: float) -> float:
    scale = 1.0
    while price < _TEN_DIGITS:
        price *= 10.0
        scale *= 10.0
    return scale


@final
class Decimals:
    """``decimal`` for prices that follow on each other, and so are mostly of one size: the scale is looked for once."""

    def __init__(self) -> None:
        self._from = 0.0
        self._to = 0.0
        self._scale = 1.0

    def of(self, price: float) -> float:
        """See ``decimal``."""
        scale = self._scale
        if not self._from <= price < self._to:
            if price < _LEAST:
                return price
            scale = self._scale = _scale_of(price)
            self._from = _TEN_DIGITS / scale
            self._to = INFINITY if scale == 1.0 else 10.0 * self._from
        return (price * scale + _WHOLE - _WHOLE) / scale


def at_least(size: float, least: float, price: float) -> bool:
    """True when ``size`` is ``least`` or more, both of one unit; ``price``: what they were reckoned from (0: no price)."""
    return size >= least - _NEAR * least - _LOST * price


def more_than(size: float, most: float, price: float) -> bool:
    """True when ``size`` is more than ``most``, and not equal to it; as ``at_least``."""
    return size > most + _NEAR * most + _LOST * price


def whole_steps(depth: float, height: float, steps: float, price: float) -> int:
    """How many of ``steps`` equal parts of ``height`` lie within ``depth``, a part that ends at it included; never more."""
    if depth <= 0.0:
        return 0
    return int(min(1.0, (depth + _NEAR * height + _LOST * price) / height) * steps)
