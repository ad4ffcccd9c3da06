"""The timeframe of a candle file, read from its times."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.ingest.files.inspection import TIME_RANGE
from services.ingest.files.readers import FileDefect, read_columns
from shared.domain.timeframes import DURATION, MINUTE, Timeframe


def interval_of(path: Path, coarsest: Timeframe, batch_rows: int = 65_536) -> Timeframe:
    """The step that most neighbouring rows are apart; ``coarsest`` for a file of fewer than two times.

    The most common step, not the shortest: one stray row is then a defect of that row. Raises FileDefect ``wrong_interval``
    when the step is no timeframe, or a longer one than ``coarsest``, and others for a file that cannot be read.
    """
    counts: dict[int, int] = {}
    last = np.empty(0, dtype=np.int64)
    for columns in read_columns(path, "open_time", (), batch_rows):
        times = np.concatenate((last, columns["open_time"]))
        if len(times) and not TIME_RANGE[0] <= times.min() <= times.max() < TIME_RANGE[1]:
            return coarsest  # another unit: the examination that follows says which, and what to do
        steps, numbers = np.unique(np.abs(np.diff(times)), return_counts=True)
        for step, number in zip(steps.tolist(), numbers.tolist(), strict=True):
            counts[step] = counts.get(step, 0) + number
        last = times[-1:]
    counts.pop(0, None)
    if not counts:
        return coarsest
    usual = max(counts, key=lambda step: (counts[step], -step))
    for timeframe, duration in DURATION.items():
        if duration == usual:
            if duration > DURATION[coarsest]:
                text = f"candles of {timeframe} cannot make candles of {coarsest}; ask for {timeframe} or coarser"
                raise FileDefect(path, "wrong_interval", text)
            return timeframe
    apart = f"{usual // MINUTE} minutes" if usual % MINUTE == 0 else f"{usual / 1000:g} seconds"
    text = f"most candles are {apart} apart; give a file of {', '.join(DURATION)} candles, open_time in milliseconds"
    raise FileDefect(path, "wrong_interval", text)
