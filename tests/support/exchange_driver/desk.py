"""The driver ``exchange`` as the contract suite sees it: real adapter and sockets, a simulator's server in-process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from services.execution.inputs import Connected, Input, Statement
from services.execution.requests import Effects, Request
from shared.domain.message import Message
from simulator.server.instruments import exchange_info
from tests.support.exchange_driver.scene import BTC, ETH, SECONDS, Scene, scene
from tests.support.execution.driver_desk import NotingCore
from tests.support.simulator.simulated_trader import INSTRUMENTS

#: Nothing is stated but what is asked for, while a test runs.
_SELDOM = {"statement_every_s": 60, "account_check_s": 3_600, "instruments_every_s": 86_400}


class ExchangeDesk(NotingCore):
    """Requests reach the driver in a command from the bus, as they reach it from the core."""

    def __init__(self, behind: Scene) -> None:
        super().__init__()
        self._scene = behind
        self._heard = asyncio.Event()

    def handle(self, taken: Message | Input, now: int) -> Effects:
        effects = super().handle(taken, now)
        self._heard.set()
        return effects

    async def ask(self, *requests: Request) -> None:
        self.asks += requests
        await self._scene.command("halt")

    async def until(self, heard: Callable[[list[Input]], bool]) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                while not heard([each for each, _ in self.inputs]):
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(f"not heard in {SECONDS:g} s: {self.inputs}") from None

    async def trade(self, price: int) -> None:
        await self._scene.hand.price(BTC, price)


@asynccontextmanager
async def exchange_desk(directory: Path) -> AsyncIterator[ExchangeDesk]:
    """A desk that is set up, with nothing heard yet. directory: for files."""
    listed = directory / "exchange_info.json"
    listed.write_bytes(msgspec.json.encode(_listed()))
    async with scene(directory, server={"exchange_info": listed}) as behind:
        await behind.hand.price(BTC, 100)
        desk = ExchangeDesk(behind)
        async with behind.running(core=lambda: desk, driver=_SELDOM):
            await desk.until(_stated_since_the_stream_is_open)
            desk.inputs.clear()
            yield desk


def _listed() -> dict[str, Any]:
    """The exchange's list, with filters under which a test may trade small numbers at 100."""
    info = exchange_info((BTC, ETH))
    row = next(each for each in info["symbols"] if each["symbol"] == BTC)
    values = {
        "PRICE_FILTER": {"minPrice": str(INSTRUMENTS[BTC].tick_size)},
        "MIN_NOTIONAL": {"notional": str(INSTRUMENTS[BTC].min_notional)},
    }
    for each in row["filters"]:
        each.update(values.get(each["filterType"], {}))
    return info


def _stated_since_the_stream_is_open(inputs: list[Input]) -> bool:
    opened = next((n for n, each in enumerate(inputs) if isinstance(each, Connected) and each.open), None)
    return opened is not None and any(isinstance(each, Statement) for each in inputs[opened:])
