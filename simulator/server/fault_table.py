"""The faults in force: which of them a request or message meets, how often each has applied, when it ends. Pure.

A fault stays in force until it is lifted, its time on the market's clock is over, or it has been applied ``count`` times.
Every fault counts every request or message that it is aimed at, whatever the other faults do to it: so ``nth`` means the
same beside any other fault. From the nth on, each is hit with probability ``share``, drawn from the table's seed: the same
requests in the same order get the same faults. Where only one fault can decide (a request has one answer), the others are
not counted as hits, and meet the next request instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from simulator.server.fault_kinds import FaultKind
from simulator.server.faults import Fault

_MASK: Final = (1 << 64) - 1
_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request or message is, to be compared with the aims of faults.

    streams, symbols, client_ids: all that it names; a fault aimed at one of them hits. What is empty meets only faults
    that do not aim by it. reads: which of the reads of ``stale_reads`` it is; empty = none of them.
    """

    method: str = ""
    path: str = ""
    streams: Collection[str] = ()
    route: str = ""
    symbols: Collection[str] = ()
    client_ids: Collection[str] = ()
    reads: str = ""

    def meets(self, fault: Fault) -> bool:
        """Return True if the fault is aimed at this."""
        return (
            _glob(self.method, fault.method)
            and _glob(self.path, fault.path)
            and _any(self.streams, fault.stream)
            and _glob(self.route, fault.route)
            and _any(self.symbols, fault.symbol)
            and _any(self.client_ids, fault.client_id)
            and fault.reads in ("all", self.reads)
        )


@dataclass(slots=True)
class SetFault:
    """A fault in force.

    until: when it ends, market's clock, ms; None = when it is lifted. hits: how often it was applied.
    chances: how many requests or messages it was aimed at, hit or not.
    """

    id: int
    fault: Fault
    until: int | None
    hits: int = 0
    chances: int = 0


@dataclass(slots=True)
class FaultTable:
    """Holds the faults in force (``set``, by id) and the last 1,000 that ended (``over``, oldest first).

    tell: gets each fault that ends; None = nobody asks.
    """

    seed: int
    set: dict[int, SetFault] = field(default_factory=dict)
    over: list[SetFault] = field(default_factory=list)
    made: int = 0
    tell: Callable[[SetFault], None] | None = None

    def add(self, fault: Fault, now: int) -> SetFault:
        """Put a fault into force at ``now`` (market's clock, ms) and return it with its id."""
        self.made += 1
        until = None if fault.lasts_ms is None else now + fault.lasts_ms
        found = self.set[self.made] = SetFault(self.made, fault, until)
        return found

    def lift(self, fault_id: int) -> SetFault | None:
        """End a fault and return it; None if no fault in force has this id."""
        found = self.set.pop(fault_id, None)
        if found is not None:
            self.over = [*self.over[-999:], found]
            if self.tell is not None:
                self.tell(found)
        return found

    def expired(self, now: int) -> list[SetFault]:
        """End the faults whose time is over at ``now`` (market's clock, ms) and return them."""
        ids = [each.id for each in self.set.values() if each.until is not None and now >= each.until]
        return [lifted for lifted in map(self.lift, ids) if lifted is not None]

    def ends_next(self) -> int | None:
        """Return when the next fault ends (market's clock, ms); None if none ends by time."""
        return min((each.until for each in self.set.values() if each.until is not None), default=None)

    def met(self, aim: Aim, *kinds: FaultKind) -> list[SetFault]:
        """Return the faults of these kinds that may hit this request or message, in the order in which they were set.

        Counts a chance for each fault aimed at it: call it once per request or message and kind. Then call ``hit`` for
        each of them that is applied.
        """
        found = []
        for each in self.set.values():
            fault = each.fault
            if fault.kind in kinds and aim.meets(fault):
                each.chances += 1
                if each.chances >= fault.nth and self.draw(each) < fault.share:
                    found.append(each)
        return found

    def hit(self, each: SetFault) -> Fault:
        """Count a hit, end the fault after its last permitted one, and return what was asked for."""
        each.hits += 1
        if each.fault.count is not None and each.hits >= each.fault.count:
            self.lift(each.id)
        return each.fault

    def strikes(self, kind: FaultKind, aim: Aim) -> Fault | None:
        """Return the first fault of this kind that hits this request or message, and count the hit; None if none does."""
        found = self.met(aim, kind)
        return self.hit(found[0]) if found else None

    def active(self, *kinds: FaultKind) -> list[SetFault]:
        """Return the faults of these kinds in force, in the order in which they were set. Counts nothing."""
        return [each for each in self.set.values() if each.fault.kind in kinds]

    def draw(self, each: SetFault) -> float:
        """Return a pseudo-random number in [0, 1), fixed by the seed, the fault's id and its count of chances."""
        value = (self.seed * 0x9E3779B97F4A7C15 + each.id * 0xBF58476D1CE4E5B9 + each.chances * 0x94D049BB133111EB) & _MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        return float((value ^ (value >> 31)) >> 11) / float(1 << 53)


def _glob(text: str, pattern: str) -> bool:
    return pattern == _ANY or fnmatchcase(text, pattern)


def _any(texts: Collection[str], pattern: str) -> bool:
    return pattern == _ANY or any(fnmatchcase(text, pattern) for text in texts)
