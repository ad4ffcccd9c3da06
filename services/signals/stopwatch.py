"""Times how long each strategy takes to judge, and tells people of a slow one. The clock is here, and none in the core.

What is measured changes no decision and enters no state: a replay that is slower or faster has the same bytes. For the same
reason no strategy is paused for being slow; an operator's command, which is logged as an input, may do that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.signals import alerts, judging
from services.signals.contract import Enabled
from services.signals.view import MarketView
from shared.bus.port import Bus
from shared.domain.control import Alert
from shared.domain.decisions import Judgement
from shared.domain.timeframes import DURATION
from shared.runtime.clock import ProcessClock
from shared.runtime.lane.metrics import Timing


@dataclass(slots=True)
class _Slow:
    """What was slow since the last alert: the longest judgement, seconds, where and when, and how many there were."""

    seconds: float
    symbol: str
    close_time: int
    times: int = 1


class Stopwatch:
    """Asks strategies as ``judging.ask`` does, and measures each. One serves all lanes of a process.

    slow_ms: a judgement that takes longer is told, once an hour and strategy; 0 = none. timing_of: the histogram of a
    strategy. counter: seconds, of any origin.
    """

    def __init__(
        self, slow_ms: int, timing_of: Callable[[str], Timing], counter: Callable[[], float] = time.perf_counter
    ) -> None:
        self._bound: Final = slow_ms / 1000
        self._slow_ms: Final = slow_ms
        self._timing_of: Final = timing_of
        self._counter: Final = counter
        self._timings: dict[str, Timing] = {}
        self._slow: dict[str, _Slow] = {}
        self._told_at: dict[str, int] = {}
        self._news = asyncio.Event()

    def ask(self, enabled: Enabled, view: MarketView) -> tuple[Judgement, judging.Fault | None]:
        """Return what ``judging.ask`` returns, and note how long it took."""
        began = self._counter()
        answer = judging.ask(enabled, view)
        taken = self._counter() - began
        timing = self._timings.get(enabled.name)
        if timing is None:
            timing = self._timings[enabled.name] = self._timing_of(enabled.name)
        timing.observe(taken)
        if self._bound and taken > self._bound:
            self._note(enabled.name, taken, view)
        return answer

    def due(self, now: int) -> list[Alert]:
        """Take the alerts of strategies that were slow and not told within the last hour; ``now``: UTC ms."""
        found = []
        for strategy, slow in list(self._slow.items()):
            told_at = self._told_at.get(strategy)
            if told_at is not None and now - told_at < DURATION["1h"]:
                continue
            self._told_at[strategy] = now
            del self._slow[strategy]
            taken_ms = round(slow.seconds * 1000)
            found.append(
                alerts.slow_strategy(strategy, slow.symbol, slow.close_time, taken_ms, self._slow_ms, slow.times, now)
            )
        return found

    async def tell(self, bus: Bus, clock: ProcessClock) -> None:
        """Publish the alerts that are due whenever a strategy was slow, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            now = clock.now()
            if told := self.due(now):
                await bus.publish(told, now=now)

    def _note(self, strategy: str, taken: float, view: MarketView) -> None:
        known = self._slow.get(strategy)
        if known is None:
            self._slow[strategy] = _Slow(taken, view.symbol, view.close_time)
        else:
            known.times += 1
            if taken > known.seconds:
                known.seconds, known.symbol, known.close_time = taken, view.symbol, view.close_time
        self._news.set()
