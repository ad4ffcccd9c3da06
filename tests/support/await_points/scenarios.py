"""The lives of trades whose every await point is struck; each goes on to its end whatever became of its first steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

from shared.domain.intents import ExitRung
from tests.support.await_points.world import World
from tests.support.exchange_driver.scene import LOT


async def ladder(at: World) -> None:
    """Entry, stop, two targets; the first one fills: the exits are resized, the stop goes to break-even; the second."""
    price = await at.scene.price()
    rungs = tuple(ExitRung(price=price + 400 * each, share=Decimal("0.5")) for each in (1, 2))
    wanted = await at.decide("ladder", price=price, stop=price - 600, exits=rungs, break_even_after=1)
    if await at.settled(wanted):
        await at.price(rungs[0].price + 20)
        await at.until(lambda: abs(at.watch.held()) < LOT and at.quiet())
        await at.price(rungs[1].price + 20)
    await at.until(at.flat)


async def stopped(at: World) -> None:
    """Entry, and the stop is hit."""
    wanted = await at.decide("stopped")
    if await at.settled(wanted):
        await at.price(wanted.stop - 50)
    await at.until(at.flat)


async def expired(at: World) -> None:
    """An entry rests, and is cancelled when its time is over."""
    price = await at.scene.price()
    wanted = await at.decide(
        "resting", kind="limit", price=price - 500, bound=price - 500, stop=price - 900,
        rests_until=int(at.now() + 1_500),
    )  # fmt: skip
    await at.until(lambda: wanted.close_time in at.state.decided)
    await at.until(at.flat)


async def voided(at: World) -> None:
    """An entry rests, and price reaches where its setup is spent; then it comes back, past where the entry rested."""
    price = await at.scene.price()
    wanted = await at.decide(
        "spent", kind="limit", price=price - 500, bound=price - 500, stop=price - 900, rests_until=int(at.now() + 600_000),
        void_at=price + 300,
    )  # fmt: skip
    await at.until(lambda: wanted.close_time in at.state.decided)
    await at.price(price + 320)
    await at.until(at.flat)
    await at.price(price - 600)
    await at.pass_time(2.0)
    await at.until(at.flat)


async def flattened(at: World) -> None:
    """Entry, then a stop that moves, then everything is closed by command."""
    wanted = await at.decide("flattened")
    if await at.settled(wanted):
        await at.command("move_stop", wanted, stop=wanted.stop + 200)
        await at.until(lambda: at.watch.held() == 0 or (at.quiet() and _moved(at, wanted.stop + 200)))
        await at.command("close", wanted)
    await at.until(at.flat)


def _moved(at: World, price: Decimal) -> bool:
    return [Decimal(each["triggerPrice"]) for each in at.watch.stops()] == [price]


SCENARIOS: Final[dict[str, Callable[[World], Awaitable[None]]]] = {
    each.__name__: each for each in (ladder, stopped, expired, voided, flattened)
}
