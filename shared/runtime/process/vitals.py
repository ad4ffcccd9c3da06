"""Metrics of every process: lag of the event loop, memory, build."""

from __future__ import annotations

import asyncio
import platform
from collections import deque
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import psutil
from prometheus_client import Gauge

_LAG: Final = Gauge(
    "ict_loop_lag_seconds", "Longest time, lately, by which the event loop woke up too late: what a message had to wait"
)
_MEMORY: Final = Gauge("ict_resident_memory_bytes", "Resident memory of this process")
_BUILD: Final = Gauge(
    "ict_build_info", "1, with what this process was built from as labels", ["service", "version", "python"]
)


@dataclass(frozen=True, slots=True)
class VitalsPolicy:
    """How the lag of the event loop is measured.

    interval: seconds between two measurements. looks: measurements over which the gauge shows the maximum, so that a stall
    between two scrapes is seen.
    """

    interval: float = 0.25
    looks: int = 60


def describe_build(service: str) -> None:
    """Set the gauges of build and memory. Call it once per process."""
    try:
        built = version("ict-trader")
    except PackageNotFoundError:  # run from a source tree that was never installed
        built = "source"
    _BUILD.labels(service, built, platform.python_version()).set(1)
    process = psutil.Process()
    _MEMORY.set_function(lambda: float(process.memory_info().rss))


async def watch_loop(policy: VitalsPolicy) -> None:
    """Measure the loop's lag until cancelled."""
    loop = asyncio.get_running_loop()
    lags: deque[float] = deque(maxlen=policy.looks)
    while True:
        due = loop.time() + policy.interval
        await asyncio.sleep(policy.interval)
        lags.append(max(0.0, loop.time() - due))
        _LAG.set(max(lags))
