"""One suite for every exchange behind the port. Each specimen has one defect, and the suite must catch it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec
import pytest

from shared.exchange.model.account import AccountConfig, AccountSummary
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import AlgoUpdate, OrderUpdate, UserEvent
from shared.exchange.outcome.outcomes import Accepted, NotReady, Outcome, Ready, Refused, Uncertain
from shared.exchange.port import TradingExchange
from tests.support.exchange.contract import account, fills, orders, protection
from tests.support.exchange.contract.trader import Ears, Trader
from tests.support.exchange.moved_port import OFFERED, MovedPort
from tests.support.exchange.simulated_user_stream import SimulatedUserStream

Check = Callable[[Trader], Awaitable[None]]
#: Checks, by whether they move the market.
CHECKS = (
    orders.check_market_order,
    orders.check_limit_rests_and_is_cancelled,
    orders.check_an_order_leaves_when_its_caller_is_ready,
    orders.check_times_in_force,
    protection.check_books_are_apart,
    protection.check_a_standing_stop_is_found,
    orders.check_client_ids_are_idempotent,
    orders.check_refusals,
    protection.check_reduce_only,
    orders.check_batch,
    account.check_account_adds_up,
    account.check_settings,
    account.check_hedge_mode,
    protection.check_restart,
    fills.check_events_in_order,
    protection.check_countdown,
    account.check_rules,
    account.check_modes,
)
MOVING_CHECKS = (
    protection.check_stop_triggers,
    fills.check_resting_limit_fills,
    fills.check_partial_fill_then_the_rest,
    fills.check_partial_fill_then_cancelled,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_exchange_keeps_the_contract(check: Check, trader: Trader) -> None:
    """EXEC-9: the matching core, the simulator through the adapter, and by hand the demo exchange, pass the same suite."""
    await check(trader)


@pytest.mark.parametrize("check", MOVING_CHECKS, ids=lambda check: check.__name__)
async def test_exchange_keeps_the_contract_when_the_market_moves(check: Check, trader: Trader) -> None:
    """EXEC-9: likewise; nobody can move the demo exchange's market."""
    if not trader.moves:
        pytest.skip("nobody can move this market")
    await check(trader)


class Doubling(MovedPort):
    """Takes the same client id twice."""

    async def place(self, order: NewOrder) -> Outcome:
        outcome = await super().place(order)
        if isinstance(outcome, Uncertain):
            self._copies = getattr(self, "_copies", 0) + 1
            return await super().place(msgspec.structs.replace(order, client_id=f"{order.client_id}-{self._copies}"))
        return outcome


class Hasty(MovedPort):
    """Sends before its caller is ready."""

    async def place(self, order: NewOrder, *, ready: Ready | None = None) -> Outcome:  # type: ignore[override]  # narrower: no time here
        outcome = await super().place(order)
        if ready is not None and not await ready():
            raise NotReady(order.client_id)
        return outcome


class OneBook(MovedPort):
    """Lists plain orders only."""

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        return tuple(each for each in await super().open_orders(symbol) if each.book == "plain")


class Lenient(MovedPort):
    """Puts orders on the grid instead of refusing them."""

    async def place(self, order: NewOrder) -> Outcome:
        if order.price is not None:
            order = msgspec.structs.replace(order, price=order.price - order.price % Decimal("0.1"))
        return await super().place(order)


class Mute(MovedPort):
    """Says nothing of conditional orders."""

    def user_stream(self) -> SimulatedUserStream:
        class Filtering(SimulatedUserStream):
            def put(self, event: UserEvent) -> None:
                if not isinstance(event, AlgoUpdate):
                    super().put(event)

        return Filtering(self._streams)


class Repeating(MovedPort):
    """Tells every fill twice."""

    def user_stream(self) -> SimulatedUserStream:
        class Twice(SimulatedUserStream):
            def put(self, event: UserEvent) -> None:
                super().put(event)
                if isinstance(event, OrderUpdate) and event.fill is not None:
                    super().put(event)

        return Twice(self._streams)


class Forgetful(MovedPort):
    """Finds orders by its own ids only."""

    async def order(self, ref: OrderRef) -> ExchangeOrder | None:
        return None if ref.client_id else await super().order(ref)


class Generous(MovedPort):
    """Its margin balance leaves out what is not realised."""

    async def account(self) -> AccountSummary:
        stated = await super().account()
        return msgspec.structs.replace(stated, margin_balance=stated.wallet)


