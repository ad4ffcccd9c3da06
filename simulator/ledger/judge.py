"""Judges whoever traded at the simulated exchange by the ledger that it kept: each invariant is a row of a table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.ledger.case import Breach, Case, Invariant
from simulator.ledger.harness import own_faults
from simulator.ledger.record import Conditional, Ordered
from simulator.ledger.spans import common, joined, without
from simulator.ledger.standing import GUARDIANS, halted

#: Processes that protect.
_PROTECTING: Final = ("execution", "guardian")


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
    limit = case.limits.orphan_ms
    found = [
        Breach("orphan", piece.begin, f"{symbol}: exits of {owner} stood {piece.ms} ms beside no position")
        for symbol, times in case.times.items()
        for owner, spans in times.left.items()
        for span in spans
        for piece in without(span, joined([*case.refused_in(symbol), *case.without(owner)]))
        if piece.ms > limit
    ]
    for symbol, times in case.times.items():
        if times.exits and not times.quantity:
            found.append(Breach("orphan", case.end, f"{symbol}: {', '.join(sorted(times.exits))} is left at the end"))
    return found


def _needless(case: Case) -> list[Breach]:
    """A close while the position was not bare, and had not been so when the order may have been signed."""
    limits = case.limits
    return [
        Breach("needless", each.at, f"{each.symbol}: {each.client_id} closes what a stop covers")
        for each in case.taken
        if each.client_id.startswith(GUARDIANS) and each.reduces
        if not any(
            span.end >= each.created - limits.sent_ms and min(span.end, each.created) - span.begin >= limits.bare_ms
            for span in case.times[each.symbol].bare
        )
    ]


def _doubled(case: Case) -> list[Breach]:
    away, limit = [*case.without("execution"), *case.without("guardian")], case.limits.doubled_ms
    return [
        Breach("doubled", piece.begin, f"{symbol}: a stop too many stood for {piece.ms} ms")
        for symbol, times in case.times.items()
        for span in times.doubled
        for piece in without(span, joined([*case.refused_in(symbol), *away]))
        if piece.ms > limit
    ]


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
    "needless": _needless,
    "doubled": _doubled,
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
