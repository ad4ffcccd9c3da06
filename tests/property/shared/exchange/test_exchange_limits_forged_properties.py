"""Whatever stands in the shared cell, and whenever it changes: what protects leaves, and no process passes its own count."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exchange.limits.cell import encoded
from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import DEFAULT_LIMITS, Cost, Urgency, Usage, Window
from shared.store.memory import MemoryStore

NOW = 1_780_000_000_000
QUICK = LimiterSettings(protect_wait_s=0.001, order_wait_s=0.001, read_wait_s=0.001)
UNPROTECTING: tuple[Urgency, ...] = ("order", "read", "bulk")

numbers = st.integers(-(2**63), 2**63 - 1) | st.integers(NOW // 60_000 - 2, NOW // 60_000 + 2) | st.integers(0, 3_000)
names = st.sampled_from([*(limit.name for limit in DEFAULT_LIMITS), "execution_1m", "rest_1m"]) | st.text(max_size=8)
cells = st.binary(max_size=64) | st.builds(
    encoded, st.builds(Usage, st.dictionaries(names, st.builds(Window, numbers, numbers), max_size=5), numbers)
)


async def _with(written: list[bytes], urgency: Urgency) -> tuple[int, int]:
    """Return how many of 60 stops left, and the weight of the other calls, while the cell is written over."""
    store = MemoryStore()
    await store.start()
    one = RateLimiter(store, "cell", lambda: NOW, QUICK, part="execution")
    stops = weight = 0
    for each in range(60):
        if each < len(written):
            cell = await store.read("cell")
            await store.swap("cell", cell.version, written[each])
        await one.admit(Cost(0, 1, 1), "protect")
        stops += 1
        try:
            await one.admit(Cost(40), urgency)
        except Throttled:
            continue
        weight += 40
    await one.close()
    return stops, weight


@settings(max_examples=80, deadline=None)
@given(st.lists(cells, min_size=1, max_size=60), st.sampled_from(UNPROTECTING))
def test_no_cell_holds_back_a_stop_and_none_lets_a_process_pass_its_part(written: list[bytes], urgency: Urgency) -> None:
    """EXEC-6, H2 of the security review."""
    stops, weight = asyncio.run(_with(written, urgency))
    assert stops == 60
    assert weight <= 1_200 * QUICK.shares()[urgency]
