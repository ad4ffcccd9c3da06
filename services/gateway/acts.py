"""What a request to the exchange needs: the acts that the core asks the shell for (EXEC-2). Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared.domain.exchange import ExchangeRequest, PlaceOrder
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Uncertain


class Send(msgspec.Struct, frozen=True):
    """Place it; its id was never sent, or never arrived."""

    order: NewOrder


class Find(msgspec.Struct, frozen=True):
    """It was sent and nothing is known: ask until that is settled, then send it if it never arrived."""

    order: NewOrder
    open: Uncertain


class Ask(msgspec.Struct, frozen=True):
    """Ask how it stands."""

    ref: OrderRef


class Cancel(msgspec.Struct, frozen=True):
    """Cancel it, and ask how it stands if that is refused."""

    ref: OrderRef


class Search(msgspec.Struct, frozen=True):
    """A cancel of an id that is not remembered: look in both books, and cancel what is found open."""

    symbol: str
    client_id: str


Act = Send | Find | Ask | Cancel | Search


def by_symbol(requests: Sequence[ExchangeRequest]) -> dict[str, list[ExchangeRequest]]:
    """Requests of each symbol, in order: symbols do not wait for each other."""
    split: dict[str, list[ExchangeRequest]] = {}
    for request in requests:
        split.setdefault(request.order.symbol if isinstance(request, PlaceOrder) else request.symbol, []).append(request)
    return split
