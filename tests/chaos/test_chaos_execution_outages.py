"""What execution needs is away for a minute: open positions stay protected, exits fill (invariant 4). In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from shared.domain.intents import ExitRung
from tests.support.await_points.virtual_loop import run_virtually
from tests.support.await_points.world import World, world
from tests.support.exchange_driver.scene import BTC, ETH, LOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

MINUTE_S = 60.0
READS = ("balance", "positionRisk", "account")


async def no_store(at: World) -> None:
    at.store.begin()


async def no_broker(at: World) -> None:
    at.broker.begin()


async def neither(at: World) -> None:
    at.store.begin()
    at.broker.begin()


async def no_account_reads(at: World) -> None:
    for name in READS:
        await at.scene.hand.fault("rest_outage", path=f"/fapi/v*/{name}")


async def other_symbol_away(at: World) -> None:
    await at.scene.hand.fault("rest_outage", symbol=ETH)


async def own_symbol_away(at: World) -> None:
    await at.scene.hand.fault("rest_outage", symbol=BTC)


OUTAGES: tuple[Callable[[World], Awaitable[None]], ...] = (
    no_store, no_broker, neither, no_account_reads, other_symbol_away, own_symbol_away,
)  # fmt: skip


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.__name__)
def test_a_minute_without_it_leaves_what_is_held_protected_and_exits_fill(
    tmp_path: Path, outage: Callable[[World], Awaitable[None]]
) -> None:
    """EXEC-3, EXEC-4, invariant 4: the stop that vanishes is placed anew, rungs fill, nothing is left."""
    run_virtually(_a_minute(tmp_path, outage))


async def _a_minute(spill: Path, outage: Callable[[World], Awaitable[None]]) -> None:
    async with world(spill) as at:
        await at.start()
        await at.ready(rearm=True)
        price = await at.scene.price()
        rungs = tuple(ExitRung(price=price + 1_000 * each, share=Decimal("0.5")) for each in (1, 2))
        wanted = await at.decide("held", price=price, stop=price - 3_000, exits=rungs, risk_budget=Decimal(10_000))
        assert await at.settled(wanted)
        await outage(at)
        began = asyncio.get_running_loop().time()
        if outage is not own_symbol_away:  # nobody can place what the exchange does not take
            await _somebody_cancels_the_stop(at)
            await at.until(lambda: len(at.watch.stops()) == 1)
            assert asyncio.get_running_loop().time() - began < 2.0
        await at.price(rungs[0].price + 20)
        await at.until(lambda: abs(at.watch.held()) == LOT / 2)
        await at.pass_time(MINUTE_S - 10)
        assert len(at.watch.stops()) == 1
        assert abs(at.watch.held()) == LOT / 2
        await at.price(rungs[1].price + 20)
        await at.until(lambda: at.watch.held() == 0)
        if outage is not own_symbol_away:
            await at.until(lambda: not at.watch.resting())
        assert asyncio.get_running_loop().time() - began < MINUTE_S
        await at.pass_time(MINUTE_S + began - asyncio.get_running_loop().time())
        at.broker.end()
        at.store.end()
        await at.scene.hand.lift()
        await at.until(at.flat)
        await at.until(lambda: at.lives[-1].process.driver.trouble() == "")
        await at.pass_time(12)
        later = await at.decide("later")
        assert await at.settled(later)
        await at.price(later.target + 50)
        await at.until(at.flat)
        await at.pass_time(12)
        assert [*at.watch.violations, *at.watch.judge(at.scene.ears, None)] == []


async def _somebody_cancels_the_stop(at: World) -> None:
    (stop,) = at.watch.stops()
    at.watch.cancel(stop["clientAlgoId"])
