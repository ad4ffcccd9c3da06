"""Execution at the simulator's server: a trade from intent to flat, told at once, sent once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.domain.message import Message
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.streams import StreamLost
from shared.exchange.outcome.outcomes import Accepted
from tests.support.approval.pairs import STRANGER
from tests.support.exchange_driver.scene import BTC, ETH, LOT, Behind, Scene, scene


class Odd(Message, frozen=True, kw_only=True):
    """A message of a type that nobody knows."""

    TYPE: ClassVar[str] = "odd"

    @property
    def topic(self) -> str:
        return "order.intent"

    @property
    def message_id(self) -> str:
        return "odd"


class Refused:
    """A stream that does not open."""

    async def __aenter__(self) -> None:
        raise StreamLost("refused", "by the test")

    async def __aexit__(self, *error: object) -> None: ...


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


async def test_a_trade_from_intent_to_target(at: Scene) -> None:
    """EXEC-1, EXEC-4: entry, stop, target; each change is told once, and the statement has the trade in the end."""
    async with at.running():
        wanted = await at.open("one")
        await at.hand.price(BTC, float(wanted.target + 20))
        await at.until(at.flat)
        await at.ears.until(lambda: any(each.closed_trades for each in at.ears.statements))
    (trade,) = [trade for each in at.ears.statements for trade in each.closed_trades]
    assert (trade.intent_id, trade.quantity, trade.exit_reason) == ("one", LOT, "target")
    assert await at.sent() == [at.entry_id(wanted)]
    fills = [event.fill for event in at.ears.events if event.fill is not None]
    assert len({fill.id for fill in fills}) == len(fills)
    assert sum(fill.quantity for fill in fills if fill.side == "BUY") == LOT
    assert [report.close_time for report in at.ears.reports] == [wanted.close_time]


async def test_an_intent_that_waited_too_long_is_never_sent(at: Scene) -> None:
    """EXEC-2: it was approved while no process of execution lived."""
    async with at.running():
        pass
    late = await at.enter("late", valid_until=int(time.time() * 1000) + 200)
    await at.until(lambda: time.time() * 1000 > late.valid_until)
    async with at.running():
        await at.ears.until(lambda: bool(at.ears.alerted("refused.")))
        assert await at.sent() == []
        await at.open("fresh")
    assert at.entry_id(late) not in await at.sent()


async def test_an_intent_is_taken_once_and_only_with_risks_signature(at: Scene) -> None:
    """EXEC-2, invariants 3 and 5: a repeat and a forgery buy nothing."""
    async with at.running() as process:
        forged = await at.intent("forged")
        await at.approve(forged, signer=STRANGER)
        await at.ears.until(lambda: bool(at.ears.alerted("refused.bad_signature")))
        wanted = await at.open("one")
        await at.approve(wanted)
        await at.until(lambda: wanted.close_time in process.core.state.decided)
        other = await at.enter("two", ETH)
        await at.until(lambda: at.protected(ETH))
    assert sorted(await at.sent()) == sorted([at.entry_id(wanted), at.entry_id(other)])


async def test_a_refused_entry_keeps_its_code(at: Scene) -> None:
    """EXEC-6: it is told as REJECTED, with the exchange's code, and the next close is reported all the same."""
    async with at.running():
        await at.hand.fault("error_answer", code=-2019, executed=False, method="POST", path="/fapi/v1/order", count=1)
        wanted = await at.enter("one")
        await at.ears.until(lambda: any(event.order.status == "REJECTED" for event in at.ears.events))
        (told,) = [event for event in at.ears.events if event.order.status == "REJECTED"]
        assert (told.order.client_id, told.order.reject_code) == (at.entry_id(wanted), -2019)
        await at.ears.until(lambda: bool(at.ears.reports))


async def test_an_order_of_somebody_else_is_told_and_left_alone(at: Scene) -> None:
    """EXEC-4: under its own name; nothing is done to it."""
    async with at.running():
        price = await at.price()
        foreign = NewOrder(
            client_id="web-1", symbol=BTC, side="BUY", type="LIMIT", quantity=LOT, price=price - 1_000
        )  # fmt: skip
        client = at.adapter()
        await client.start()
        assert isinstance(await client.place(foreign), Accepted)
        await at.ears.until(lambda: bool(at.ears.alerted("foreign.web-1")))
        assert [event.origin for event in at.ears.events if event.order.client_id == "web-1"][:1] == ["foreign"]
        assert [order.client_id for order in await client.open_orders()] == ["web-1"]
        await client.close()


async def test_without_a_quote_nothing_is_entered_and_with_a_silent_stream_it_is_asked_for(at: Scene) -> None:
    """EXEC-2: best bid and ask are those of the moment of sending."""

    class NoStream(Behind):
        asked = 0

        def market_stream(self, names: Any) -> Any:
            return Refused()

        async def book_ticker(self, symbol: str) -> Any:
            type(self).asked += 1
            return await self.real.book_ticker(symbol)  # type: ignore[attr-defined]  the adapter has it

    async with at.running(NoStream):
        await at.open("one")
        assert NoStream.asked == 1
        await at.hand.fault("rest_outage", path="/fapi/v1/ticker/bookTicker")
        await at.enter("two", ETH)
        await at.ears.until(lambda: any("best bid" in each.text for each in at.ears.alerted("entry_failed")))
        await at.hand.lift()


async def test_a_message_that_cannot_be_read_is_dead_lettered_and_the_next_intent_trades(at: Scene) -> None:
    """Invariant 6: one bad message costs itself."""
    async with at.running():
        await at.bus.publish([Odd()])
        await at.ears.until(lambda: bool(at.ears.alerted("dead-letter")))
        await at.open("one")
