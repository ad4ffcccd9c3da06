"""Drivers with one fault each, which some await point must show."""

from __future__ import annotations

from typing import Any

from services.execution.drivers.exchange.driver import ExchangeDriver
from services.execution.inputs import Sent
from services.execution.requests import PlaceOrder
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Outcome


def sends_before_it_has_written(driver: ExchangeDriver) -> None:
    """The entry leaves, and what is known of it follows into the store."""
    sending: Any = driver._dispatcher._sending

    async def enter(request: PlaceOrder, sent: Any = None) -> None:
        sent = sent or driver._loop.feed(Sent(client_id=request.order.client_id))
        await sending._placed(request.order, sent.stamp, sent.stamp)

    sending.enter = enter


def signs_with_a_fresh_time(driver: ExchangeDriver) -> None:
    """The time of the signature is that of the sending, whenever that is."""
    sending: Any = driver._dispatcher._sending
    place = driver._exchange.place

    async def signed_now(order: NewOrder, *, signed_at: int | None = None, ready: Any = None) -> Outcome:
        return await place(order, ready=ready)

    driver._exchange.place = signed_now  # type: ignore[method-assign]  # a fault
    sending._fresh_ms = 1_000_000
    sending._still_wanted = lambda order: True


def forgets_to_query(driver: ExchangeDriver) -> None:
    """What became of an order is never asked, neither by a query nor by a listing."""
    sending: Any = driver._dispatcher._sending

    async def query(request: Any) -> None:
        return

    async def no_orders(whole: bool) -> Any:
        return (), frozenset()

    sending.query = query
    driver._dispatcher.account_sync._orders = no_orders  # type: ignore[method-assign]  # a fault


def is_deaf_to_prices(driver: ExchangeDriver) -> None:
    """What trades while an entry rests is not told to the core."""
    watch: Any = driver._dispatcher._price_watch
    watch._look = lambda traded: None
