"""A market made up for pictures: a few weeks of quarter hours, the same on every machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE

SYMBOL: Final = "EXAMPLE"
#: One that moves with it, most of the time.
COMPANION: Final = "COMPANION"
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


def companion(candles: Sequence[Candle], seed: int) -> list[Candle]:
    """A symbol at about a twentieth of the price, which follows and now and then strays a little; prices of two decimals."""
    draw = random.Random(seed)  # noqa: S311  the same picture on every machine, not a secret
    made: list[Candle] = []
    ratio, stray = 0.05, 0.0
    for candle in candles:
        before = ratio
        stray = 0.98 * stray + (draw.random() - 0.5) * 0.0008
        ratio = 0.05 * (1.0 + stray)
        opened, close = round(candle.open * before, 2), round(candle.close * ratio, 2)
        high, low = candle.high * max(before, ratio), candle.low * min(before, ratio)
        made.append(
            msgspec.structs.replace(
                candle, symbol=COMPANION, open=opened, close=close, high=max(opened, close, round(high, 2)),
                low=min(opened, close, round(low, 2)),
            )
        )  # fmt: skip
    return made
