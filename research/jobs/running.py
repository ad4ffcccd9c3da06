"""Runs jobs with an executor; those that are done are not run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from research.jobs.executor import Executor
from research.jobs.job import Backtest, Job, Outcome
from research.jobs.kept import Kept


@dataclass(frozen=True)
class Play:
    """Plays a job, wherever it is run; who asked for the outcome keeps it."""

    backtest: Backtest

    def __call__(self, job: Job) -> Outcome:
        """Raises what the backtest raises."""
        return self.backtest(job.settings, job.span)


def outcomes(
    jobs: Sequence[Job], backtest: Backtest, kept: Kept, executor: Executor, on_done: Callable[[int], None] | None = None
) -> list[Outcome]:
    """The outcome of each job, in their order, whoever ran them. ``on_done``: called with how many are done.

    Raises what the executor raises, and OSError; what was done by then is kept.
    """
    found = {job.key: kept.get(job) for job in jobs}
    missing = list({job.key: job for job in jobs if found[job.key] is None}.values())
    done = len(found) - len(missing)

    def one_more(job: Job, outcome: Outcome) -> None:
        nonlocal done
        kept.put(job, outcome)
        found[job.key] = kept.get(job)
        done += 1
        if on_done is not None:
            on_done(done)

    if on_done is not None:
        on_done(done)
    if missing:
        executor.run(Play(backtest), missing, one_more)
    return [_there(found[job.key], kept, job) for job in jobs]


def _there(outcome: Outcome | None, kept: Kept, job: Job) -> Outcome:
    if outcome is None:
        raise OSError(f"{kept.path(job)} was written and cannot be read back; is the disk in order?")
    return outcome
