"""Execution at the simulator's server is killed, frozen, replaced, stopped: nothing is sent twice, nothing stands bare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.execution.core import ExecutionCore
from shared.domain.intents import VerdictBundle
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Outcome
from shared.store.memory import MemoryStore
from shared.store.port import Fenced
from tests.support.exchange_driver.scene import BTC, ETH, LOT, Behind, Scene, scene


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


class DyingAtEntry(Behind):
    """The request arrives, and its answer finds nobody."""

    async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Any = None) -> Outcome:
        outcome = await self.real.place(order, signed_at=signed_at, ready=ready)
        if not order.protects:
            await asyncio.Event().wait()
        return outcome


async def test_a_first_start_takes_no_entry_until_a_person_re_arms(at: Scene) -> None:
    """RISK-6: an empty store outside sim means HALTED; how to end it is said in the alert and in /readyz."""
    async with at.running(rearm=False) as process:
        await at.ears.until(lambda: bool(at.ears.alerted("halt.0")))
        assert "ict rearm" in at.ears.alerted("halt.0")[0].text
        assert "ict rearm" in process.driver.trouble()
        await at.ears.until(lambda: any(each.command == "halt" for each in at.ears.controls))
        await at.enter("one")
        await at.ears.until(lambda: bool(at.ears.alerted("refused.halted")))
        await at.command("rearm")
        await at.until(lambda: process.driver.trouble() == "")
        await at.open("two")


async def test_killed_after_sending_the_next_process_asks_and_sends_nothing_twice(at: Scene) -> None:
    """EXEC-2, invariant 3: the position is protected by the successor, under the same trade."""
    async with at.running(DyingAtEntry) as process:
        wanted = await at.intent("one")
        feed = process.driver._loop.feed
        seen: list[Any] = []

        def deaf(taken: Any) -> Any:
            seen.append(taken)
            return feed(taken)

        process.driver._loop.feed = deaf  # type: ignore[method-assign]  a witness
        await at.approve(wanted)
        await at.until(lambda: _reached(at))
        await process.kill()
    async with at.running(rearm=False) as process:
        await at.until(at.protected)
        assert [plan.id for plan in process.core.state.plans.values()] == ["one"]
    assert await at.sent() == [at.entry_id(wanted)]


class Noting(Behind):
    """Notes the calls that reconcile, and those that send."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in RECONCILING or name in ("place", "cancel"):
            self.calls.append(name)
        return super().__getattr__(name)


RECONCILING = ("balances", "positions", "open_orders", "account_trades", "order")


async def test_a_successor_reconciles_before_it_sends(at: Scene) -> None:
    """EXEC-4: statement, open orders, executions and the order in doubt come before the stop of the bare position."""
    made: list[Noting] = []

    def noting(real: Any) -> Noting:
        made.append(Noting(real))
        return made[-1]

    async with at.running(DyingAtEntry) as process:
        await at.hand.fault("lost_user_events")
        await at.approve(await at.intent("one"))
        await at.until(lambda: _reached(at))
        await process.kill()
    await at.hand.lift()
    async with at.running(noting, rearm=False):
        await at.until(at.protected)
    calls = made[0].calls
    assert set(RECONCILING) <= set(calls[: calls.index("place")])


async def test_killed_while_a_trade_is_held_the_successor_goes_on_with_it(at: Scene) -> None:
    """EXEC-2, EXEC-3: the stop that stands is known, and no second one is placed; what happened meanwhile is told."""
    async with at.running() as process:
        wanted = await at.open("one")
        await process.kill()
    await at.hand.price(BTC, float(wanted.target + 20))
    async with at.running(rearm=False):
        await at.until(at.flat)
        await at.ears.until(lambda: any(trade.intent_id == "one" for s in at.ears.statements for trade in s.closed_trades))
    (trade,) = {trade.intent_id: trade for s in at.ears.statements for trade in s.closed_trades}.values()
    assert (trade.quantity, trade.exit_reason) == (LOT, "target")
    stops = [each for each in (await at.truth())["algo_orders"] if each["orderType"] == "STOP_MARKET"]
    assert len(stops) == 1


