"""Measures how many one-minute candles a second pass through all stages in one process, journal included."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from itertools import count
from typing import Any, Final

import uvloop

from cli.settings import Settings

#: Closes at the beginning that do not count: imports, the first collection of garbage and the making of the database are
#: over then, and fill half of a short play otherwise.
_WARM_UP: Final = 240


def candles_per_second(settings: Settings, runs: int = 3) -> dict[str, Any]:
    """Play the market of ``settings`` ``runs`` times as fast as it settles.

    ``median`` and ``runs``: from the close after the warm-up to the last; ``with_start``: the median of all of it, the start
    of the services and their end included.
    """
    from cli.play.demo import play
    from cli.play.market import open_source
    from simulator.recorder import Recorder

    steady, whole = [], []
    for _ in range(runs):
        source = open_source(settings, {}, None, None)
        closes = len(source)
        warm_up = min(_WARM_UP, closes // 2)
        stamps: dict[int, float] = {}
        number = count(1)

        def on_step(_: int, stamps: dict[int, float] = stamps, number: count[int] = number) -> None:
            stamps[next(number)] = time.perf_counter()

        gc.collect()
        began = time.perf_counter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play(settings, source, Recorder(None), speed=None, on_step=on_step))
        whole.append(closes * len(source.symbols) / (time.perf_counter() - began))
        steady.append((closes - warm_up) * len(source.symbols) / (stamps[closes] - stamps[warm_up]))
    return {
        "median": round(statistics.median(steady)),
        "runs": [round(rate) for rate in steady],
        "with_start": round(statistics.median(whole)),
    }
