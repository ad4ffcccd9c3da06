"""Execution within the rate limits: many symbols are stated in time, and forged counts hold back no stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shared.exchange.limits.cell import encoded
from shared.exchange.limits.windows import Usage
from shared.store.memory import MemoryStore
from tests.support.exchange_driver.scene import BTC, ETH, Scene, scene

MANY = (BTC, ETH, *(f"X{each:02d}USDT" for each in range(22)))
#: Of a minute: less is left then than an execution may take that is held back.
LATE_MS = 25_000
SEVENTY_YEARS_MS = 70 * 365 * 86_400_000


async def test_statements_of_many_symbols_come_in_time_within_the_limits(tmp_path: Path) -> None:
    """EXEC-4, EXEC-6: 24 symbols a second one by one would be 3,480 of weight a minute, of 540 that statements may use here.

    With eighty symbols, the real limits and a statement every five seconds it is the same.
    """
    async with (
        scene(tmp_path, server={"weight_minute": 1_200}, symbols=MANY) as at,
        at.running(driver={"statement_every_s": 1.0}) as process,
    ):
        told = len(at.ears.statements)
        await at.ears.until(lambda: len(at.ears.statements) >= told + 8, 20.0)
        assert process.driver.trouble() == ""
        assert await at.requests("GET /fapi/v1/openOrders") < len(MANY), "where nothing of ours lives, all in one call"
        await at.open("one")


async def test_an_execution_that_begins_in_a_minute_that_another_has_used_up_under_raised_limits_leads_at_once(
    tmp_path: Path,
) -> None:
    """EXEC-4, EXEC-6: by the limits that hold until they are stated, it read nothing until the minute was over."""
    async with scene(tmp_path, server={"weight_minute": 48_000}) as at:
        before = at.adapter()
        await before.exchange_info()
        await before.start()
        try:
            if before.now() % 60_000 > LATE_MS:  # else the next minute would begin before the first one has led
                await asyncio.sleep((60_100 - before.now() % 60_000) / 1000)
            for _ in range(80):
                await before.open_orders()  # 40 each, of all symbols: 3,200 of the 2,400 that hold by default
            began = before.now()
            async with at.running() as process:
                assert process.driver.trouble() == ""
                assert before.now() // 60_000 == began // 60_000, "in the same minute"
                await at.open("one")
        finally:
            await before.close()


async def test_forged_counts_in_the_store_hold_back_neither_entry_nor_stop_and_page(tmp_path: Path) -> None:
    """EXEC-6, H2 of the security review: every call was to wait for seventy years."""
    store = MemoryStore()
    await store.start()
    async with scene(tmp_path) as at:
        at.limits_store = store
        cell = f"rates:{at.common.exchange.rest_url}"
        async with at.running() as process:
            at.limits_store = None  # a person's client shares nothing
            held = await at.open("one")
            known = await store.read(cell)
            assert known.value is not None
            forged = encoded(Usage({}, process.driver._exchange.now() + SEVENTY_YEARS_MS))
            assert await store.swap(cell, known.version, forged)
            await _stop_is_replaced(at)
            await at.ears.until(lambda: bool(at.ears.alerted("limits.forged")))
            await at.hand.price(BTC, float(held.target + 20))
            await at.until(at.flat)
            await at.open("two", ETH)
        assert (await store.read(cell)).value != forged


async def _stop_is_replaced(at: Scene) -> None:
    """Somebody takes the stop away; ours is back."""
    (stop,) = await at.waiting("STOP_MARKET")
    client = at.adapter()
    await client.start()
    try:
        await client.cancel_all(BTC)
    finally:
        await client.close()
    await at.until(lambda: _another(at, stop["clientAlgoId"]))


async def _another(at: Scene, gone: str) -> bool:
    return [each["clientAlgoId"] != gone for each in await at.waiting("STOP_MARKET")] == [True]
