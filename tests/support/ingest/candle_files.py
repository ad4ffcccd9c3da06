"""Candle files for tests: walks written as CSV, so that a row can be spoilt by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from shared.domain.timeframes import DURATION, MINUTE, Timeframe, open_time

HEADER = "open_time,open,high,low,close,volume"
#: A Monday, 00:00 UTC.
START = open_time(1_746_403_200_000, "1w")

#: open_time, open, high, low, close, volume.
Row = tuple[int, float, float, float, float, float]


def walk(seed: int, count: int, timeframe: Timeframe = "1m", start: int = START) -> list[Row]:
    """A reproducible walk on ticks of 0.5 with quiet and wild stretches."""
    draw = random.Random(seed)
    rows: list[Row] = []
    last = 2_000.0
    for number in range(count):
        reach = 12 if number % 90 < 25 else 3
        close = min(max(last + draw.randint(-reach, reach) / 2, 1_000.0), 4_000.0)
        high = max(last, close) + draw.randint(0, reach) / 2
        low = min(last, close) - draw.randint(0, reach) / 2
        rows.append((start + number * DURATION[timeframe], last, high, low, close, draw.randint(1, 40) / 10))
        last = close
    return rows


def write_csv(path: Path, rows: Sequence[Row], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows), ""]))
    return path


def folded(rows: Sequence[Row], minutes: int) -> list[Row]:
    """One-minute rows as rows of ``minutes``; only whole, unbroken ones."""
    found: list[Row] = []
    for first in range(0, len(rows) - minutes + 1, minutes):
        part = rows[first : first + minutes]
        if part[-1][0] - part[0][0] == (minutes - 1) * MINUTE:
            volume = round(sum(row[5] for row in part), 6)
            high, low = max(row[2] for row in part), min(row[3] for row in part)
            found.append((part[0][0], part[0][1], high, low, part[-1][4], volume))
    return found
