"""What the guardian knows: legs, conditional orders, its own among them. Times in ms of the exchange's clock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from services.guardian.life import LegState
from services.guardian.messages import LegKey, SymbolFilters
from shared.domain.bounded import forget_oldest
from shared.exchange.model.orders import ExchangeOrder, NewOrder

_ZERO: Final = Decimal(0)
#: Ends of orders, and flat legs, that are remembered.
_REMEMBERED: Final = 1_000


class Leg(msgspec.Struct, kw_only=True):
    """A leg that holds something. quantity: signed, base currency. mark, liquidation: USDT, 0 = none is known.

    opened_at: since when it is held, at the latest; changed_at: since when as much. told_at: of the last event about it;
    read_at: of the last read that showed it. covered_at: the last time at which a stop was known to cover it. bare_since:
    since when none is. others_since, others_at: first and last time, in a row, at which stops of others covered it.
    attempts: stops and closes tried in a row; refusals: those that the exchange would not take, since refused_at. retry_at:
    the next one not before. closer: how often the price was beyond the stop, so that the next one lies farther away.
    unsure: a stop whose outcome is not known; it is sent again as it is. pending: client ids of requests that are not
    answered. by_quantity: a stop that closes the whole position stands beyond the liquidation price, so that ours states a
    quantity. told: alarms of this incident.
    """

    key: LegKey
    quantity: Decimal
    opened_at: int
    changed_at: int
    mark: Decimal = _ZERO
    liquidation: Decimal = _ZERO
    told_at: int = 0
    read_at: int = 0
    state: LegState = "unseen"
    covered_at: int = 0
    bare_since: int = 0
    others_since: int = 0
    others_at: int = 0
    attempts: int = 0
    refusals: int = 0
    refused_at: int = 0
    retry_at: int = 0
    closer: int = 0
    unsure: NewOrder | None = None
    pending: set[str] = msgspec.field(default_factory=set)
    by_quantity: bool = False
    told: set[str] = msgspec.field(default_factory=set)

    def incident_over(self) -> None:
        """Forget what was tried and told: it is protected."""
        self.attempts = self.refusals = self.refused_at = self.retry_at = self.closer = self.bare_since = 0
        self.unsure = None
        self.by_quantity = False
        self.told.clear()

    def tried_in_vain(self, now: int) -> None:
        """Forget what was tried: the exchange says that it is protected. What was told stays told."""
        told = set(self.told)
        self.incident_over()
        self.told, self.covered_at = told, now


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A conditional order that stands, as known ``at``. own: the guardian placed it. since: when that was known first.

    shown: False = it may stand: its answer was lost, or a reading that may lag does not show it. It protects nothing then,
    and is cancelled when nothing needs it.
    """

    order: ExchangeOrder
    at: int
    since: int
    own: bool
    shown: bool = True


class GuardianState(msgspec.Struct, kw_only=True):
    """Everything that the core keeps.

    orders: symbol → client id → order. gone: client ids of orders that are over → when. flat: legs that hold nothing →
    (since when, whether an event said so). looked: symbol → when its book was last read; asked: when that was last asked
    for. cancels: client id → when its cancel may be sent again. positions_at: of the last reading.
    """

    legs: dict[LegKey, Leg] = msgspec.field(default_factory=dict)
    orders: dict[str, dict[str, Known]] = msgspec.field(default_factory=dict)
    gone: dict[str, int] = msgspec.field(default_factory=dict)
    flat: dict[LegKey, tuple[int, bool]] = msgspec.field(default_factory=dict)
    looked: dict[str, int] = msgspec.field(default_factory=dict)
    asked: dict[str, int] = msgspec.field(default_factory=dict)
    filters: dict[str, SymbolFilters] = msgspec.field(default_factory=dict)
    cancels: dict[str, int] = msgspec.field(default_factory=dict)
    positions_at: int = 0
    all_read: bool = False
    numbers: int = 0

    def standing(self, symbol: str) -> list[ExchangeOrder]:
        """Return the conditional orders of a symbol that are known to stand."""
        return [known.order for known in self.orders.get(symbol, {}).values() if known.shown]

    def own(self) -> Iterator[Known]:
        """Yield the guardian's own orders that stand, or may."""
        for known_orders in self.orders.values():
            yield from (known for known in known_orders.values() if known.own)

    def may_stand(self, client_id: str, at: int) -> bool:
        """True unless the order is known to be over since ``at`` or later; sent twice, one may stand again after that."""
        if self.gone.get(client_id, -1) >= at:
            return False
        self.gone.pop(client_id, None)
        return True

    def end(self, symbol: str, client_id: str, at: int) -> None:
        """An order is over; what a reading or an event says of an earlier time does not bring it back."""
        self.orders.get(symbol, {}).pop(client_id, None)
        self.gone[client_id] = at
        forget_oldest(self.gone, _REMEMBERED)

    def forget(self, key: LegKey, at: int, *, told: bool) -> None:
        """A leg holds nothing any more."""
        self.legs.pop(key, None)
        self.flat.pop(key, None)
        self.flat[key] = (at, told)
        forget_oldest(self.flat, _REMEMBERED)
