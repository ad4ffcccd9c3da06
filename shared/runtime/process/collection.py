"""Keeps Python's collector of cyclic garbage out of the way of orders.

A collection of everything walks every object that the process keeps: tens of milliseconds with fifty symbols, and it comes
when a close has made many objects. Here what stands at the start is never walked again, young objects are looked at often,
and everything only in a lull.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.runtime.supervision import end_all

#: Allocations between two collections of the youngest objects: a close makes hundreds of messages, and no cycles.
_YOUNG: Final = 20_000
#: The collector's own way to everything, as good as shut.
_NEVER: Final = 1_000_000_000
#: A time without any collection of the youngest is a lull, seconds.
_LULL_S: Final = 0.25
#: Middle collections after which everything is collected in the next lull, and without one.
_DUE, _OVERDUE = 2, 200


@asynccontextmanager
async def quiet_collection() -> AsyncIterator[None]:
    """Collect everything in lulls only, until the block ends. Enter it when what stands for ever stands."""
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(_YOUNG, thresholds[1], _NEVER)
    task = asyncio.create_task(_in_lulls(), name="garbage collection")
    try:
        yield
    finally:
        await end_all([task])
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def _in_lulls() -> None:
    seen = _collections()
    while True:
        await asyncio.sleep(_LULL_S)
        quiet, seen = seen == _collections(), _collections()
        waiting = gc.get_count()[2]
        if waiting >= _OVERDUE or (quiet and waiting >= _DUE):
            gc.collect()


def _collections() -> int:
    return int(gc.get_stats()[0]["collections"])
