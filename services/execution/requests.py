"""What the execution core wants done at the exchange. A driver carries it out and answers with inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.domain.message import Message
from shared.exchange.model.orders import NewOrder, OrderRef


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Place an order. ``order.protects``: it only reduces, and leaves at once; else it is judged again and written first."""

    order: NewOrder


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel an order. client_id: ours, under which the answer is given; ``ref`` names it at the exchange."""

    client_id: str
    ref: OrderRef


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """Ask how an order stands. client_id: ours, under which the answer is given."""

    client_id: str
    ref: OrderRef


@dataclass(frozen=True, slots=True)
class QueryExecutions:
    """Ask for the executions of a symbol since ``since`` (UTC ms)."""

    symbol: str
    since: int


@dataclass(frozen=True, slots=True)
class QueryAccount:
    """Ask for a statement of the whole account now."""


Request = PlaceOrder | CancelOrder | QueryOrder | QueryExecutions | QueryAccount


@dataclass(slots=True)
class Effects:
    """What follows from one input: requests in the order in which they should leave, and messages in order.

    refused: why intents, or whole bundles, were not taken, one word each (``plans.admission.EntryRefusal``): for counting.
    """

    requests: list[Request] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, request: Request) -> None:
        """Add a request."""
        self.requests.append(request)

    def tell(self, messages: Iterable[Message]) -> None:
        """Add messages."""
        self.messages.extend(messages)

    def urgent_first(self) -> list[Request]:
        """The requests with those that only reduce a position in front; the order is otherwise kept."""
        return sorted(self.requests, key=lambda each: not (isinstance(each, PlaceOrder) and each.order.protects))
