"""The time of a process, and what lanes and sinks make of it: wall time that no jump of the wall clock moves.

Lanes and sinks stamp what they handle with it (``LanePolicy.clock``); cores never read a clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

import structlog
from prometheus_client import Counter

from shared.bus.port import Bus
from shared.domain.control import Alert
from shared.domain.message import Message
from shared.exchange.steady_clock import steady_ns

log = structlog.get_logger(__name__)

#: Whose time lanes and sinks live in.
ClockKind = Literal[
    "own",  # the process's: the market is live
    "player",  # that of whoever plays the market: it travels beside the messages, and no lane has ticks of its own
]

#: A message may claim a time so far ahead of its reader's, ms: clocks differ. Beyond that it is refused, because a core
#: that took it would take everything of the present for old.
FUTURE_MS: Final = 60_000
#: Changes of the wall clock up to this are followed: time servers make them all day.
_JUMP_NS: Final = 1_000_000_000
#: Seconds between two looks for jumps that nobody's reading has found yet.
_LOOK_EVERY: Final = 1.0
_JUMPS: Final = Counter("ict_clock_jumps_total", "Jumps of the wall clock by more than a second, which were not followed")


class ProcessClock:
    """UTC ms, never backwards. A jump of the wall clock by more than a second, either way, is counted and not followed.

    ``wall_ns``: the wall clock; ``steady_ns``: a clock that nobody sets. Both in ns.
    """

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = steady_ns) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._offset = wall_ns() - steady_ns()
        self._jumped = 0
        self._last = 0
        self._untold: list[int] = []

    def now(self) -> int:
        """Return the time, UTC ms."""
        reading = self._steady_ns() + self._offset
        change = self._wall_ns() - self._jumped - reading
        if abs(change) > _JUMP_NS:  # read again: the process may have been frozen between the two clocks
            reading = self._steady_ns() + self._offset
            change = self._wall_ns() - self._jumped - reading
        if abs(change) > _JUMP_NS:
            self._note_jump(change)
        else:
            self._offset += change
            reading += change
        self._last = max(self._last, reading // 1_000_000)
        return self._last

    def take_jumps(self) -> list[int]:
        """Return the jumps, ms, forward is positive, since the last call."""
        jumps, self._untold = self._untold, []
        return jumps

    def _note_jump(self, change: int) -> None:
        self._jumped += change
        self._untold.append(change // 1_000_000)
        _JUMPS.inc()
        log.warning("wall_clock_jumped", ms=change // 1_000_000)


async def tell_jumps(clock: ProcessClock, bus: Bus, source: str) -> None:
    """Publish an alert for each jump of the wall clock, until cancelled. ``source``: the service that tells."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        now = clock.now()
        for jump in clock.take_jumps():
            text = (
                f"The wall clock of {source} jumped by {jump / 1000:+.1f} s and was not followed. Find out which time is "
                "right; if it is the new one, restart the service"
            )
            await bus.publish([Alert(severity="critical", source=source, key="clock_jump", text=text, time=now)], now=now)


def claims_to_come(message: Message, now: int) -> str:
    """Say of a message that it is refused because the time that it claims lies beyond ``now`` (UTC ms) + FUTURE_MS."""
    return f"claims the time {message.at}, {message.at - now} ms after the reader's, which is {now}"
