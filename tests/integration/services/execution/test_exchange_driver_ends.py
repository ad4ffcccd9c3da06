"""How a process of execution ends and begins: what is held has a stop, whatever is away (EXEC-2, EXEC-3, EXEC-8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.bus.memory.bus import MemorySubscription
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Outcome, Ready, Refused, Uncertain
from shared.exchange.port import Exchange
from shared.store.memory import MemoryStore
from tests.support.exchange_driver.scene import BTC, Behind, Process, Scene, scene

FAR = Decimal(300)
MINUTES = 60_000


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as found:
        yield found


async def resting(at: Scene, process: Process) -> Decimal:
    """Enter by a limit order far under the price; returns its price."""
    low = await at.price() - FAR
    until = int(time.time() * 1000) + 2 * MINUTES
    await at.enter("one", kind="limit", price=low, bound=low, stop=low - 700, rests_until=until)
    await at.until(
        lambda: any(order.status == "NEW" and order.purpose == "entry" for order in process.core.state.orders.values())
    )
    return low


@pytest.mark.parametrize(
    "answer",
    [Refused(code=-1008, message="busy", action="retry"), Uncertain(doubt="timeout", until=0)],
    ids=["busy", "unknown"],
)
async def test_a_process_that_ends_in_the_moment_of_a_fill_leaves_a_stop(at: Scene, answer: Outcome) -> None:
    """EXEC-8, EXEC-3: SIGTERM, the entry has filled, and the first stop was not accepted yet."""

    class SlowStops(Behind):
        stops = 0

        async def place(self, order: NewOrder, **how: Any) -> Outcome:
            if order.type == "STOP_MARKET":
                SlowStops.stops += 1
                if SlowStops.stops == 1:
                    await asyncio.sleep(0.3)
                    return answer
            outcome: Outcome = await self.real.place(order, **how)
            return outcome

    async with at.running(SlowStops) as process:
        await at.enter("one")
        await at.until(lambda: any(plan.state == "protecting" for plan in process.core.state.plans.values()))
        await process.stop()
    assert await at.held() > 0
    assert len(await at.waiting("STOP_MARKET")) == 1


async def test_a_resting_entry_is_cancelled_at_the_end_also_while_the_broker_is_away(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXEC-8: ending the subscription waits for a broker that does not answer; the exchange is not kept waiting for it."""
    async with at.running() as process:
        await resting(at, process)

        async def hang(self: MemorySubscription) -> None:
            await asyncio.Event().wait()

        with monkeypatch.context() as patched:
            patched.setattr(MemorySubscription, "cancel", hang)
            await asyncio.wait_for(process.stop(), 10.0)
        truth = await at.truth()
        assert [order["clientOrderId"] for order in truth["orders"] if order["status"] == "NEW"] == []


@pytest.mark.parametrize("path", ["/fapi/v1/exchangeInfo", "/fapi/v1/time"])
async def test_a_fill_at_a_restart_has_a_stop_although_the_checks_of_the_start_cannot_be_made(at: Scene, path: str) -> None:
    """EXEC-3: the account is heard and read first; key, filters and clock only keep entries waiting."""
    async with at.running() as process:
        low = await resting(at, process)
        await process.kill()
    await at.hand.fault("rest_outage", path=path)
    async with at.running(ready=False):
        await at.hand.price(BTC, int(low - 50))
        await at.until(at.protected, 10.0)
        await at.hand.lift()


async def test_a_close_leaves_after_a_freeze_while_the_account_cannot_be_read(at: Scene) -> None:
    """EXEC-3: the process still leads, so nobody else closes it."""
    async with at.running():
        wanted = await at.open("one")
        await at.hand.fault("rest_outage", path="/fapi/v3/balance")
        await at.hand.fault("rest_outage", path="/fapi/v3/positionRisk")
        time.sleep(1.8)  # noqa: ASYNC251  the process stands still for longer than a request is valid
        await at.approve(await at.intent("close", purpose="close", about=wanted.id))
        await at.until(at.flat, 10.0)
        await at.hand.lift()


class SlowStore(MemoryStore):
    """Takes its time for every append."""

    seconds = 0.0

    async def append(self, *given: Any, **named: Any) -> None:
        await asyncio.sleep(self.seconds)
        await super().append(*given, **named)


class Noting(Behind):
    """Notes when an entry leaves, exchange ms."""

    left: list[int]

    async def place(self, order: NewOrder, *, ready: Ready | None = None, **how: Any) -> Outcome:
        async def asked() -> bool:
            may = ready is None or await ready()
            if may and not order.protects:
                self.left.append(self.real.now())
            return may

        outcome: Outcome = await self.real.place(order, ready=asked, **how)
        return outcome


@pytest.mark.parametrize("why", ["halted", "expired"])
async def test_an_entry_that_waits_for_the_store_is_judged_again_when_it_is_signed(tmp_path: Path, why: str) -> None:
    """EXEC-2: nothing that increases a position is sent while halted, or after its end, also when the store is slow."""
    store = SlowStore()
    left: list[int] = []

    def noting(real: Exchange) -> Noting:
        found = Noting(real)
        found.left = left
        return found

    async with scene(tmp_path, store=store) as at, at.running(noting) as process:
        store.seconds = 0.6
        end = int(time.time() * 1000) + (300 if why == "expired" else 5_000)
        await at.enter("one", valid_until=end)
        if why == "halted":
            await at.until(lambda: any(order.status == "SENT" for order in process.core.state.orders.values()))
            await at.command("halt")
        await at.until(lambda: all(order.over for order in process.core.state.orders.values()))
        await at.until(lambda: process.core.state.plans == {})
        assert left == []
        assert await at.held() == 0
        store.seconds = 0.0
