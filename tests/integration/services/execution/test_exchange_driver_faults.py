"""Execution at the simulator's server while the exchange, the store or the broker is ill: what protects goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.domain.message import Message
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Outcome
from shared.store.memory import MemoryStore
from tests.support.exchange_driver.scene import BTC, ETH, LOT, Behind, Scene, scene, signed_bundle


class AwayStore(MemoryStore):
    """A store that does not answer while ``away`` is set, as Redis does when it restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.here = asyncio.Event()
        self.here.set()

    async def append(self, *told: Any, **named: Any) -> None:
        await self.here.wait()
        await super().append(*told, **named)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, store=AwayStore()) as made:
        yield made


async def test_the_fill_that_the_stream_tells_is_protected_although_the_answer_never_comes(at: Scene) -> None:
    """EXEC-3, fault 5: the entry's request hangs for seconds; its stop leaves within the first of them."""
    async with at.running():
        await at.hand.fault("timeout_after_accept", path="/fapi/v1/order", method="POST", count=1)
        wanted = await at.enter("one")
        began = asyncio.get_running_loop().time()
        await at.until(at.protected)
        assert asyncio.get_running_loop().time() - began < 2.5
        await at.hand.lift()
    assert await at.sent() == [at.entry_id(wanted)]


async def test_one_symbols_hanging_request_holds_up_no_other_symbol_and_no_statement(at: Scene) -> None:
    """EXEC-3, fault 6: the account is stated all the while."""

    class Stuck(Behind):
        async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Any = None) -> Outcome:
            if order.symbol == ETH:
                await asyncio.Event().wait()
            return await self.real.place(order, signed_at=signed_at, ready=ready)

    async with at.running(Stuck, driver={"statement_every_s": 1.0}):
        await at.enter("stuck", ETH)
        await at.open("one")
        told = len(at.ears.statements)
        await at.ears.until(lambda: len(at.ears.statements) > told + 1)


async def test_a_lost_answer_is_asked_about_and_nothing_is_sent_twice(at: Scene) -> None:
    """EXEC-2, invariant 7, fault 16: with the shipped settings, and without a freeze that a person must end."""
    async with at.running() as process:
        await at.hand.fault("timeout_after_accept", path="/fapi/v1/*rder", method="POST", count=3)
        await at.hand.fault("lost_user_events", count=2)
        wanted = await at.enter("one")
        await at.until(at.protected, 30.0)
        await at.until(lambda: not process.core.state.frozen, 30.0)
    assert await at.sent() == [at.entry_id(wanted)]
    assert process.core.state.halted is None


async def test_a_request_that_never_arrived_is_told_as_rejected(at: Scene) -> None:
    """EXEC-2: no such order is believed when the request can no longer arrive; nothing is sent again."""
    async with at.running() as process:
        await at.hand.fault("timeout_before_accept", path="/fapi/v1/order", method="POST", count=1)
        await at.enter("one")
        await at.ears.until(lambda: any(event.order.status == "REJECTED" for event in at.ears.events), 20.0)
        assert await at.sent() == []
        await at.until(lambda: not process.core.state.frozen)
        await at.open("two")


async def test_a_request_that_leaves_long_after_it_was_written_is_refused_by_the_exchange(at: Scene) -> None:
    """EXEC-2, fault 7: a process that is frozen between writing and sending buys nothing when it wakes."""

    class Frozen(Behind):
        async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Any = None) -> Outcome:
            if not order.protects:
                assert await ready()
                while self.real.now() < (signed_at or 0) + 1_600:  # noqa: ASYNC110  the exchange's clock
                    await asyncio.sleep(0.02)
            return await self.real.place(order, signed_at=signed_at)

    async with at.running(Frozen):
        await at.enter("one")
        await at.ears.until(lambda: any(event.order.status == "REJECTED" for event in at.ears.events))
        assert [event.order.reject_code for event in at.ears.events if event.order.reject_code] == [-1021]
        assert await at.sent() == []
        assert await at.flat()


