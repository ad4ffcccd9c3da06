"""Measures data sets with an executor that may have no access to their files: their candles are sent along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cli.research.measure_processes import Work, run
from research.jobs.executor import Executor
from research.jobs.packed import Packed
from research.measure.record import MeasuredSet


class _Place(NamedTuple):
    """One of the data sets, by its number."""

    number: int

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass(frozen=True)
class _Measure:
    work: tuple[Work, ...]

    def __call__(self, place: _Place) -> MeasuredSet:
        return run(self.work[place.number], lambda _: None)


def measured_by(executor: Executor, work: Sequence[Work], progress: Callable[[int], None]) -> list[MeasuredSet]:
    """Measure all sets; ``progress`` is told the minutes done, set by set. The result is that of one process.

    Raises SourceRefused for a file that changed, ValueError for strategies that cannot be run, and what the executor raises.
    """
    found: dict[int, MeasuredSet] = {}

    def one_more(place: _Place, measured: MeasuredSet) -> None:
        found[place.number] = measured
        progress(sum(work[number].minutes for number in found))

    packed = tuple(replace(each, source=Packed(each.source)) for each in work)
    executor.run(_Measure(packed), [_Place(number) for number in range(len(work))], one_more)
    return [found[number] for number in range(len(work))]