async def test_events_that_a_killed_process_had_not_told_are_told_by_its_successor(at: Scene) -> None:
    """Invariant 3: order events are written with the inputs that caused them."""
    publish = at.bus.publish

    async def away(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    async with at.running() as process:
        wanted = await at.intent("one")
        await at.approve(wanted)
        at.bus.publish = away  # type: ignore[method-assign]  the broker is away until the process dies
        await at.until(at.protected)
        await at.until(lambda: process.driver._log.caught_up)
        await process.kill()
        at.bus.publish = publish  # type: ignore[method-assign]
    assert not any(event.fill for event in at.ears.events)
    async with at.running(rearm=False):
        await at.ears.until(lambda: sum(_fills(at).values()) == LOT)


async def test_with_the_store_lost_the_trade_is_taken_up_from_the_exchange_and_entries_are_halted(at: Scene) -> None:
    """EXEC-3, RISK-6: its stop, recognised by its id, says what is held and until where."""
    async with at.running() as process:
        await at.open("one")
        await process.kill()
    at.store = MemoryStore()
    await at.store.start()
    async with at.running(rearm=False) as process:
        await at.until(lambda: bool(process.core.state.plans))
        assert process.core.state.halted is not None
        (plan,) = process.core.state.plans.values()
        assert plan.remaining(process.core.state.orders) == LOT
        assert len(await at.waiting("STOP_MARKET")) == 1


async def test_a_superseded_process_sends_no_entry(at: Scene) -> None:
    """Invariant 3: what is about to be sent is written first, and the write is fenced."""
    async with at.running() as process:
        await at.store.open("execution")
        await at.enter("one")
        with pytest.raises(Fenced):
            await asyncio.wait_for(asyncio.shield(process.task), 5)
    assert await at.sent() == []


async def test_a_stop_of_the_process_cancels_entries_that_rest_and_leaves_protection(at: Scene) -> None:
    """EXEC-8: what rests would fill without anybody who protects it."""
    async with at.running() as process:
        await at.open("held")
        price = await at.price(ETH)
        wanted = await at.enter(
            "resting", ETH, kind="limit", price=price - 40, bound=price - 40, stop=price - 100, rests_until=4_000_000_000_000
        )
        await at.until(lambda: _rests(at, at.entry_id(wanted)))
        await process.stop()
        assert not await _rests(at, at.entry_id(wanted))
        assert await at.protected()


async def test_a_stop_of_the_process_may_close_what_is_held(at: Scene) -> None:
    """EXEC-8: with the setting."""
    async with at.running(flatten_on_stop=True) as process:
        await at.open("held")
        await process.stop()
        assert await at.flat()


async def test_an_entry_that_rests_stands_under_the_exchanges_countdown(at: Scene) -> None:
    """EXEC-8: a process that dies without a word leaves no entry behind for long."""
    async with at.running(driver={"countdown_s": 5}) as process:
        price = await at.price()
        wanted = await at.enter(
            "resting", kind="limit", price=price - 500, bound=price - 500, stop=price - 900, rests_until=4_000_000_000_000
        )
        await at.until(lambda: _rests(at, at.entry_id(wanted)))
        await at.until(lambda: _counted(at))
        await process.kill()
    await at.until(lambda: _rests_no_more(at, at.entry_id(wanted)), 20.0)


def _fills(at: Scene) -> dict[str, Decimal]:
    """Quantities by id: one may be told twice, and is the same."""
    return {event.fill.id: event.fill.quantity for event in at.ears.events if event.fill is not None}


async def _reached(at: Scene) -> bool:
    return bool(await at.sent())


async def _rests(at: Scene, client_id: str) -> bool:
    orders = {each["clientOrderId"]: each["status"] for each in (await at.truth())["orders"]}
    return orders.get(client_id) == "NEW"


async def _rests_no_more(at: Scene, client_id: str) -> bool:
    return not await _rests(at, client_id)


async def _counted(at: Scene) -> bool:
    return await at.requests("POST /fapi/v1/countdownCancelAll") > 0


async def test_an_input_that_the_core_cannot_handle_costs_itself_and_nothing_else(at: Scene) -> None:
    """Invariant 6: a bug of the core; the state is made again as it was before, the intent is dead-lettered."""
    async with at.running() as process:
        held = await at.open("held")
        handle = ExecutionCore.handle

        def buggy(core: ExecutionCore, taken: Any, now: int) -> Any:
            if isinstance(taken, VerdictBundle) and taken.verdicts[0].symbol == ETH:
                core.state.plans.clear()
                raise RuntimeError("a bug")
            return handle(core, taken, now)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ExecutionCore, "handle", buggy)
            await at.enter("poison", ETH)
            await at.ears.until(lambda: bool(at.ears.alerted("dead-letter")))
        assert [plan.id for plan in process.core.state.plans.values()] == ["held"]
        assert len(at.ears.alerted("poisoned.VerdictBundle")) == 1
        await at.hand.price(BTC, float(held.target + 20))
        await at.until(at.flat)
        await at.open("next", ETH)


async def test_an_intent_that_was_not_written_goes_back_to_the_queue_for_the_next_process(at: Scene) -> None:
    """EXEC-2: no lost intent; the successor decides about it, by its age and its own start."""
    away = asyncio.Event()
    append = at.store.append

    async def never(*_: Any, **__: Any) -> None:
        await away.wait()

    async with at.running() as process:
        at.store.append = never  # type: ignore[method-assign]
        await at.enter("one")
        await at.until(lambda: bool(process.core.state.plans))
        await process.stop()
        at.store.append = append  # type: ignore[method-assign]
    assert await at.bus.depth("execution") == 1
    assert await at.sent() == []
