"""Many processes over one slow store: no order of their calls and its answers passes the limits, and no unit is lost."""

from __future__ import annotations

import asyncio
from random import Random
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.unshared import UNTOLD, is_empty, joined, without
from shared.exchange.limits.windows import Cost, Limit, LimitName, Urgency, Usage, Window
from shared.store.memory import MemoryStore
from shared.store.port import Cell

NOW = 1_780_000_000_000
LIMITS = (Limit("weight_1m", 60_000, 1_000), Limit("orders_10s", 10_000, 100), Limit("orders_1m", 60_000, 200))
SETTINGS = LimiterSettings(
    protect_wait_s=0.001, order_wait_s=0.001, read_wait_s=0.001, store_timeout_s=10.0, guardian=0.1, execution=0.8, rest=0.1
)
SHARES = SETTINGS.shares()
UNPROTECTING: tuple[Urgency, ...] = ("order", "read", "bulk")
Counts = dict[LimitName, int]


class Uneven(MemoryStore):
    """Takes any number of turns to a request, and any number back."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random

    async def read(self, cell: str) -> Cell:
        await self._way()
        found = await super().read(cell)
        await self._way()
        return found

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        await self._way()
        done = await super().swap(cell, version, value)
        await self._way()
        return done

    async def _way(self) -> None:
        rarely = self._random.random() < 0.02  # so long that units are gathered and brought meanwhile
        for _ in range(500 if rarely else self._random.randrange(8)):
            await asyncio.sleep(0)


async def _used(random: Random, processes: int, urgencies: tuple[Urgency, ...]) -> tuple[Counts, Counts]:
    """Return what the processes have used together, and what the store says in the end."""
    store = Uneven(random)
    await store.start()
    used: Counts = {limit.name: 0 for limit in LIMITS}

    async def calls(which: RateLimiter) -> None:
        for _ in range(40):
            cost = random.choice((Cost(1, 1, 1), Cost(0, 1, 1), Cost(30), Cost(10, 3, 3)))
            try:
                await which.admit(cost, random.choice(urgencies))
            except Throttled:
                continue
            for name in used:
                used[name] += cost.of(name)
            if random.random() < 0.2:
                await asyncio.sleep(0)

    limiters = [RateLimiter(store, "limits", lambda: NOW, SETTINGS, LIMITS, "execution") for _ in range(processes)]
    with patch("shared.exchange.limits.shared_count._GATHER_S", random.choice((0, 0.001))):
        await asyncio.gather(*(calls(each) for each in limiters for _ in range(2)))
    await asyncio.gather(*(each.close() for each in limiters))
    value = (await store.read("limits")).value
    assert value is not None
    return used, {name: window.used for name, window in msgspec.msgpack.decode(value, type=Usage).windows.items()}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_up_to_three_processes_stay_within_the_limits_with_all_but_stops(seed: int, processes: int) -> None:
    """EXEC-6: what is untold fits into what the shares leave."""
    used, stored = asyncio.run(_used(Random(seed), processes, ("order", "read", "bulk")))
    assert all(used[limit.name] <= limit.ceiling for limit in LIMITS)
    assert all(stored[name] >= used[name] for name in used), "a unit that was used is in the store"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6), st.sampled_from(UNPROTECTING))
def test_any_number_of_processes_passes_its_share_by_what_is_untold_at_most(
    seed: int, processes: int, urgency: Urgency
) -> None:
    """EXEC-6: a twentieth of a limit for each but one; of the weight, they share the part of their kind."""
    used, stored = asyncio.run(_used(Random(seed), processes, (urgency,)))
    for limit in LIMITS:
        ceiling = limit.ceiling * (SETTINGS.execution if limit.name == "weight_1m" else 1)
        most = ceiling * SHARES[urgency] + limit.ceiling * (processes - 1) * UNTOLD
        assert used[limit.name] <= most
        assert stored[limit.name] >= used[limit.name]


windows = st.dictionaries(
    st.sampled_from([limit.name for limit in LIMITS]), st.builds(Window, st.integers(1, 3), st.integers(1, 50)), max_size=3
)
usages = st.builds(Usage, windows, st.integers(0, 100))


@given(usages, usages)
def test_a_joined_usage_holds_both_and_nothing_is_left(shared: Usage, ours: Usage) -> None:
    """EXEC-6: a later window keeps its number, whoever counted in it."""
    both = joined(shared, ours)
    assert both.closed_until == max(shared.closed_until, ours.closed_until)
    for name, window in both.windows.items():
        mine, theirs = ours.windows.get(name), shared.windows.get(name)
        assert window.number == max(each.number for each in (mine, theirs) if each is not None)
        assert mine is None or window.used >= mine.used
    assert is_empty(without(ours, ours))
    assert joined(shared, Usage()) is shared
