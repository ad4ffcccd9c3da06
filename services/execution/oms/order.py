"""One order of ours: its life as a table of statuses, and how what the exchange says moves it (EXEC-4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, get_args

import msgspec

from shared.domain.order_words import AnyOrderStatus, OrderStatus
from shared.domain.orders import OrderPurpose
from shared.exchange.model.orders import Book, ExchangeOrder, NewOrder, OrderRef

#: Where an order stands while the exchange has not said so, or is believed to have lost it.
OwnStatus = Literal[
    "WAITING",  # an entry that is not sent yet: it is written ahead first
    "SENT",  # the request left, and nothing is known
    "IN_DOUBT",  # the answer does not say whether it exists: it is queried, never sent again
    "LOST",  # the exchange knows no such order, says our own inference; its word of the order brings it back
]
Status = Literal[OrderStatus, OwnStatus]
#: Why we cancelled an entry that rested.
EntryEnd = Literal[
    "",  # we did not
    "expired",  # its time was over
    "voided",  # price reached where its setup is spent, ``OrderIntent.void_at``, before it filled
    "unwanted",  # entries were halted or withdrawn, its trade was closed, or the process stopped
]
_STATED: Final[frozenset[Status]] = frozenset(get_args(OrderStatus))

#: Status → the statuses that may follow. What the table does not have is news from the past, and changes nothing.
TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    "WAITING": _STATED | {"SENT", "IN_DOUBT"},  # the note that it was sent may be lost in a crash
    "SENT": _STATED | {"IN_DOUBT", "LOST"},
    "IN_DOUBT": _STATED | {"LOST"},
    "NEW": (_STATED - {"NEW"}) | {"LOST"},  # also REJECTED: a conditional order is checked for margin when it triggers
    "PARTIALLY_FILLED": frozenset({"PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "LOST"}),
    "FILLED": frozenset(),
    "CANCELED": frozenset(),
    "REJECTED": _STATED - {"REJECTED"},  # an answer said so; an order that the exchange shows is there
    "EXPIRED": frozenset(),
    "LOST": _STATED,
}
#: Nothing more is expected of these, except fills that arrive late.
OVER: Final[frozenset[Status]] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "LOST"})
#: A triggered conditional order lives on as its child: NEW until the child says more.
_OF_EXCHANGE: Final[dict[AnyOrderStatus, OrderStatus]] = {
    "NEW": "NEW",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELED",
    "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
    "TRIGGERING": "NEW",
    "TRIGGERED": "NEW",
    "FINISHED": "NEW",
}
_ZERO: Final = Decimal(0)


class LiveOrder(msgspec.Struct, kw_only=True):
    """An order of ours and what is known of it. Times in ms of ``now``; 0 = never.

    purpose, rung: what it does for its trade; ``intent_id`` names that. signed_at: stamp of the request. order_id: the
    exchange's id; child_id: of the plain order that a conditional one became, known to have triggered since
    ``triggered_at``. filled: quantity by the order's own status; executed: sum of the fills that arrived; the two may
    arrive apart, and the larger one is true. cancel_at: the last cancel left; cancels: how many did. query_at: the last
    query left; check: something speaks against its status, so it is queried. absent: answers in a row that know no such
    order. ended_for: why a cancel was first wanted, of an entry. unlisted: stamps of the last listings of open orders, in a
    row, that do not show it. trigger: as it stands now; a person may have moved it. ended_at: when we learned that it is
    over. updated_at: its last change (exchange).
    """

    request: NewOrder
    purpose: OrderPurpose
    intent_id: str
    rung: int = 0
    status: Status = "WAITING"
    signed_at: int = 0
    order_id: int = 0
    child_id: int = 0
    triggered_at: int = 0
    filled: Decimal = _ZERO
    executed: Decimal = _ZERO
    average_price: Decimal = _ZERO
    trigger: Decimal | None = None
    cancel_at: int = 0
    cancels: int = 0
    cancelling: bool = False
    query_at: int = 0
    querying: bool = False
    queries: int = 0
    check: bool = False
    absent: int = 0
    unlisted: list[int] = msgspec.field(default_factory=list)
    reject_code: int = 0
    reject_reason: str = ""
    ended_for: EntryEnd = ""
    updated_at: int = 0
    ended_at: int = 0

    @property
    def client_id(self) -> str:
        return self.request.client_id

    @property
    def book(self) -> Book:
        return self.request.book

    @property
    def ref(self) -> OrderRef:
        """How the exchange is asked for it."""
        return OrderRef(symbol=self.request.symbol, client_id=self.client_id, book=self.book)

    @property
    def cancel_ref(self) -> OrderRef:
        """How it is cancelled: one that has triggered lives on as its child, which has an id only."""
        if self.child_id and self.book == "algo":
            return OrderRef(symbol=self.request.symbol, id=self.child_id, book="plain")
        return self.ref

    @property
    def done(self) -> Decimal:
        """The quantity that it has traded, base currency."""
        return self.executed if self.executed > self.filled else self.filled

    @property
    def left(self) -> Decimal:
        """The quantity that it may still trade; 0 for one that closes the whole position."""
        left = (self.request.quantity or _ZERO) - self.done
        return left if left > 0 else _ZERO

    @property
    def resting(self) -> bool:
        """The exchange has accepted it and works it."""
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def over(self) -> bool:
        """Nothing is expected to follow, except fills that arrive late."""
        return self.status in OVER

    @property
    def unsettled(self) -> bool:
        """Something left, or waits to leave, of which the outcome is not known."""
        return self.status in ("WAITING", "SENT", "IN_DOUBT")

    @property
    def in_doubt(self) -> bool:
        """It left, and whether it exists is not known."""
        return self.status in ("SENT", "IN_DOUBT")

    def known_until(self, validity_ms: int) -> int:
        """Until when its request may arrive, or was known to have: only what is asked later can say that it is not there."""
        return self.signed_at + validity_ms if self.in_doubt else max(self.updated_at, self.signed_at)

    def not_listed(self, asked_at: int, remembered: int) -> None:
        """Note that the open orders, asked for at ``asked_at``, do not show it."""
        self.unlisted = [*self.unlisted, asked_at][-remembered:]

    def move(self, status: Status, now: int) -> bool:
        """Follow the table; False when it has no such step."""
        if status not in TRANSITIONS[self.status]:
            return False
        self.status = status
        if self.over:
            self.cancelling = self.querying = self.check = False
            self.ended_at = now
        else:
            self.ended_at = 0
        return True

    def end(self, status: Status, now: int, code: int = 0, reason: str = "") -> bool:
        """End it on another word than the exchange's state of it; False if it cannot end so any more."""
        if not self.move(status, now):
            return False
        self.reject_code, self.reject_reason = code, reason
        self.updated_at = max(self.updated_at, now)
        return True

    def apply(self, stated: ExchangeOrder, now: int) -> bool:
        """Apply what the exchange says of it, or of its child. True if it changed anything but ids."""
        if stated.book == "algo":
            self.order_id = stated.id
            self.child_id = stated.child_id or self.child_id
            if stated.trigger:
                self.trigger = stated.trigger
        elif self.book == "plain":
            self.order_id = stated.id
        else:
            self.child_id = stated.id
        if not self.triggered_at and (self.child_id or stated.status in ("TRIGGERING", "TRIGGERED", "FINISHED")):
            self.triggered_at = now if self.book == "algo" else 0
        if stated.book == "algo" and stated.status == "FINISHED":
            self.check = not self.over  # its child says how it ended: ask, if that has not come
            return False
        return self._advance(stated, now)

    def _advance(self, stated: ExchangeOrder, now: int) -> bool:
        status: Status = status_of(stated)
        grew = stated.executed > self.filled
        if stated.executed < self.filled:
            return False
        self.average_price = stated.average_price or self.average_price  # answers leave it out, and the news come later
        if status == "NEW" and stated.executed > 0:
            status = "PARTIALLY_FILLED"
        revived = self.status == "LOST"
        moved = status != self.status and self.move(status, now)
        if not moved and not grew:
            return False
        if revived and not self.over:
            self.absent, self.check = 0, True  # it was thought gone: ask whether this is news
        self.filled = stated.executed  # a quantity counts whatever the status was thought to be
        self.updated_at = max(self.updated_at, stated.updated_at)
        if stated.reason:
            self.reject_reason = stated.reason
        return True


def status_of(stated: ExchangeOrder) -> OrderStatus:
    """A conditional order that is refused when it triggers was accepted once: it has EXPIRED, with the reason."""
    return "EXPIRED" if stated.book == "algo" and stated.status == "REJECTED" else _OF_EXCHANGE[stated.status]
