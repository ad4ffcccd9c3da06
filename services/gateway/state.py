"""What the gateway knows: one struct, saved before anything is sent, so that a restart sends nothing twice (EXEC-2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from shared.domain.exchange import FundingPayment
from shared.domain.orders import Fill, Order
from shared.exchange.model.orders import Book

T = TypeVar("T")


class Known(msgspec.Struct, kw_only=True):
    """An order of ours. ``sent_at``: venue ms of the last sending, 0 = never; ``told``: the venue has said something of it.

    ``order_id``: the venue's id of it, ``child_id`` of what a conditional one became; ``seen``: quantity of its fills heard.
    ``standing``: client id of the order that stands in its place, because the venue takes no second one that closes the
    position on that side; empty = it stands itself.
    """

    order: Order
    book: Book
    sent_at: int = 0
    told: bool = False
    order_id: int = 0
    child_id: int = 0
    seen: Decimal = Decimal(0)
    standing: str = ""


class Held(msgspec.Struct, kw_only=True):
    """A position as the venue stated it at ``time``."""

    quantity: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)
    mark: Decimal = Decimal(0)
    unrealized: Decimal = Decimal(0)
    time: int = 0


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """Why no entry is sent until a person re-arms. ``code``: the venue's error code; 0 = by command."""

    code: int
    why: str


class GatewayState(msgspec.Struct, kw_only=True):
    """``carried``: positions by the fills that were heard; ``held``: as stated. News wait until the two agree.

    ``agreed_at``: ms; all executions until then are accounted for, by the exchange's own word. ``orders``, ``fills``,
    ``funding``: news not yet published; ``told_until``: time of the last published news. ``halted``: None = entries pass.
    """

    known: dict[str, Known] = msgspec.field(default_factory=dict)
    carried: dict[str, Decimal] = msgspec.field(default_factory=dict)
    held: dict[str, Held] = msgspec.field(default_factory=dict)
    wallet: Decimal | None = None
    wallet_time: int = 0
    agreed_at: int = 0
    trades: dict[str, None] = msgspec.field(default_factory=dict)
    paid: dict[str, None] = msgspec.field(default_factory=dict)
    orders: dict[str, Order] = msgspec.field(default_factory=dict)
    fills: list[Fill] = msgspec.field(default_factory=list)
    funding: list[FundingPayment] = msgspec.field(default_factory=list)
    told_until: int = 0
    halted: Halt | None = None


def bounded(window: dict[str, T], limit: int) -> None:
    """Forget the oldest beyond the limit."""
    while len(window) > limit:
        del window[next(iter(window))]
