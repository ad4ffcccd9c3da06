"""Our own orders: what is known of each, and so what a request needs (EXEC-2). Pure, on the gateway's state.

``remembered``: client ids beyond it are forgotten, the oldest dead ones first; a living one is never forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

import msgspec

from services.gateway.acts import Act, Ask, Cancel, Find, Search, Send
from services.gateway.state import GatewayState, Known
from services.gateway.words import DEAD, from_venue, moved, rejected, to_venue
from shared.domain.exchange import CancelOrder, ExchangeRequest
from shared.domain.orders import Order
from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import ExchangeOrder, OrderRef
from shared.exchange.outcome.outcomes import Uncertain

_ZERO: Final = Decimal(0)


def ref_of(known: Known) -> OrderRef:
    """How the venue is asked for it."""
    return OrderRef(symbol=known.order.symbol, client_id=known.standing or known.order.client_id, book=known.book)


def id_of(state: GatewayState, client_id: str) -> str:
    """Our client id of the order that the venue calls ``client_id``: that of the newest it stands in for, else the same."""
    return next((ours for ours, known in reversed(state.known.items()) if known.standing == client_id), client_id)


def act_of(state: GatewayState, request: ExchangeRequest, now: int, recv_window_ms: int, remembered: int) -> Act | None:
    """What a request needs; None when the answer is known. An order of an unknown id is known, as sent now, from here on."""
    if isinstance(request, CancelOrder):
        return _cancel(state, request)
    order = request.order
    known = state.known.get(order.client_id)
    if known is None:
        blank = msgspec.structs.replace(order, status="NEW", filled=_ZERO, average_price=_ZERO, updated_at=now)
        asked = to_venue(order)
        state.known[order.client_id] = Known(order=blank, book=asked.book, sent_at=now)
        _forget(state, remembered)
        return Send(asked)
    if known.order.status in DEAD and known.seen >= known.order.filled:
        return None
    if known.told:
        return Ask(ref_of(known))
    until = known.sent_at + recv_window_ms
    return Find(to_venue(order), Uncertain(doubt="connection", until=until, message="sent before a restart, or lost"))


def told(state: GatewayState, client_id: str, order: ExchangeOrder, child: ExchangeOrder | None, remembered: int) -> None:
    """The venue's word on it; ``child``: what a conditional one became."""
    known = state.known.get(client_id)
    if known is None:  # forgotten, or found by a search
        known = state.known[client_id] = Known(order=from_venue(order), book=order.book)
        _forget(state, remembered)
    known.told = True
    known.order_id = order.id
    known.child_id = order.child_id or known.child_id
    if order.book == "algo" and order.status == "FINISHED" and child is None:
        return  # the child says how it ended
    known.order = moved(known.order, child if child is not None else order)


def stands(state: GatewayState, client_id: str, standing: ExchangeOrder) -> None:
    """An order that closes the position on this side stands already: from here on ours is that one, at its own price."""
    known = state.known[client_id]
    known.told, known.standing, known.order_id = True, standing.client_id, standing.id
    known.order = msgspec.structs.replace(moved(known.order, standing), trigger=standing.trigger)


def refused(state: GatewayState, client_id: str, code: int, message: str, now: int) -> None:
    """The venue has not taken it."""
    known = state.known[client_id]
    known.told = True
    known.order = rejected(known.order, code, message, now)


def not_found(state: GatewayState, symbol: str, client_id: str, now: int, remembered: int) -> None:
    """The venue knows no such order: one that was told before is over; one that nobody knows is refused (-2011)."""
    known = state.known.get(client_id)
    if known is not None and known.told:
        if known.order.status not in DEAD:
            known.order = msgspec.structs.replace(known.order, status="CANCELED", updated_at=now)
        return
    order = known.order if known is not None else Order(
        client_id=client_id, symbol=symbol, side="BUY", type="MARKET", quantity=_ZERO
    )  # fmt: skip
    state.known[client_id] = Known(
        order=rejected(order, ErrorCode.CANCEL_REJECTED, "Unknown order sent.", now), book="plain", told=True
    )
    _forget(state, remembered)


def heard(known: Known, order: ExchangeOrder) -> Order:
    """The stream's word on a plain order: ours itself, or the child of a conditional one. Returns ours as it is now."""
    known.told = True
    if known.book == "plain":
        known.order_id = order.id
    else:
        known.child_id = order.id
    known.order = moved(known.order, order)
    return known.order


def in_doubt(state: GatewayState, open_ids: Collection[tuple[str, int]]) -> tuple[OrderRef, ...]:
    """Orders that live as far as we know, and are not among the venue's open ones (book, id)."""
    return tuple(
        ref_of(known)
        for known in state.known.values()
        if known.told and known.order.status not in DEAD and (known.book, known.order_id) not in open_ids
    )


def _cancel(state: GatewayState, request: CancelOrder) -> Act | None:
    known = state.known.get(request.client_id)
    if known is None:
        return Search(request.symbol, request.client_id)
    if known.order.status in DEAD:
        return None
    return Cancel(ref_of(known))


def _forget(state: GatewayState, remembered: int) -> None:
    while len(state.known) > remembered:
        oldest = next((client_id for client_id, each in state.known.items() if each.order.status in DEAD), None)
        if oldest is None:
            return
        del state.known[oldest]
