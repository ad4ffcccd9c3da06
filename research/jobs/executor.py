"""Who runs jobs: this process, or processes beside it that may be killed. ``ray_cluster`` has the third, other machines."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol, TypeVar

#: So many processes may be killed with the same job, until it is given up.
PATIENCE: Final = 3


class Named(Protocol):
    """A job: everything that decides its answer is in its key, or the same for all jobs of a run."""

    @property
    def key(self) -> str: ...


J = TypeVar("J", bound=Named)
A = TypeVar("A")


class Stopped(Exception):
    """Work was ended from outside, for the same job again and again; the text says how."""


class Executor(Protocol):
    """Runs jobs in any order, each at least once; a job may be run again, because its answer would be the same."""

    def run(self, do: Callable[[J], A], jobs: Sequence[J], on_done: Callable[[J, A], None]) -> None:
        """Run all jobs; ``on_done`` is called in this process with each and its answer. Raises what ``do`` does, or Stopped.

        do, jobs and answers reach other processes by pickle.
        """
        ...


class Here:
    """Runs one after the other in this process."""

    def run(self, do: Callable[[J], A], jobs: Sequence[J], on_done: Callable[[J, A], None]) -> None:
        """See the port."""
        for job in jobs:
            on_done(job, do(job))


class Processes:
    """Runs ``count`` at once, each in a process. One that is killed is replaced, and its job runs again.

    Python's own pool is not used: in 3.11 it waits for ever when a process is killed while others are being started.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"{count} processes: at least 1 is wanted")
        self._count = count

    def run(self, do: Callable[[J], A], jobs: Sequence[J], on_done: Callable[[J, A], None]) -> None:
        """See the port."""
        waiting, killed = deque(jobs), Counter[str]()
        busy: dict[Connection, tuple[_Worker, J]] = {}
        idle: list[_Worker] = []
        try:
            while waiting or busy:
                while waiting and len(busy) < self._count:
                    worker, job = idle.pop() if idle else _Worker(do), waiting.popleft()
                    busy[worker.pipe] = worker, job
                    worker.ask(job)
                for pipe in wait(list(busy)):
                    assert isinstance(pipe, Connection)
                    worker, job = busy.pop(pipe)
                    answer = worker.answer()
                    if answer is not None:
                        idle.append(worker)
                        on_done(job, answer[0])
                        continue
                    worker.end()
                    killed[job.key] += 1
                    if killed[job.key] == PATIENCE:
                        raise Stopped(
                            f"{PATIENCE} processes with the same job were ended from outside, for example for want of "
                            "memory; fewer --jobs need less"
                        )
                    waiting.append(job)
        finally:
            for worker in [*idle, *(each for each, _ in busy.values())]:
                worker.end()  # also in the middle of a job: nobody has its answer


class _Worker:
    """One process, as its parent sees it."""

    def __init__(self, do: Callable[[Any], object]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there, do), daemon=True)
        with _deaf_to_ctrl_c():
            self._process.start()
        there.close()

    def ask(self, job: Named) -> None:
        """Hand over a job. A process that is gone does not answer, which is seen there."""
        try:
            self.pipe.send(job)
        except OSError:
            return

    def answer(self) -> tuple[Any] | None:
        """Wait for the answer; None if the process was ended. Raises what the job raised."""
        try:
            answer, error = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if error is not None:
            raise error
        return (answer,)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        self._process.kill()
        self._process.join()


def executor(jobs: int) -> Executor:
    """The executor for ``--jobs``."""
    return Here() if jobs == 1 else Processes(jobs)


def _work(pipe: Connection, do: Callable[[Any], object]) -> None:
    """Work in a process of its own until the parent closes the pipe, or is gone."""
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        answer: object = None
        error: Exception | None = None
        try:
            answer = do(job)
        except Exception as raised:  # noqa: BLE001  it is raised again in the parent
            error = raised
        try:
            pipe.send((answer, error))
        except OSError:
            return
        except (pickle.PicklingError, TypeError, AttributeError) as unsent:
            error = error or unsent
            pipe.send((None, RuntimeError(f"{type(error).__name__}: {error}")))  # it cannot leave its process


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that begin in here never see Ctrl-C, not even while they import; we see it when the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
