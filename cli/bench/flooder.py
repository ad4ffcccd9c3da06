"""Floods the bus with order flow, as a process of its own: ``python -m cli.bench.flooder CONFIG MESSAGES``.

It runs at the lowest priority, so that the benchmark measures the effect of the flood on the bus and not the CPU that the
publisher takes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvloop

from cli.run.configuration import try_load
from cli.wiring import make_bus
from shared.domain.control import Micro

_BATCH = 500


async def flood(config: Path, messages: int) -> None:
    """Publish ``messages`` order-flow seconds of one symbol, as fast as the broker takes them."""
    settings = try_load([config])
    bus = make_bus(settings, "flooder")
    await bus.start()
    symbol = settings.symbols[0]
    for first in range(0, messages, _BATCH):
        batch = [
            Micro(symbol=symbol, time=time, bid=99.9, ask=100.1, imbalance=0.0, trade_delta=0.0)
            for time in range(first + 1, min(first + _BATCH, messages) + 1)
        ]
        await bus.publish(batch)
    await bus.close()


if __name__ == "__main__":
    os.nice(19)
    uvloop.run(flood(Path(sys.argv[1]), int(sys.argv[2])))
