"""What the exchange says about the symbols that are traded: filters, and when no position may be entered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.bounds import MANY, Id, Text
from shared.domain.instruments import Instrument
from shared.domain.message import Message, Milliseconds, Symbol

#: Why a symbol takes no entries. Orders that only reduce are sent all the same; the exchange decides about those.
ClosureReason = Literal[
    "unlisted",  # the exchange lists no such symbol
    "unreadable",  # the exchange describes the symbol in a way that cannot be read
    "status",  # the exchange takes no orders for the symbol, or only such that reduce
    "delisting",  # the contract ends soon: the exchange closes what is held then
    "session",  # the market behind the contract is closed
    "schedule_unknown",  # the exchange does not say when the market behind the contract is open
    "agreement",  # the exchange wants an agreement signed before it takes orders for this kind of contract
    "ban",  # the exchange has banned this machine's address for a while
    "account_mode",  # the whole account is in a mode that is not traded in
    "leverage",  # the symbol's leverage is not the one that is configured
    "margin_type",  # the symbol's margin type is not the one that is configured
]


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """No entries in ``symbol`` from ``since`` until before ``until``, UTC ms. ``until`` None = no end is known.

    text: what is the matter and what mends it, for people.
    """

    symbol: Symbol
    reason: ClosureReason
    since: Milliseconds
    until: Milliseconds | None
    text: Text

    def holds(self, time: int) -> bool:
        """Return True if the symbol takes no entries at ``time``, UTC ms."""
        return self.since <= time and (self.until is None or time < self.until)


class InstrumentChange(msgspec.Struct, frozen=True, kw_only=True):
    """One filter of a symbol that is another than before; ``field`` is its name in Instrument."""

    symbol: Symbol
    field: Id
    before: Id
    after: Id


class InstrumentList(Message, frozen=True, kw_only=True):
    """Filters of the configured symbols as the exchange has them now, and when each takes no entries.

    Told when something has changed, and regularly, so that whoever missed one knows soon. Each replaces the one before.
    ``instruments`` lacks a symbol whose filters the exchange does not state: its last ones go on. changes: what is new in
    the filters since the one before; empty = nothing.
    """

    TYPE: ClassVar[str] = "instrument_list"
    VERSION: ClassVar[int] = 2
    time: Milliseconds
    instruments: Annotated[tuple[Instrument, ...], MANY]
    closures: Annotated[tuple[Closure, ...], MANY]
    changes: Annotated[tuple[InstrumentChange, ...], MANY] = ()

    @property
    def topic(self) -> str:
        return "exchange.instruments"

    @property
    def message_id(self) -> str:
        return f"instruments:{self.time}"

    @property
    def at(self) -> int:
        return self.time


def closed(closures: Iterable[Closure], symbol: str, time: int) -> Closure | None:
    """Return why ``symbol`` takes no entries at ``time`` (UTC ms): the first closure that holds; None if none does."""
    return next((each for each in closures if each.symbol == symbol and each.holds(time)), None)