class Turning(MovedPort):
    """Ignores reduce-only."""

    async def place(self, order: NewOrder) -> Outcome:
        return await super().place(msgspec.structs.replace(order, reduce_only=False))


class Telling(MovedPort):
    """Says an average price of zero where it does not know one."""

    async def place(self, order: NewOrder) -> Outcome:
        outcome = await super().place(order)
        if isinstance(outcome, Accepted) and outcome.order is not None:
            return Accepted(order=msgspec.structs.replace(outcome.order, average_price=Decimal(0)))
        return outcome


class Stopping(MovedPort):
    """A refused element ends a batch."""

    async def place_batch(self, orders: list[NewOrder]) -> tuple[Outcome, ...]:  # type: ignore[override]  # a list will do here
        outcomes = list(await super().place_batch(orders))
        first = next((n for n, each in enumerate(outcomes) if isinstance(each, Refused)), len(outcomes))
        return tuple(each if n < first else Refused(code=-1, message="") for n, each in enumerate(outcomes))


class Refusing(MovedPort):
    """Says that a stop stands already, and not which."""

    async def place(self, order: NewOrder) -> Outcome:
        outcome = await super().place(order)
        stood = isinstance(outcome, Accepted) and outcome.stood
        return Refused(code=-4130, message="", action="stands") if stood else outcome


class Dropping(MovedPort):
    """Loses the rest of an order that is filled in part, and says nothing of it."""

    async def place(self, order: NewOrder) -> Outcome:
        outcome = await super().place(order)
        if isinstance(outcome, Accepted) and outcome.order is not None and outcome.order.status == "PARTIALLY_FILLED":
            streams, self._streams = self._streams, []
            await self.cancel(order.ref)
            self._streams = streams
        return outcome


class Unwinding(MovedPort):
    """What a cancelled order had got is forgotten with it."""

    async def cancel(self, ref: OrderRef, *, ready: Ready | None = None) -> Outcome:
        outcome = await super().cancel(ref, ready=ready)
        if isinstance(outcome, Accepted) and outcome.order is not None:
            return Accepted(order=msgspec.structs.replace(outcome.order, executed=Decimal(0)))
        return outcome


class Unaware(MovedPort):
    """Tells one-way mode whatever is set."""

    async def account_config(self) -> AccountConfig:
        return msgspec.structs.replace(await super().account_config(), hedge=False)


class SpecimenTrader:
    """A trader at a specimen."""

    moves = True

    def __init__(self, exchange: MovedPort) -> None:
        self._port = exchange
        self.exchange: TradingExchange = exchange

    async def price(self) -> Decimal:
        return Decimal(100_000)

    async def move(self, price: Decimal) -> None:
        self._port.move("BTCUSDT", price)

    async def offered(self) -> tuple[Decimal, Decimal]:
        return self._port.offer("BTCUSDT", OFFERED), OFFERED

    async def restart(self) -> TradingExchange:
        return self.exchange

    def name(self, leg: str) -> str:
        return f"ict-{leg}"


@pytest.mark.parametrize(
    ("specimen", "check"),
    [
        (Doubling, orders.check_client_ids_are_idempotent),
        (Hasty, orders.check_an_order_leaves_when_its_caller_is_ready),
        (OneBook, protection.check_books_are_apart),
        (Lenient, orders.check_refusals),
        (Mute, protection.check_stop_triggers),
        (Repeating, fills.check_resting_limit_fills),
        (Forgetful, protection.check_restart),
        (Generous, account.check_account_adds_up),
        (Turning, protection.check_reduce_only),
        (Telling, orders.check_market_order),
        (Stopping, orders.check_batch),
        (Refusing, protection.check_a_standing_stop_is_found),
        (Dropping, fills.check_partial_fill_then_the_rest),
        (Dropping, fills.check_partial_fill_then_cancelled),
        (Unwinding, fills.check_partial_fill_then_cancelled),
        (Unaware, account.check_modes),
    ],
)
async def test_defective_exchange_is_caught(
    specimen: type[MovedPort], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suite that a broken exchange passes proves nothing."""
    until = Ears.until

    async def impatient(self: Ears, condition: Callable[[], bool], seconds: float = 0.2) -> None:
        await until(self, condition, 0.2)

    monkeypatch.setattr(Ears, "until", impatient)
    with pytest.raises((AssertionError, TimeoutError)):
        await check(SpecimenTrader(specimen()))
