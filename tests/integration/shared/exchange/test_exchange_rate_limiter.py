"""The limiter over every kind of store: what one process uses, the others see; no store, away or forged, stops a stop."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.exchange.limits.cell import encoded
from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import Cost, Limit, Usage
from shared.store.memory import MemoryStore
from shared.store.open import make_store
from shared.store.port import Cell, StateStore

NOW = 1_780_000_000_000
YEAR_MS = 365 * 86_400_000
LIMITS = (Limit("weight_1m", 60_000, 100), Limit("orders_10s", 10_000, 10), Limit("orders_1m", 60_000, 50))
QUICK = LimiterSettings(
    protect_wait_s=0.05, order_wait_s=0.05, read_wait_s=0.05, store_timeout_s=0.2, guardian=0.1, execution=0.8, rest=0.1
)


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[StateStore, StateStore]]:
    """Two clients of one store, as two processes have them."""
    one: StateStore
    other: StateStore
    if request.param == "memory":
        one = other = MemoryStore()
    else:
        url = f"sqlite:///{tmp_path}/s.db" if request.param == "sqlite" else request.getfixturevalue("redis_url")
        namespace = f"limits-{uuid.uuid4().hex[:8]}"
        one, other = make_store(url, namespace), make_store(url, namespace)
    await one.start()
    await other.start()
    yield one, other
    await one.clear()
    await one.close()
    if other is not one:
        await other.close()


def limiter(store: StateStore | None, settings: LimiterSettings = QUICK) -> RateLimiter:
    return RateLimiter(store, "limits:test", lambda: NOW, settings, LIMITS, "execution")


async def test_processes_share_the_limits(stores: tuple[StateStore, StateStore]) -> None:
    """EXEC-6: together they use no more than there is, and each one's silence is everybody's."""
    one, other = limiter(stores[0]), limiter(stores[1])

    async def use(which: RateLimiter) -> int:
        done = 0
        for _ in range(15):
            try:
                await which.admit(Cost(9), "order")
            except Throttled:
                continue
            done += 1
        return done

    assert sum(await asyncio.gather(use(one), use(other))) == 8, "nine tenths of the 80 that execution has"
    with pytest.raises(Throttled):
        await other.admit(Cost(1), "order")
    await other.admit(Cost(1), "protect")


async def test_silence_and_the_exchanges_counts_are_shared(stores: tuple[StateStore, StateStore]) -> None:
    """EXEC-6: 429 is heard by one and kept by all; so is a count that is higher than ours."""
    one, other = limiter(stores[0]), limiter(stores[1])
    await one.heard({"X-MBX-ORDER-COUNT-10S": "10"})
    with pytest.raises(Throttled):
        await other.admit(Cost(1, 1, 1), "order")
    await other.admit(Cost(1), "read")
    await one.close_for(5_000)
    with pytest.raises(Throttled, match="nothing was sent") as late:
        await other.admit(Cost(1), "order")
    assert late.value.seconds == 5.0


@pytest.mark.parametrize("value", [b"\xc1 no msgpack", b"", encoded(Usage({}, NOW + 70 * YEAR_MS))])
async def test_a_forged_cell_holds_back_no_stop_and_is_replaced(stores: tuple[StateStore, StateStore], value: bytes) -> None:
    """EXEC-6, H2 of the security review: one write into the cell closed all calls, stops included, for seventy years."""
    told: list[LimitsNews] = []
    one, other = limiter(stores[0]), limiter(stores[1])
    one.watch(told.append)
    await one.admit(Cost(1, 1, 1), "order")
    cell = await stores[1].read("limits:test")
    assert await stores[1].swap("limits:test", cell.version, value)
    await one.admit(Cost(1, 1, 1), "protect")
    await one.admit(Cost(1), "order")
    assert [each.event for each in told] == ["forged"]
    await other.admit(Cost(1), "order")
    assert other.usage.windows["weight_1m"].used >= 4, "the next process finds our count"
    assert other.usage.closed_until == 0
    await one.close()


class Away(MemoryStore):
    """Answers never."""

    async def read(self, cell: str) -> Cell:
        await asyncio.Event().wait()
        raise AssertionError

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_store_that_is_away_stops_no_stop() -> None:
    """EXEC-3, EXEC-6: the process counts for itself, and still holds the limit."""
    store = Away()
    await store.start()
    alone = limiter(store, QUICK.model_copy(update={"store_timeout_s": 0.01}))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(10):
        await alone.admit(Cost(1, 1, 1), "protect")
    assert loop.time() - began < 2.0
    with pytest.raises(Throttled):
        await alone.admit(Cost(1, 1, 1), "protect")
    await alone.close()


async def test_a_wait_within_patience_is_waited() -> None:
    """EXEC-6: until the next window, and then the call goes."""
    clock = [NOW + 9_950]
    patient = RateLimiter(None, "x", lambda: clock[0], LimiterSettings(), LIMITS)
    for _ in range(10):
        await patient.admit(Cost(0, 1, 1), "protect")
    waiting = asyncio.create_task(patient.admit(Cost(0, 1, 1), "protect"))
    for _ in range(10):
        await asyncio.sleep(0)  # as many turns as it may want: it is the window that it waits for
    assert not waiting.done()
    clock[0] += 50
    await asyncio.wait_for(waiting, 2)
