"""A market made up for pictures: a few weeks of quarter hours, the same on every machine."""

from __future__ import annotations

import random
from typing import Final

from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE

SYMBOL: Final = "EXAMPLE"
#: Monday 2026-03-02 00:00 UTC; New York's clocks go forward on the Sunday after.
START: Final = 1_772_409_600_000
_MINUTES: Final = 15
#: Relative size of moves by UTC hour: Asia quiet, London livelier, New York most.
_PULSE: Final = (
    0.7, 0.8, 0.8, 0.7, 0.6, 0.6, 0.8, 1.2, 1.3, 1.2, 1.0, 1.0,
    1.3, 1.6, 1.8, 1.6, 1.3, 1.1, 1.1, 1.2, 0.9, 0.7, 0.6, 0.6,
)  # fmt: skip


def candles(count: int, seed: int) -> list[Candle]:
    """``count`` candles of 15 minutes: legs of trend and of rest, now and then an impulse; prices of one decimal."""
    draw = random.Random(seed)  # noqa: S311  the same picture on every machine, not a secret
    step = DURATION["15m"]
    made: list[Candle] = []
    price, drift, left = 60_000.0, 0.0, 0
    for number in range(count):
        if left == 0:
            left = draw.randint(8, 30)
            drift = draw.choice((-1.0, -0.6, 0.0, 0.6, 1.0)) * 2.2
        left -= 1
        pulse = _PULSE[number * _MINUTES // 60 % 24]
        impulse = draw.choice((-1.0, 1.0)) * 28.0 if draw.random() < 0.03 else 0.0
        path = [price]
        for _ in range(_MINUTES):
            path.append(path[-1] + drift * pulse + impulse + (draw.random() - 0.5) * 70.0 * pulse)
        path = [round(each, 1) for each in path]
        made.append(
            Candle(
                symbol=SYMBOL, timeframe="15m", open_time=START + number * step, open=path[0], high=max(path), low=min(path),
                close=path[-1], volume=round(100.0 * pulse * (1.0 + draw.random()), 1),
            )
        )  # fmt: skip
        price = path[-1] if draw.random() > 0.05 else round(path[-1] + (draw.random() - 0.5) * 160.0, 1)
    assert step == MINUTE * _MINUTES
    return made
