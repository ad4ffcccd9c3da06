"""Takes in what is read and heard: legs, conditional orders, and since when each is known. Pure.

Readings may lag by ``lag_ms``, events may be lost or late. What an event said later than a reading holds; what a reading
says of a leg that an event opened is believed once it cannot be older than that event.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from services.guardian.life import UNPROTECTED
from services.guardian.messages import Book, LegKey, Positions
from services.guardian.settings import GuardianSettings
from services.guardian.state import GuardianState, Known, Leg
from shared.domain.client_ids import of_this_guardian
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, PositionChange, UserEvent

#: Statuses of a conditional order that waits for its trigger.
_WAITS: Final = "NEW"


class Watching:
    """Keeps the state as the exchange tells it. lineage: of this deployment (``shared.domain.client_ids``)."""

    def __init__(self, state: GuardianState, settings: GuardianSettings, lineage: str) -> None:
        self._state = state
        self._lag_ms = settings.lag_ms
        self._leave = frozenset(settings.leave)
        self._lineage = lineage

    def positions(self, read: Positions, now: int) -> None:
        """Take a reading of every open position."""
        state = self._state
        if read.asked_at < state.positions_at:
            return  # an answer that was overtaken
        rows = {LegKey(row.symbol, row.side): row for row in read.rows if row.quantity and row.symbol not in self._leave}
        for key, row in rows.items():
            self._held(key, row, read.asked_at, now)
        for key, leg in list(state.legs.items()):
            if key not in rows and (not leg.told_at or read.asked_at > leg.told_at + self._lag_ms):
                state.forget(key, read.asked_at, told=False)
        for known in state.own():  # of an earlier life of this process
            key = LegKey(known.order.symbol, known.order.position_side)
            if key not in state.legs and key not in state.flat:
                state.flat[key] = (read.asked_at, False)
        state.positions_at = read.asked_at

    def book(self, read: Book) -> None:
        """Take a reading of the conditional orders of a symbol, or of all."""
        state = self._state
        listed: dict[str, list[ExchangeOrder]] = {}
        for order in read.orders:
            listed.setdefault(order.symbol, []).append(order)
        if read.symbol is None:
            state.all_read = True
        symbols = {read.symbol} if read.symbol is not None else {*listed, *state.orders, *(key.symbol for key in state.legs)}
        for symbol in symbols:
            self._listed(symbol, listed.get(symbol, ()), read.asked_at)

    def heard(self, event: UserEvent, now: int) -> None:
        """Take an event of the user stream."""
        if isinstance(event, AccountUpdate):
            for change in event.positions:
                if change.symbol not in self._leave:
                    self._changed(change, min(event.time, now))
        elif isinstance(event, AlgoUpdate):
            if event.order.status == _WAITS:
                self.stands(event.order, min(event.time, now))
            else:
                self._state.end(event.order.symbol, event.order.client_id, min(event.time, now))

    def stands(self, order: ExchangeOrder, at: int, *, shown: bool = True) -> None:
        """A conditional order stands, as an event or an answer says; not ``shown``: it may."""
        if not self._state.may_stand(order.client_id, at):
            return
        orders = self._state.orders.setdefault(order.symbol, {})
        before = orders.get(order.client_id)
        orders[order.client_id] = self._known(order, at, before, shown=shown)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _known(self, order: ExchangeOrder, at: int, before: Known | None, *, shown: bool = True) -> Known:
        latest, since = (max(at, before.at), before.since) if before is not None else (at, at)
        own = of_this_guardian(order.client_id, self._lineage)
        return Known(order=order, at=latest, since=since, own=own, shown=shown)

    def _listed(self, symbol: str, rows: Iterable[ExchangeOrder], asked_at: int) -> None:
        state = self._state
        before = state.orders.get(symbol, {})
        kept = {name: after for name, known in before.items() if (after := self._unlisted(known, asked_at)) is not None}
        for row in rows:
            if row.status == _WAITS and state.may_stand(row.client_id, asked_at - self._lag_ms):
                kept[row.client_id] = self._known(row, asked_at, before.get(row.client_id))
        if kept:
            state.orders[symbol] = kept
        else:
            state.orders.pop(symbol, None)
        state.looked[symbol] = max(asked_at, state.looked.get(symbol, 0))

    def _unlisted(self, known: Known, asked_at: int) -> Known | None:
        """Return what is known of an order that a reading does not show; None = it does not stand.

        One of ours that closes the position is not believed in for that long: to place it again proves whether it stands.
        """
        if known.at > asked_at:
            return known
        if not known.own or known.since + self._lag_ms <= asked_at:
            return None
        return msgspec.structs.replace(known, shown=False) if known.order.close_position else known

    def _held(self, key: LegKey, row: PositionRisk, asked_at: int, now: int) -> None:
        state = self._state
        leg, flat = state.legs.get(key), state.flat.get(key)
        changed_at = max(state.positions_at, min(row.updated_at, now))
        if leg is None:
            if flat is not None and flat[1] and row.updated_at <= flat[0]:
                return  # it lags: an event said later that this is closed
            leg = self._open(key, row.quantity, changed_at)
        elif row.updated_at < leg.told_at:
            leg.mark, leg.liquidation = row.mark, row.liquidation
            return
        leg = self._quantity(leg, row.quantity, changed_at)
        leg.mark, leg.liquidation, leg.read_at = row.mark, row.liquidation, asked_at

    def _changed(self, change: PositionChange, at: int) -> None:
        state, key = self._state, LegKey(change.symbol, change.side)
        leg, flat = state.legs.get(key), state.flat.get(key)
        if (leg is not None and at < leg.told_at) or (flat is not None and flat[1] and at < flat[0]):
            return  # it came after a later one
        if not change.quantity:
            state.forget(key, at, told=True)
            return
        if leg is None:
            leg = self._open(key, change.quantity, at)
        leg = self._quantity(leg, change.quantity, at)
        leg.told_at = at
        if not leg.mark:
            leg.mark = change.entry

    def _open(self, key: LegKey, quantity: Decimal, at: int) -> Leg:
        leg = self._state.legs[key] = Leg(key=key, quantity=quantity, opened_at=at, changed_at=at)
        self._state.flat.pop(key, None)
        return leg

    def _quantity(self, leg: Leg, quantity: Decimal, at: int) -> Leg:
        if (leg.quantity > 0) != (quantity > 0):  # one-way mode: it was closed and opened on the other side
            bare_since = leg.bare_since if leg.state in UNPROTECTED else leg.opened_at if leg.state == "unseen" else 0
            mark = leg.mark
            leg = self._open(leg.key, quantity, bare_since or at)
            leg.mark = mark
        if quantity != leg.quantity:
            leg.quantity, leg.changed_at = quantity, at
        return leg
