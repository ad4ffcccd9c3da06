"""Lines of the ledger that the simulated exchange keeps: one JSON object each. Times in UTC ms of the market's clock."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from shared.domain.order_words import (
    BookOrderStatus,
    BookOrderType,
    ConditionalOrderStatus,
    ConditionalOrderType,
    PositionSide,
    Side,
)

_ZERO: Final = Decimal(0)


class BadLedger(ValueError):
    """A line that no ledger has; the text says which."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line"):
    at: int


class Ordered(_Line, frozen=True, kw_only=True, tag="order"):
    """An order of the book after a change of it.

    change: the exchange's word for the change (NEW, TRADE, CANCELED …). algo_id: the conditional order whose trigger placed
    it, 0 = none. created: when the exchange took it. quantity, executed: base currency. The rest is the execution of a
    TRADE: trade_id 0 = none; fee and realized in USDT, fee positive = paid.
    """

    change: str
    order_id: int
    client_id: str
    symbol: str
    side: Side
    leg: PositionSide
    type: BookOrderType
    status: BookOrderStatus
    quantity: Decimal
    executed: Decimal
    created: int
    reduces: bool = False
    algo_id: int = 0
    trade_id: int = 0
    filled: Decimal = _ZERO
    price: Decimal = _ZERO
    fee: Decimal = _ZERO
    realized: Decimal = _ZERO


class Conditional(_Line, frozen=True, kw_only=True, tag="conditional"):
    """A conditional order after a change. quantity: base currency, 0 where it closes the whole leg."""

    algo_id: int
    client_id: str
    symbol: str
    side: Side
    leg: PositionSide
    type: ConditionalOrderType
    status: ConditionalOrderStatus
    trigger: Decimal
    quantity: Decimal = _ZERO
    closes: bool = False
    reduces: bool = False


class Wallet(_Line, frozen=True, kw_only=True, tag="wallet"):
    """The balance after a change, USDT. legs: quantity of each leg that changed, as ``SYMBOL`` or ``SYMBOL:LONG``."""

    reason: str
    balance: Decimal
    legs: dict[str, Decimal] = {}


class FaultSet(_Line, frozen=True, kw_only=True, tag="fault"):
    """A fault was put into force. fields: what was asked for, its kind included."""

    number: int
    fields: dict[str, Any]


class FaultOver(_Line, frozen=True, kw_only=True, tag="fault_over"):
    """A fault has ended. hits: how often it applied."""

    number: int
    hits: int


#: running, gone: a process answers, or was killed, stopped or has ended. halted: execution has said that it takes no
#: entries. rearming: it is about to be allowed them again. began, settled: of the drill.
Noted = Literal["running", "gone", "halted", "rearming", "began", "settled"]


class Note(_Line, frozen=True, kw_only=True, tag="note"):
    """Something that whoever runs the drill has seen or done, stamped by the exchange."""

    what: Noted
    who: str = ""


Line = Ordered | Conditional | Wallet | FaultSet | FaultOver | Note

_DECODER: Final = msgspec.json.Decoder(Line)


def read(lines: Iterable[bytes]) -> list[Line]:
    """Decode lines. The last one may be cut off, where the exchange was ended while it wrote. Raises BadLedger."""
    found: list[Line] = []
    kept = [each for each in lines if each.strip()]
    for number, line in enumerate(kept, 1):
        try:
            found.append(_DECODER.decode(line))
        except msgspec.DecodeError as error:
            if number == len(kept) and not line.endswith(b"\n"):
                break
            raise BadLedger(f"line {number} of the ledger cannot be read: {error}") from error
    return found


def read_file(path: Path) -> list[Line]:
    """Read a ledger. Raises BadLedger, OSError."""
    with path.open("rb") as file:
        return read(file)
