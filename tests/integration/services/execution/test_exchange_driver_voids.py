"""Entries that price voids, at an exchange's protocol: seen in the stream, read in the candles, raced by fills (SIG-7)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.domain.intents import OrderIntent
from shared.exchange.model.orders import OrderRef
from shared.exchange.outcome.outcomes import Outcome
from tests.support.exchange_driver.scene import BTC, Behind, Process, Scene, scene

MINUTE = 60_000


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as found:
        yield found


async def resting(at: Scene, process: Process) -> OrderIntent:
    """An entry that rests 300 under the price and is void 300 above it, decided at the close of the last minute."""
    price, now = await at.price(), int(time.time() * 1000)
    wanted = await at.enter(
        "one", kind="limit", price=price - 300, bound=price - 300, stop=price - 1_000, void_at=price + 300,
        close_time=now // MINUTE * MINUTE, rests_until=now + 2 * MINUTE,
    )  # fmt: skip
    await at.until(lambda: any(each.status == "NEW" for each in process.core.state.orders.values()))
    return wanted


async def trades_beyond(at: Scene, price: Decimal) -> bool:
    return Decimal((await at.hand.ask("GET", "state"))["symbols"][BTC]["last"]) >= price


def ended(at: Scene, word: str) -> bool:
    return any((each.order.status, each.order.reject_reason) == ("CANCELED", word) for each in at.ears.events)


async def test_an_entry_is_cancelled_when_the_stream_shows_that_price_voids_it(at: Scene) -> None:
    """SIG-7, EXEC-1."""
    async with at.running() as process:
        wanted = await resting(at, process)
        await at.hand.price(BTC, int(wanted.void_at - 50))
        await at.until(lambda: process.core.watched(BTC) is not None)
        assert not ended(at, "voided")
        await at.hand.price(BTC, int(wanted.void_at + 20))
        await at.until(lambda: ended(at, "voided"))
        await at.until(at.flat)
        assert at.ears.alerted("entry_failed")


async def test_a_price_that_was_there_while_no_process_ran_voids_the_entry_at_the_next_start(at: Scene) -> None:
    """SIG-7, EXEC-2: the candles say so, although price is back."""
    async with at.running() as process:
        wanted = await resting(at, process)
        await process.kill()
    await at.hand.price(BTC, int(wanted.void_at + 20))
    await at.until(lambda: trades_beyond(at, wanted.void_at))
    await at.hand.price(BTC, int(wanted.price + 300))
    assert not await at.flat(), "the entry rests on"
    async with at.running():
        await at.until(lambda: ended(at, "voided"))
        await at.until(at.flat)


async def test_a_fill_that_is_faster_than_the_cancel_is_a_trade_with_its_stop(at: Scene) -> None:
    """EXEC-3: price turns while the cancel is under way."""

    class SlowCancels(Behind):
        async def cancel(self, ref: OrderRef, **how: Any) -> Outcome:
            await at.hand.price(BTC, int(wanted.price - 20))
            outcome: Outcome = await self.real.cancel(ref, **how)
            return outcome

    async with at.running(SlowCancels) as process:
        wanted = await resting(at, process)
        await at.hand.price(BTC, int(wanted.void_at + 20))
        await at.until(at.protected)
        assert not ended(at, "voided")