async def test_without_the_store_nothing_is_entered_and_what_is_held_is_protected(at: Scene) -> None:
    """EXEC-2, EXEC-3, fault 4: a stop that is taken away is placed anew, a target closes; the log is caught up later."""
    assert isinstance(at.store, AwayStore)
    async with at.running(driver={"snapshot_every": 50}) as process:
        wanted = await at.open("one")
        at.store.here.clear()
        await at.enter("two", ETH, valid_until=int(time.time() * 1000) + 4_000)
        (stop,) = await at.waiting("STOP_MARKET")
        client = at.adapter()
        await client.start()
        ref = NewOrder(client_id=stop["clientAlgoId"], symbol=BTC, side="SELL", type="STOP_MARKET").ref
        await client.cancel(ref)
        await client.close()
        await at.until(at.protected)
        await at.ears.until(lambda: bool(at.ears.alerted("entry_failed")), 10.0)
        assert await at.sent() == [at.entry_id(wanted)]
        await at.hand.price(BTC, float(wanted.target + 20))
        await at.until(at.flat)
        at.store.here.set()
        await at.until(lambda: process.driver._log.caught_up)
    async with at.running(rearm=False) as process:
        assert process.core.state.halted is None, "it was re-armed before, and the log says so"
        assert "one" in process.core.state.past


async def test_a_broker_that_is_away_holds_up_nothing_and_hears_everything_later(at: Scene) -> None:
    """Invariants 4 and 6: messages wait in memory, then in a file, in order."""
    here = asyncio.Event()
    publish = at.bus.publish

    async def away(messages: list[Message], **named: Any) -> None:
        await here.wait()
        await publish(messages, **named)

    async with at.running(driver={"outbox_messages": 10}):
        at.bus.publish = away  # type: ignore[method-assign]  what execution tells, and nobody else
        wanted = await at.intent("one")
        await publish([signed_bundle(wanted, signer=at.common.signer())])
        await at.until(at.protected)
        await at.hand.price(BTC, float(wanted.target + 20))
        await at.until(at.flat)
        assert not any(event.fill for event in at.ears.events)
        here.set()
        await at.ears.until(lambda: any(trade.intent_id == "one" for s in at.ears.statements for trade in s.closed_trades))
    filled = [event.fill.quantity for event in at.ears.events if event.fill is not None and event.fill.side == "BUY"]
    assert sum(filled, Decimal(0)) == LOT
    times = [statement.time for statement in at.ears.statements]
    assert times == sorted(times)


@pytest.mark.parametrize("path", ["/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"])
async def test_open_orders_that_cannot_be_read_silence_neither_news_nor_statements(at: Scene, path: str) -> None:
    """EXEC-4, fault 3: the trade is entered, protected and told to its end."""
    async with at.running(driver={"statement_every_s": 1.0}):
        await at.hand.fault("error_answer", code=-1000, executed=False, path=path)
        told = len(at.ears.statements)
        wanted = await at.open("one")
        await at.ears.until(lambda: len(at.ears.statements) > told + 1)
        await at.hand.price(BTC, float(wanted.stop - 20))
        await at.until(at.flat)
        await at.ears.until(lambda: any(trade.intent_id == "one" for s in at.ears.statements for trade in s.closed_trades))
        await at.hand.lift()


async def test_a_symbol_that_the_exchange_does_not_know_is_named_once_and_left_out(at: Scene) -> None:
    """EXEC-4, fault 3: the other symbols' orders are read and traded."""
    async with at.running(driver={"statement_every_s": 1.0}):
        await at.hand.fault("unknown_symbol", symbol=ETH)
        await at.ears.until(lambda: bool(at.ears.alerted("unknown_symbol")))
        told = len(at.ears.statements)
        await at.open("one")
        await at.ears.until(lambda: len(at.ears.statements) > told + 1)
        assert len(at.ears.alerted("unknown_symbol")) == 1


async def test_a_cut_stream_costs_no_news(at: Scene) -> None:
    """RISK-5: what happened while nobody listened is asked for: fills, positions, ends."""
    async with at.running():
        wanted = await at.open("one")
        await at.hand.fault("refuse_streams", stream="private")
        await at.hand.fault("disconnect", stream="private")
        await at.hand.price(BTC, float(wanted.stop - 20))
        await at.until(lambda: _held_nothing(at))
        await at.hand.lift()
        await at.ears.until(lambda: any(trade.intent_id == "one" for s in at.ears.statements for trade in s.closed_trades))
    (trade,) = [trade for each in at.ears.statements for trade in each.closed_trades]
    assert trade.exit_reason == "stop"
    assert await at.flat()


async def test_lost_events_on_an_open_stream_cost_no_fill(at: Scene) -> None:
    """EXEC-4: what does not add up is asked for."""
    async with at.running():
        await at.hand.fault("lost_user_events", count=6)
        await at.open("one")
        await at.ears.until(
            lambda: sum((e.fill.quantity for e in at.ears.events if e.fill is not None), Decimal(0)) == LOT, 20.0
        )


async def _held_nothing(at: Scene) -> bool:
    return await at.held() == 0
