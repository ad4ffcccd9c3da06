"""Each kind of process has its part of the address's weight, with and without a store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.parts import Part
from shared.exchange.limits.settings import LimiterSettings
from shared.exchange.limits.windows import Cost, Urgency
from shared.exchange.model.market_data import RateLimit
from shared.store.memory import MemoryStore

NOW = 1_780_000_000_000
QUICK = LimiterSettings(protect_wait_s=0.001, order_wait_s=0.001, read_wait_s=0.001)
PARTS: tuple[Part, ...] = ("guardian", "execution", "rest")


async def opened() -> MemoryStore:
    store = MemoryStore()
    await store.start()
    return store


async def weight(which: RateLimiter, urgency: Urgency, most: int = 2_400) -> int:
    """The weight that a process gets in a minute when it asks for all of it."""
    used = 0
    for _ in range(most // 5):
        try:
            await which.admit(Cost(5), urgency)
        except Throttled:
            return used
        used += 5
    return used


def made(store: MemoryStore | None, part: Part, settings: LimiterSettings = QUICK) -> RateLimiter:
    return RateLimiter(store, "cell", lambda: NOW, settings, part=part)


@pytest.mark.parametrize(("part", "most"), [("guardian", 360), ("execution", 1_200), ("rest", 840)])
async def test_a_process_uses_its_part_of_the_weight_and_no_more(part: Part, most: int) -> None:
    """EXEC-6: 15, 50 and 35 % of 2,400, for what protects; less for what may wait."""
    for urgency, share in (("protect", 1.0), ("order", 0.9), ("read", 0.75), ("bulk", 0.5)):
        one = made(await opened(), part)
        assert await weight(one, urgency) == int(most * share) // 5 * 5
        await one.close()


@pytest.mark.parametrize("store", [opened, None])
async def test_all_kinds_together_stay_within_the_limit_without_knowing_of_each_other(
    store: Callable[[], object] | None,
) -> None:
    """EXEC-6: each with a store of its own, as of two deployments on one address, or with none."""
    used = 0
    for part in PARTS:
        one = made(await opened() if store is not None else None, part)
        used += await weight(one, "protect")
        await one.close()
    assert used <= 2_400


async def test_two_processes_of_the_rest_share_their_part_through_the_store() -> None:
    """EXEC-6."""
    store = await opened()
    one, other = made(store, "rest"), made(store, "rest")
    assert await weight(one, "read", 300) == 300
    assert await weight(other, "read") == 330, "of 630"
    with pytest.raises(Throttled):
        await one.admit(Cost(5), "read")
    execution = made(store, "execution")
    assert await weight(execution, "read") == 900, "what the rest used is not execution's"


async def test_without_the_store_a_process_of_the_rest_uses_the_declared_fraction() -> None:
    """EXEC-6: half of 35 %, because another ingest process may run on this address, and nobody says what it uses."""
    assert await weight(made(None, "rest"), "read") == 315
    assert await weight(made(None, "rest", QUICK.model_copy(update={"rest_alone": 1.0})), "read") == 630
    assert await weight(made(None, "execution"), "read") == 900, "there is one"


async def test_a_part_follows_the_limit_that_the_exchange_states() -> None:
    """EXEC-6: half of 1,000; what was used in this minute counts on."""
    one = made(None, "execution")
    await one.admit(Cost(100), "order")
    one.learn([RateLimit(kind="REQUEST_WEIGHT", interval_ms=60_000, limit=1_000)])
    assert await weight(one, "protect") == 400


def test_parts_that_are_more_than_the_whole_are_refused() -> None:
    """OPS-3: together they would be banned."""
    with pytest.raises(ValidationError, match="more than 1"):
        LimiterSettings(guardian=0.2, execution=0.5, rest=0.35)
