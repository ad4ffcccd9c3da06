"""Reads out of a ledger when each symbol was held, bare, or flat with exits left, and who was there meanwhile. Pure.

Quantities come from the executions, in one-way mode; what the wallet's lines say of a leg must be the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from shared.domain.client_ids import presence_kind
from simulator.ledger.record import Conditional, Line, Note, Ordered, Wallet
from simulator.ledger.spans import Span, joined

_ZERO: Final = Decimal(0)
_OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED"})
#: What the guardian sends.
GUARDIANS: Final = "ictg"
#: Who clears an exit away: whoever placed it; execution those of an operator.
Owner = Literal["execution", "guardian"]


@dataclass(slots=True)
class SymbolTimes:
    """What one symbol went through. bare: held without a stop that covers it. left: flat, with exits of ours, by owner.
    doubled: held, with a stop of ours beside others that cover it alone.
    """

    bare: list[Span] = field(default_factory=list)
    left: dict[Owner, list[Span]] = field(default_factory=lambda: {"execution": [], "guardian": []})
    doubled: list[Span] = field(default_factory=list)
    quantity: Decimal = _ZERO
    stops: dict[int, Conditional] = field(default_factory=dict)
    exits: dict[str, Owner] = field(default_factory=dict)
    bare_since: int | None = None
    left_since: dict[Owner, int | None] = field(default_factory=dict)
    doubled_since: int | None = None

    def covered(self) -> bool:
        """True if the stops that stand close all that is held."""
        return self._cover(self._closing())

    def has_one_too_many(self) -> bool:
        """True if a stop of ours stands without which the others would cover all that is held."""
        stops = self._closing()
        return any(
            each.client_id.startswith("ict") and self._cover([one for one in stops if one is not each]) for each in stops
        )

    def _closing(self) -> list[Conditional]:
        side = "SELL" if self.quantity > 0 else "BUY"
        return [each for each in self.stops.values() if each.side == side and each.type == "STOP_MARKET"]

    def _cover(self, stops: Sequence[Conditional]) -> bool:
        return any(each.closes for each in stops) or sum(each.quantity for each in stops) >= abs(self.quantity)

    def look(self, at: int) -> None:
        """Note whether it is bare, has exits left or a stop too many, from ``at`` (ms) on."""
        bare = bool(self.quantity) and not self.covered()
        self.bare_since = _turned(self.bare, self.bare_since, at, on=bare)
        for owner, spans in self.left.items():
            left = not self.quantity and owner in self.exits.values()
            self.left_since[owner] = _turned(spans, self.left_since.get(owner), at, on=left)
        doubled = bool(self.quantity) and self.has_one_too_many()
        self.doubled_since = _turned(self.doubled, self.doubled_since, at, on=doubled)


def _turned(spans: list[Span], since: int | None, at: int, *, on: bool) -> int | None:
    if on:
        return at if since is None else since
    if since is not None and at > since:
        spans.append(Span(since, at))
    return None


def standing(lines: Sequence[Line], end: int) -> dict[str, SymbolTimes]:
    """Return the times of each symbol until ``end`` (ms). What changes at one moment is looked at when all of it has."""
    found: dict[str, SymbolTimes] = defaultdict(SymbolTimes)
    changed: set[str] = set()
    before = 0
    for line in lines:
        if line.at != before:
            for symbol in changed:
                found[symbol].look(before)
            changed.clear()
            before = line.at
        if isinstance(line, Ordered | Conditional):
            changed.add(line.symbol)
            _take(found[line.symbol], line)
    for symbol in changed:
        found[symbol].look(before)
    for times in found.values():
        times.bare_since = _turned(times.bare, times.bare_since, end, on=False)
        for owner, spans in times.left.items():
            times.left_since[owner] = _turned(spans, times.left_since.get(owner), end, on=False)
        times.doubled_since = _turned(times.doubled, times.doubled_since, end, on=False)
    return dict(found)


def _take(times: SymbolTimes, line: Ordered | Conditional) -> None:
    if isinstance(line, Ordered):
        if line.trade_id:
            times.quantity += line.filled if line.side == "BUY" else -line.filled
        if line.reduces and not line.algo_id:
            _keep(times, f"o{line.order_id}", line.client_id, line.status in _OPEN and line.client_id.startswith("ict"))
        return
    waits = line.status == "NEW"
    if waits and (line.closes or line.reduces):
        times.stops[line.algo_id] = line
    else:
        times.stops.pop(line.algo_id, None)
    ours = line.client_id.startswith("ict") and presence_kind(line.client_id) is None
    _keep(times, f"a{line.algo_id}", line.client_id, waits and ours)


def _keep(times: SymbolTimes, name: str, client_id: str, stands: bool) -> None:
    if stands:
        times.exits[name] = "guardian" if client_id.startswith(GUARDIANS) else "execution"
    else:
        times.exits.pop(name, None)


def contradictions(lines: Sequence[Line]) -> list[str]:
    """Return where the wallet's lines state another quantity than the executions sum to: then the ledger is wrong."""
    held: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    found = []
    for line in lines:
        if isinstance(line, Ordered) and line.trade_id:
            held[line.symbol] += line.filled if line.side == "BUY" else -line.filled
        elif isinstance(line, Wallet) and line.reason == "ORDER":
            found += [
                f"at {line.at} the exchange states {quantity} {symbol}, and {held[symbol]} were traded"
                for symbol, quantity in line.legs.items()
                if ":" not in symbol and held[symbol] != quantity
            ]
    return found


def running(lines: Sequence[Line], begin: str, end: int) -> list[Span]:
    """Return when at least one process whose name begins so was running."""
    since: dict[str, int] = {}
    spans = []
    for line in lines:
        if not isinstance(line, Note) or not line.who.startswith(begin):
            continue
        if line.what == "running":
            since.setdefault(line.who, line.at)
        elif line.what == "gone" and line.who in since:
            spans.append(Span(since.pop(line.who), line.at))
    return joined([*spans, *(Span(began, end) for began in since.values())])


def halted(lines: Sequence[Line], end: int) -> list[Span]:
    """Return when execution had said that it takes no entries, until it was about to be allowed them again."""
    since: int | None = None
    spans = []
    for line in lines:
        if not isinstance(line, Note):
            continue
        if line.what == "halted" and since is None:
            since = line.at
        elif line.what == "rearming" and since is not None:
            spans.append(Span(since, line.at))
            since = None
    return joined([*spans, *([Span(since, end)] if since is not None else [])])
