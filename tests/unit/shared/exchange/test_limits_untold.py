"""Far from the limits no order waits for the store; its units follow, none is lost, and closeness is heard at once."""

from __future__ import annotations

import asyncio
from typing import get_args

import msgspec
import pytest

from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import Cost, Limit, Urgency, Usage
from shared.store.memory import MemoryStore
from shared.store.port import Cell

NOW = 1_780_000_000_000
LIMITS = (Limit("weight_1m", 60_000, 1_000), Limit("orders_10s", 10_000, 200), Limit("orders_1m", 60_000, 400))
IMPATIENT = LimiterSettings(protect_wait_s=0.001, order_wait_s=0.001, read_wait_s=0.001, store_timeout_s=5.0)
CELL = "limits:test"
ORDER = Cost(1, 1, 1)
QUERY = Cost(1)
_UNPROTECTING: tuple[Urgency, ...] = ("order", "read", "bulk")


class Slow(MemoryStore):
    """Answers while ``gate`` is set; counts the swaps. ``asked``: set when one waits."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.swaps = 0

    async def read(self, cell: str) -> Cell:
        await self.gate.wait()
        return await super().read(cell)

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        self.swaps += 1
        if not self.gate.is_set():
            self.asked.set()
        await self.gate.wait()
        return await super().swap(cell, version, value)


async def opened() -> Slow:
    store = Slow()
    await store.start()
    return store


def limiter(store: MemoryStore | None, settings: LimiterSettings = IMPATIENT) -> RateLimiter:
    return RateLimiter(store, CELL, lambda: NOW, settings, LIMITS)


async def stored(store: MemoryStore) -> dict[str, int]:
    value = (await store.read(CELL)).value
    assert value is not None
    return {name: window.used for name, window in msgspec.msgpack.decode(value, type=Usage).windows.items()}


async def until_told(which: RateLimiter) -> None:
    if which._shared._telling is not None:
        await which._shared._telling


async def test_far_from_the_limits_a_call_waits_for_no_store_and_ten_are_one_write() -> None:
    """EXEC-6."""
    store = await opened()
    one = limiter(store)
    await one.admit(ORDER, "order")  # the first learns what the others have used
    assert store.swaps == 1
    store.gate.clear()
    async with asyncio.timeout(1):
        for _ in range(9):
            await one.admit(ORDER, "order")  # in one turn of the loop: none waits, so that nothing is told in between
    store.gate.set()
    await until_told(one)
    assert store.swaps == 2
    assert await stored(store) == {"weight_1m": 10, "orders_10s": 10, "orders_1m": 10, "rest_1m": 10}


async def test_only_a_little_is_untold_at_a_time() -> None:
    """EXEC-6: a twentieth of a limit; the next call waits for the store, and brings everything."""
    store = await opened()
    one = limiter(store)
    await one.admit(ORDER, "order")
    store.gate.clear()
    for _ in range(10):
        await one.admit(ORDER, "order")
    eleventh = asyncio.create_task(one.admit(ORDER, "order"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not eleventh.done()
    store.gate.set()
    await eleventh
    assert (await stored(store))["orders_10s"] == 12
    await one.close()


async def test_close_to_a_limit_a_call_waits_for_the_store() -> None:
    """EXEC-6: beyond half of what its urgency may use."""
    store = await opened()
    one = limiter(store)
    await one.admit(Cost(1, 90, 90), "order")
    store.gate.clear()
    waiting = asyncio.create_task(one.admit(ORDER, "order"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    await asyncio.wait_for(one.admit(ORDER, "protect"), 1)  # it may use more
    store.gate.set()
    await waiting
    await one.close()


async def test_units_that_lost_against_another_process_are_brought_again() -> None:
    """EXEC-6: on top of its units."""
    store = await opened()
    one, other = limiter(store), limiter(store)
    await one.admit(ORDER, "order")
    await one.admit(ORDER, "order")
    await other.admit(Cost(5, 5, 5), "order")
    await until_told(one)
    assert (await stored(store))["orders_10s"] == 7
    assert one.usage.windows["orders_10s"].used == 7, "and it knows of theirs"


async def test_units_counted_while_others_are_brought_follow() -> None:
    """EXEC-6."""
    store = await opened()
    one = limiter(store)
    await one.admit(ORDER, "order")
    store.gate.clear()
    await one.admit(ORDER, "order")
    async with asyncio.timeout(30):
        await store.asked.wait()
    await one.admit(ORDER, "order")
    store.gate.set()
    await until_told(one)
    assert (await stored(store))["orders_10s"] == 3


async def test_a_pause_stops_this_process_while_the_store_is_asked() -> None:
    """EXEC-6: and is not forgotten when the store has an older state."""
    store = await opened()
    one, other = limiter(store), limiter(store)
    await one.admit(ORDER, "order")
    await other.admit(ORDER, "order")
    store.gate.clear()
    closing = asyncio.create_task(one.close_for(5_000))
    await asyncio.sleep(0)
    for urgency in get_args(Urgency):
        with pytest.raises(Throttled):
            await asyncio.wait_for(one.admit(ORDER, urgency), 1)
    store.gate.set()
    await closing
    with pytest.raises(Throttled) as late:
        await other.admit(QUERY, "order")
    assert late.value.seconds == 5.0


async def test_another_process_sends_one_burst_of_orders_into_a_pause_and_no_query() -> None:
    """EXEC-6: then it has asked the store."""
    store = await opened()
    one, other = limiter(store), limiter(store)
    await one.admit(ORDER, "order")
    await other.admit(ORDER, "order")
    await one.close_for(5_000)
    await other.admit(ORDER, "order")
    assert other.usage.closed_until == 0
    await until_told(other)
    for urgency in _UNPROTECTING:
        with pytest.raises(Throttled):
            await other.admit(ORDER, urgency)


async def test_a_call_that_places_no_order_asks_the_store() -> None:
    """EXEC-6: a query can wait, and hears of a pause at once."""
    store = await opened()
    one, other = limiter(store), limiter(store)
    await one.admit(ORDER, "order")
    await other.admit(ORDER, "order")
    await one.close_for(5_000)
    with pytest.raises(Throttled):
        await other.admit(QUERY, "order")


async def test_an_old_copy_is_not_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """EXEC-6: the first order after a while asks the store."""
    store = await opened()
    one = limiter(store)
    await one.admit(ORDER, "order")
    monkeypatch.setattr("shared.exchange.limits.shared_count._FRESH_S", -1.0)
    await one.admit(ORDER, "order")
    assert (await stored(store))["orders_10s"] == 2


async def test_units_counted_alone_are_told_when_the_store_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """EXEC-6: nothing is lost, although another process wrote meanwhile."""
    monkeypatch.setattr("shared.exchange.limits.shared_count._ALONE_FOR_S", 0.05)
    store = await opened()
    one, other = limiter(store, IMPATIENT.model_copy(update={"store_timeout_s": 0.01})), limiter(store)
    await other.admit(ORDER, "order")
    store.gate.clear()
    for _ in range(30):
        await one.admit(ORDER, "order")
    await one.close_for(3_000)
    store.gate.set()
    await other.admit(ORDER, "order")
    await until_told(one)
    await until_told(other)
    assert (await stored(store))["orders_10s"] == 32
    with pytest.raises(Throttled):
        await limiter(store).admit(ORDER, "order")


async def test_closing_brings_the_rest_and_leaves_no_task() -> None:
    """Invariant 7."""
    store = await opened()
    one = limiter(store)
    await one.admit(ORDER, "order")
    await one.admit(ORDER, "order")
    await one.close()
    assert (await stored(store))["orders_10s"] == 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_does_not_wait_for_a_store_that_is_away() -> None:
    """Invariant 7."""
    store = await opened()
    one = limiter(store, IMPATIENT.model_copy(update={"store_timeout_s": 0.01}))
    await one.admit(ORDER, "order")
    await one.admit(ORDER, "order")
    store.gate.clear()
    await asyncio.wait_for(one.close(), 2)
    assert asyncio.all_tasks() == {asyncio.current_task()}
