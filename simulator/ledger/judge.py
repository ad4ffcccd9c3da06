"""Judges whoever traded at the simulated exchange by the ledger that it kept: each invariant is a row of a table. Pure.

What risk approved comes beside it, because the exchange cannot know it. An *entry* is an order of the book under an id of
execution that neither reduces nor is a conditional order's child.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

from simulator.ledger.harness import own_faults
from simulator.ledger.record import Conditional, Line, Ordered
from simulator.ledger.refusing import refusing
from simulator.ledger.spans import Span, common, joined, outside, without
from simulator.ledger.standing import SymbolTimes, halted, running, standing

Invariant = Literal[
    "twice",  # no client id is taken twice, and no entry trades more than was approved
    "unapproved",  # every entry was approved
    "lost",  # every approved entry reached the exchange, or somebody was told why not
    "late",  # no entry is taken after its valid_until
    "halted",  # no entry is taken while execution is halted
    "naked",  # no position stands without a stop for longer than it may
    "orphan",  # no exit order is left where nothing is held
    "ledger",  # the ledger is at one with itself, and with what the harness says that it did
]
#: Execution under an id of its own.
_OURS: Final = "icte"
#: Processes that protect, and those that clear up after a trade.
_PROTECTING: Final = ("execution", "guardian")
_CLEARING: Final = "execution"


@dataclass(frozen=True, slots=True)
class Limits:
    """naked_ms: longest time bare, while somebody who protects runs and stops are taken. orphan_ms: longest time with exits
    of ours and nothing held, while execution runs and the exchange does as it is asked. sent_ms: how long before the word of
    a halt an entry may have been signed.
    """

    naked_ms: int = 3_000
    orphan_ms: int = 20_000
    sent_ms: int = 1_500


@dataclass(frozen=True, slots=True)
class Approval:
    """What risk approved. quantity: base currency; valid_until: UTC ms. told: readers know how it ended without an order."""

    intent_id: str
    symbol: str
    quantity: Decimal
    valid_until: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that was broken. at: UTC ms; what: a sentence."""

    invariant: Invariant
    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Bare:
    """Time without a stop, ms: altogether, and the longest spell. Refused: while the exchange took none; unattended: while
    nobody ran who could have placed one.
    """

    spells: int
    longest: int
    total: int
    longest_refused: int
    refused: int
    unattended: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the ledger says. entries: orders that entered and filled at least in part."""

    entries: int
    orders: int
    fills: int
    bare: Bare
    breaches: tuple[Breach, ...]


@dataclass
class Case:
    """All that is asked about. approvals: by the client id that the entry has."""

    lines: Sequence[Line]
    approvals: Mapping[str, Approval]
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def end(self) -> int:
        """The time of the last line, ms."""
        return max((each.at for each in self.lines), default=0)

    @cached_property
    def taken(self) -> list[Ordered]:
        """Orders of the book as the exchange took them, those of conditional orders left out."""
        return [each for each in self.lines if isinstance(each, Ordered) and each.change == "NEW" and not each.algo_id]

    @cached_property
    def entries(self) -> list[Ordered]:
        """The entries among them."""
        return [each for each in self.taken if each.client_id.startswith(_OURS) and not each.reduces]

    @cached_property
    def traded(self) -> dict[str, Decimal]:
        """Base currency that traded under each client id, conditional orders' children left out."""
        found: dict[str, Decimal] = {}
        for each in self.lines:
            if isinstance(each, Ordered) and each.trade_id and not each.algo_id:
                found[each.client_id] = found.get(each.client_id, Decimal(0)) + each.filled
        return found

    @cached_property
    def times(self) -> dict[str, SymbolTimes]:
        """What each symbol went through."""
        return standing(self.lines, self.end)

    @cached_property
    def refused(self) -> dict[str, list[Span]]:
        """When stops were not taken, by symbol."""
        return refusing(self.lines, self.end)

    def refused_in(self, symbol: str) -> list[Span]:
        """When stops were not taken in a symbol."""
        return joined([*self.refused.get("*", []), *self.refused.get(symbol, [])])

    def without(self, *begins: str) -> list[Span]:
        """When no process ran whose name begins with one of these."""
        there = joined([each for begin in begins for each in running(self.lines, begin, self.end)])
        return outside(there, Span(min((each.at for each in self.lines), default=0), self.end))


