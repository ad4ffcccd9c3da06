"""What stands in the shared cell is not believed if no process of ours can have written it, and holds back no protection."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.exchange.limits.cell import LONGEST_PAUSE_MS, Forged, decoded, encoded
from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import DEFAULT_LIMITS, Cost, Usage, Window
from shared.store.memory import MemoryStore

NOW = 1_780_000_000_000
MINUTE = NOW // 60_000
DAY = 86_400_000
STOP = Cost(0, 1, 1)
CANCEL = Cost(1)
QUICK = LimiterSettings(protect_wait_s=0.001, order_wait_s=0.001, read_wait_s=0.001)

FORGED: dict[str, bytes] = {
    "closed for seventy years": encoded(Usage({}, NOW + 70 * 365 * DAY)),
    "closed since before time": encoded(Usage({}, -1)),
    "a thousand million used": encoded(Usage({"weight_1m": Window(MINUTE, 10**9)})),
    "less than nothing used": encoded(Usage({"orders_10s": Window(NOW // 10_000, -1_000_000)})),
    "a window that never ends": encoded(Usage({"weight_1m": Window(MINUTE * 2, 2_400)})),
    "no msgpack": b"\xc1\xff",
    "of another shape": msgspec.msgpack.encode(["windows", 7]),
    "of another version": msgspec.msgpack.encode({"windows": [["weight_1m", 1, 2]], "closed_until": 0}),
    "a number beyond all": msgspec.msgpack.encode({"windows": {}, "closed_until": 2**64 - 1}),
    "nothing": b"",
    "a flood": encoded(Usage({f"weight_{each}m": Window(1, 1) for each in range(1_000)})),
    "more limits than there are": encoded(Usage({f"w{each}": Window(1, 1) for each in range(20)})),
}


async def at(store: MemoryStore, **more: Any) -> RateLimiter:
    return RateLimiter(store, "cell", lambda: NOW, QUICK, part="execution", **more)


async def holding(value: bytes, version: int = 0) -> MemoryStore:
    store = MemoryStore()
    await store.start()
    for each in range(version + 1):
        await store.swap("cell", each, value)
    return store


@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
async def test_a_forged_cell_is_told_and_replaced_and_holds_nothing_back(value: bytes) -> None:
    """EXEC-6, H2 of the security review: what protects leaves at once, the rest as soon as the cell was read."""
    with pytest.raises(Forged):
        decoded(value, DEFAULT_LIMITS, NOW)
    store = await holding(value, version=5)
    told: list[LimitsNews] = []
    one = await at(store)
    one.watch(told.append)
    await one.admit(STOP, "protect")
    await one.admit(CANCEL, "protect")
    await one.admit(Cost(5), "order")
    await one.close()
    assert [each.event for each in told] == ["forged"]
    written = (await store.read("cell")).value
    assert written is not None
    assert decoded(written, DEFAULT_LIMITS, NOW).windows["orders_10s"].used >= 1


@pytest.mark.parametrize(
    "value",
    [encoded(Usage({}, NOW + LONGEST_PAUSE_MS)), encoded(Usage({"weight_1m": Window(MINUTE, 2_400)}))],
    ids=["a ban of three days", "a minute that is used up"],
)
async def test_a_cell_that_could_be_true_holds_back_queries_and_entries_and_no_stop(value: bytes) -> None:
    """EXEC-6, H2: nobody can tell it from the truth; what it stops is what may wait."""
    store = await holding(value)
    one = await at(store)
    for urgency in ("order", "read", "bulk"):
        with pytest.raises(Throttled):
            await one.admit(CANCEL, urgency)
    for _ in range(20):
        await one.admit(STOP, "protect")
        await one.admit(CANCEL, "protect")
    await one.close()


async def test_a_cell_that_is_forged_again_and_again_lets_no_process_pass_its_own_count() -> None:
    """EXEC-6: a store that says that nothing was used buys nobody more than his part of the weight."""
    store = await holding(encoded(Usage()))
    one = await at(store)
    used = 0
    for _ in range(300):
        cell = await store.read("cell")
        await store.swap("cell", cell.version, encoded(Usage()))
        try:
            await one.admit(Cost(10), "order")
        except Throttled:
            continue
        used += 10
    assert used == 1_080, "nine tenths of the half of 2,400"
    await one.close()


async def test_the_pause_that_the_exchange_asked_this_process_for_holds_for_stops_and_ends() -> None:
    """EXEC-6: who goes on after 429 is banned; no answer of a server closes for longer than its longest ban."""
    now = [NOW]
    store = await holding(encoded(Usage()))
    one = RateLimiter(store, "cell", lambda: now[0], QUICK, part="execution")
    await one.close_for(10 * LONGEST_PAUSE_MS)
    with pytest.raises(Throttled):
        await one.admit(STOP, "protect")
    now[0] += LONGEST_PAUSE_MS
    await one.admit(STOP, "protect")
    await one.close()


async def test_windows_of_other_kinds_of_processes_stay_in_the_cell() -> None:
    """EXEC-6: execution writes back what ingest has counted."""
    store = await holding(encoded(Usage({"rest_1m": Window(MINUTE, 77)})))
    one = await at(store)
    await one.admit(Cost(5), "order")
    written = (await store.read("cell")).value
    assert written is not None
    assert decoded(written, DEFAULT_LIMITS, NOW).windows["rest_1m"] == Window(MINUTE, 77)
