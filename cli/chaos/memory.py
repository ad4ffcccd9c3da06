"""Memory of the processes of a drill: whether one that lives long keeps growing. Pure.

A process that was killed begins anew, so a drill with kills has short lives, and says little about memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Final

#: Shortest life that says anything, seconds: windows of candles and caches are full by then.
LONG_S: Final = 600.0
#: What a life may grow by from its third sixth to its last: MB, or a share of what it had, whichever is more.
_GROWTH_MB, _GROWTH_SHARE = 8.0, 0.10
_SIXTH: Final = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory of a process. pid: whose life; at: seconds of the drill; mb: 2^20 bytes."""

    name: str
    pid: int
    at: float
    mb: float


@dataclass(frozen=True, slots=True)
class Life:
    """One long life. seconds: how long; before, after: median memory of its third and of its last sixth, MB."""

    name: str
    seconds: float
    before: float
    after: float

    @property
    def flat(self) -> bool:
        """True unless it keeps growing."""
        return self.after - self.before <= max(_GROWTH_MB, self.before * _GROWTH_SHARE)


def lives(samples: Sequence[Sample], long_s: float = LONG_S) -> list[Life]:
    """Return the lives that were long enough to say something, by name and in order."""
    found = []
    ordered = sorted(samples, key=lambda each: (each.name, each.pid, each.at))
    for (name, _), group in groupby(ordered, key=lambda each: (each.name, each.pid)):
        life = list(group)
        seconds = life[-1].at - life[0].at
        if seconds < long_s:
            continue
        sixths = [int((each.at - life[0].at) * _SIXTH / seconds) for each in life]
        third = [each.mb for each, sixth in zip(life, sixths, strict=True) if sixth == 2]
        last = [each.mb for each, sixth in zip(life, sixths, strict=True) if sixth >= _SIXTH - 1]
        if third and last:
            found.append(Life(name, seconds, round(median(third), 1), round(median(last), 1)))
    return found


def highest(samples: Sequence[Sample]) -> Mapping[str, float]:
    """Return the most memory that each process had, MB."""
    found: dict[str, float] = {}
    for each in samples:
        found[each.name] = max(found.get(each.name, 0.0), each.mb)
    return found