def _twice(case: Case) -> list[Breach]:
    first: dict[str, Ordered | Conditional] = {}
    found, seen = [], set[int]()
    for line in case.lines:
        if isinstance(line, Ordered):
            new, number = line.change == "NEW" and not line.algo_id, line.order_id
        elif isinstance(line, Conditional):
            new, number = line.status == "NEW", line.algo_id
        else:
            continue
        if not new or not line.client_id.startswith("ict") or number in seen:
            continue
        seen.add(number)
        if line.client_id in first:
            found.append(
                Breach("twice", line.at, f"{line.symbol}: {line.client_id} was taken before, at {first[line.client_id].at}")
            )
        first.setdefault(line.client_id, line)
    for client_id, quantity in case.traded.items():
        approved = case.approvals.get(client_id)
        if approved is not None and quantity > approved.quantity:
            text = f"{approved.symbol}: {quantity} traded for {approved.intent_id}, and {approved.quantity} were approved"
            found.append(Breach("twice", case.end, text))
    return found


def _unapproved(case: Case) -> list[Breach]:
    return [
        Breach("unapproved", each.at, f"{each.symbol}: nobody approved {each.client_id}")
        for each in case.entries
        if each.client_id not in case.approvals
    ]


def _lost(case: Case) -> list[Breach]:
    there = {each.client_id for each in case.entries}
    return [
        Breach(
            "lost",
            each.valid_until,
            f"{each.symbol}: {each.intent_id} was approved; no order of it came, and nobody said why",
        )
        for client_id, each in case.approvals.items()
        if client_id not in there and not each.told
    ]


def _late(case: Case) -> list[Breach]:
    return [
        Breach("late", each.at, f"{each.symbol}: {each.client_id} was valid until {until}, {each.created - until} ms before")
        for each in case.entries
        if each.client_id in case.approvals and each.created > (until := case.approvals[each.client_id].valid_until)
    ]


def _halted(case: Case) -> list[Breach]:
    spans, room = halted(case.lines, case.end), case.limits.sent_ms
    return [
        Breach("halted", each.at, f"{each.symbol}: {each.client_id} was taken {each.created - span.begin} ms after the halt")
        for each in case.entries
        for span in spans
        if span.begin + room < each.created < span.end
    ]


def _naked(case: Case) -> list[Breach]:
    nobody, limit = case.without(*_PROTECTING), case.limits.naked_ms
    return [
        Breach("naked", piece.begin, f"{symbol}: held without a stop for {piece.ms} ms")
        for symbol, times in case.times.items()
        for span in times.bare
        for piece in without(span, joined([*case.refused_in(symbol), *nobody]))
        if piece.ms > limit
    ]


def _orphan(case: Case) -> list[Breach]:
    nobody, limit = case.without(_CLEARING), case.limits.orphan_ms
    found = [
        Breach("orphan", piece.begin, f"{symbol}: exits stood {piece.ms} ms beside no position")
        for symbol, times in case.times.items()
        for span in times.left
        for piece in without(span, joined([*case.refused_in(symbol), *nobody]))
        if piece.ms > limit
    ]
    for symbol, times in case.times.items():
        if times.exits and not times.quantity:
            found.append(Breach("orphan", case.end, f"{symbol}: {', '.join(sorted(times.exits))} is left at the end"))
    return found


def _ledger(case: Case) -> list[Breach]:
    return [Breach("ledger", at, what) for at, what in own_faults(case.lines, case.entries, case.end)]


#: Every invariant, and what looks for its breaches.
CHECKS: Final[dict[Invariant, Callable[[Case], list[Breach]]]] = {
    "twice": _twice,
    "unapproved": _unapproved,
    "lost": _lost,
    "late": _late,
    "halted": _halted,
    "naked": _naked,
    "orphan": _orphan,
    "ledger": _ledger,
}


def judge(case: Case) -> Judgement:
    """Ask every check."""
    filled = {each.client_id for each in case.entries if case.traded.get(each.client_id)}
    return Judgement(
        entries=len(filled),
        orders=len(case.taken),
        fills=sum(1 for each in case.lines if isinstance(each, Ordered) and each.trade_id),
        bare=_bare(case),
        breaches=tuple([breach for check in CHECKS.values() for breach in check(case)]),
    )


def _bare(case: Case) -> Bare:
    nobody = case.without(*_PROTECTING)
    told, refused, unattended = [], [], []
    for symbol, times in case.times.items():
        closed = case.refused_in(symbol)
        for span in times.bare:
            told += without(span, joined([*closed, *nobody]))
            refused += common(span, closed)
            unattended += [piece for each in common(span, nobody) for piece in without(each, closed)]
    return Bare(
        spells=len(told),
        longest=max((each.ms for each in told), default=0),
        total=sum(each.ms for each in told),
        longest_refused=max((each.ms for each in refused), default=0),
        refused=sum(each.ms for each in refused),
        unattended=sum(each.ms for each in unattended),
    )


def breaches_by_invariant(found: Judgement) -> Counter[Invariant]:
    """Count the breaches of each invariant."""
    return Counter(each.invariant for each in found.breaches)
