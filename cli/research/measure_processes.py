"""Measures data sets, each in a process of its own where several are allowed; a broken process or Ctrl-C ends all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

from cli.settings import Settings
from research.decisions import Deciding
from research.jobs.executor import Stopped
from research.measure.counting import Measuring, Origin
from research.measure.record import MeasuredSet
from services.ingest.candle_source import CandleSource

#: Minutes between two looks at whether to stop, and two reports of progress.
_EVERY: Final = 200
#: Seconds between two looks at the progress of the processes.
_LOOK: Final = 0.2

#: In a process that measures: minutes done by set, and whether to stop. Shared memory reaches it only when it is started.
_shared: dict[str, Any] = {}


@dataclass(frozen=True)
class Work:
    """One data set to measure."""

    origin: Origin
    settings: Settings
    source: CandleSource

    @property
    def minutes(self) -> int:
        """How many minutes it has."""
        return len(self.source)


def measured(work: Sequence[Work], jobs: int, progress: Callable[[int], None]) -> list[MeasuredSet]:
    """Measure all sets, up to ``jobs`` at once; ``progress`` is told the minutes done. The result is the same for any jobs.

    Raises SourceRefused for a file that changed, ValueError for strategies that cannot be run, Stopped.
    """
    if jobs == 1 or len(work) == 1:
        done, sets = 0, []
        for each in work:
            before = done
            sets.append(run(each, lambda minutes, before=before: progress(before + minutes)))  # type: ignore[misc]  # default
            done += each.minutes
        return sets
    context = get_context("spawn")
    counts: Any = context.Array("q", len(work))
    stop: Any = context.Value("b", False)
    pool = ProcessPoolExecutor(
        min(jobs, len(work)), mp_context=context, initializer=_begin, initargs=(counts, stop, os.getpid())
    )
    with pool:
        with _deaf_to_ctrl_c():
            futures = [pool.submit(_run_there, number, each) for number, each in enumerate(work)]
        try:
            return _gathered(futures, lambda: progress(sum(counts)))
        except BrokenProcessPool:
            raise Stopped(
                "a process was ended from outside, for example for want of memory; fewer --jobs need less"
            ) from None
        finally:
            stop.value = True
            for each_future in futures:
                each_future.cancel()


def run(work: Work, progress: Callable[[int], None]) -> MeasuredSet:
    """Measure one set in this process."""
    settings = work.settings
    deciding = Deciding(settings, settings.ingest, settings.analysis, settings.signals)
    measuring = Measuring(deciding, settings.signals.enabled(), work.source)
    for number, _ in enumerate(measuring.minutes(), start=1):
        if number % _EVERY == 0:
            progress(number)
    return measuring.result(work.origin)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that begin in here never see Ctrl-C, not even while they import; we see it when the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _gathered(futures: Sequence[Future[MeasuredSet]], look: Callable[[], None]) -> list[MeasuredSet]:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=_LOOK, return_when=FIRST_EXCEPTION)
        for each in done:
            each.result()
        look()
    return [each.result() for each in futures]


def _begin(counts: Any, stop: Any, parent: int) -> None:
    """Of a new process: what it shares with its parent, who tells it to stop."""
    _shared.update(counts=counts, stop=stop, parent=parent)


def _run_there(number: int, work: Work) -> MeasuredSet:
    def progress(minutes: int) -> None:
        if _shared["stop"].value or os.getppid() != _shared["parent"]:
            raise Stopped("told to stop")
        _shared["counts"][number] = minutes

    return run(work, progress)
