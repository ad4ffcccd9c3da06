"""What the judge is asked about: the exchange's ledger, and what risk approved, which the exchange cannot know. Pure.

An *entry* is an order of the book under an id of ours, whoever sent it, that neither reduces nor is a conditional order's
child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

from simulator.ledger.record import Line, Ordered
from simulator.ledger.refusing import refusing
from simulator.ledger.spans import Span, joined, outside
from simulator.ledger.standing import SymbolTimes, running, standing

#: Whatever this product sends.
_OURS: Final = "ict"

Invariant = Literal[
    "twice",  # no client id is taken twice, and no entry trades more than was approved
    "unapproved",  # every entry was approved
    "lost",  # every approved entry reached the exchange, or somebody was told why not
    "late",  # no entry is taken after its valid_until
    "halted",  # no entry is taken while execution is halted
    "naked",  # no position stands without a stop for longer than it may
    "orphan",  # no exit order is left where nothing is held
    "needless",  # the guardian closes nothing that a stop covers, or did a moment before
    "doubled",  # no stop of ours is left beside others that cover the position
    "ledger",  # the ledger is at one with itself, and with what the harness says that it did
]


@dataclass(frozen=True, slots=True)
class Limits:
    """naked_ms: longest time bare, while somebody who protects runs and stops are taken. orphan_ms: longest time with exits
    of ours and nothing held, while execution runs and the exchange does as it is asked. sent_ms: how long before the word of
    a halt an entry may have been signed, or before a stop a close. bare_ms: how long a position is bare at least before the
    guardian may close it. doubled_ms: longest time with a stop too many, while execution and guardian run and the exchange
    does as it is asked.
    """

    naked_ms: int = 3_000
    orphan_ms: int = 20_000
    sent_ms: int = 1_500
    bare_ms: int = 2_000
    doubled_ms: int = 20_000


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
