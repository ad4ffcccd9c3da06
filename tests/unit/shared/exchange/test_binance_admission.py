"""An order that was admitted at the rate limits is counted once, and only its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from shared.exchange.binance.orders import BinanceOrders
from shared.exchange.binance.rest import Rest
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import NotReady, Refused
from shared.exchange.settings import ExchangeSettings


class Counting:
    """A Rest that counts admissions, and refuses every order for its margin."""

    def __init__(self) -> None:
        self.admitted = 0
        self.sent = 0
        self.full = False
        self.ready = True

    async def admit(self, *_: Any) -> None:
        if self.full:
            raise ExchangeError("refuse", ErrorCode.TOO_MANY_ORDERS, "over the limits", call="POST order")
        self.admitted += 1

    async def send(self, *_: Any) -> bytes:
        if not self.ready:
            raise NotReady
        self.sent += 1
        raise ExchangeError("refuse", -2019, "margin is insufficient", call="POST order")


def order(name: str) -> NewOrder:
    return NewOrder(client_id=name, symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.01"))


def orders() -> tuple[BinanceOrders, Counting]:
    rest = Counting()
    return BinanceOrders(cast(Rest, rest), ExchangeSettings()), rest


async def test_an_order_that_was_admitted_before_is_not_counted_again_and_its_next_attempt_is() -> None:
    """EXEC-6."""
    exchange, rest = orders()
    assert await exchange.admit(order("a")) is None
    assert await exchange.admit(order("a")) is None
    await exchange.place(order("a"))
    assert (rest.admitted, rest.sent) == (1, 1)
    await exchange.place(order("a"))
    assert (rest.admitted, rest.sent) == (2, 2)


async def test_an_admission_counts_for_no_other_order() -> None:
    """EXEC-6."""
    exchange, rest = orders()
    await exchange.admit(order("a"))
    await exchange.place(order("b"))
    assert (rest.admitted, rest.sent) == (2, 1)


async def test_an_admitted_order_that_does_not_leave_in_the_end_is_counted_once_when_it_does() -> None:
    """EXEC-2, EXEC-6."""
    exchange, rest = orders()
    await exchange.admit(order("a"))
    rest.ready = False
    with pytest.raises(NotReady):
        await exchange.place(order("a"))
    rest.ready = True
    await exchange.admit(order("a"))
    await exchange.place(order("a"))
    assert (rest.admitted, rest.sent) == (1, 1)


async def test_an_order_that_the_limits_do_not_admit_is_refused_with_their_code() -> None:
    """EXEC-6."""
    exchange, rest = orders()
    rest.full = True
    refused = await exchange.admit(order("a"))
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.TOO_MANY_ORDERS
    rest.full = False
    await exchange.place(order("a"))
    assert rest.admitted == 1


async def test_admissions_of_orders_that_never_leave_are_forgotten() -> None:
    """Invariant 6."""
    exchange, rest = orders()
    for number in range(150):
        await exchange.admit(order(f"o{number}"))
    await exchange.place(order("o0"))
    await exchange.place(order("o149"))
    assert (rest.admitted, rest.sent) == (151, 2)
