"""The first candle beyond a level: what most of the restated rules ask for."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from research.columns import Floats

#: Beyond a level: strictly (``above``, ``below``) or from the level on (``reaches_up``, ``reaches_down``).
Beyond = Literal["above", "below", "reaches_up", "reaches_down"]
_TEST: Final = {"above": np.greater, "below": np.less, "reaches_up": np.greater_equal, "reaches_down": np.less_equal}
_FIRST_LOOK: Final = 64


def first(values: Floats, start: int, beyond: Beyond, level: float) -> int | None:
    """Row of the first of ``values[start:]`` beyond ``level``, None if there is none.

    Looks ahead in steps that double, since most answers are near: the cost is that of the distance, not of the frame.
    """
    test = _TEST[beyond]
    step = _FIRST_LOOK
    while start < len(values):
        hits = test(values[start : start + step], level)
        place = int(hits.argmax())
        if hits[place]:
            return start + place
        start += step
        step *= 2
    return None
