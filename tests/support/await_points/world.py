"""An exchange, a bus, a store and processes of execution one after the other, of which one may be struck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from services.execution.drivers.exchange.driver import ExchangeDriver
from services.execution.service import make_core
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from shared.config.settings import CommonSettings
from shared.domain.intents import OrderIntent
from shared.exchange.port import Exchange
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from shared.store.port import StateStore
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.await_points.remote import Outage, RemoteBus, RemoteStore
from tests.support.await_points.victim import Victim, noting_tasks
from tests.support.await_points.watch import Watch
from tests.support.exchange_driver.scene import BTC, Process, Scene, memory_ears
from tests.support.simulator.protocol_server import a_hand, a_server

#: What a specimen changes in a driver before it runs.
Change = Callable[[ExchangeDriver], None]
#: Longest wait for anything, virtual seconds.
PATIENCE = 90.0


class Life:
    """One process of execution: the driver in a context of its own, with connections of its own."""

    def __init__(self, process: Process, victim: Victim, bus: RemoteBus) -> None:
        self.process = process
        self.victim = victim
        self.bus = bus


class World:
    """``lives``: the processes, the newest last. ``watch``: judges. broker, store: may be away."""

    def __init__(self, scene: Scene, watch: Watch, change: Change) -> None:
        self.scene = scene
        self.watch = watch
        self.lives: list[Life] = []
        self.broker, self.store = Outage(), Outage()
        self._change = change

    @property
    def state(self) -> ExecutionState:
        """What the newest process has in mind."""
        return self.lives[-1].process.core.state

    async def start(self) -> Life:
        """A process takes the lease over."""
        scene = self.scene
        opened = await scene.store.open("execution")
        settings = ExecutionSettings.model_validate({"driver": {"outbox_directory": scene._spill}})
        victim = Victim()
        bus = RemoteBus(cast(Any, scene.bus), victim.context, self.broker)
        driver = ExchangeDriver(
            cast(Any, bus),
            lambda: cast(Exchange, scene.adapter()),
            partial(make_core, scene.common, settings),
            scene.common,
            settings,
        )
        store = cast(StateStore, RemoteStore(scene.store, self.store))
        lease = Lease("execution", store, opened.epoch, opened.snapshot, opened.log)
        task = victim.spawn(self._life(driver, lease), "execution under test")
        life = Life(Process(driver, task), victim, bus)
        self.lives.append(life)
        self.watch.lives.append((life, asyncio.get_running_loop().time()))
        return life

    async def _life(self, driver: ExchangeDriver, lease: Lease) -> None:
        running = asyncio.ensure_future(driver.run(lease))
        await asyncio.sleep(0)
        self._change(driver)
        await running

    async def ready(self, *, rearm: bool = False) -> None:
        await self.scene.ready(self.lives[-1].process, rearm=rearm)

    # -- what happens -------------------------------------------------------------------------------------------------

    async def decide(self, name: str, **changes: Any) -> OrderIntent:
        wanted = await self.scene.intent(name, **changes)
        self.watch.approved[self.scene.entry_id(wanted)] = wanted
        await self.scene.approve(wanted)
        return wanted

    async def command(self, purpose: Any, about: OrderIntent, **changes: Any) -> None:
        """Risk wants a trade closed, or its stop moved."""
        intent = await self.scene.intent(f"{purpose}-{about.id}", purpose=purpose, about=about.id, **changes)
        await self.scene.approve(intent)

    @staticmethod
    def now() -> int:
        return int(time.time() * 1000)

    async def settled(self, wanted: OrderIntent) -> bool:
        """Wait for the end of doubt about what was decided; True if a trade is held then."""
        await self.until(lambda: wanted.close_time in self.state.decided and self.quiet())
        return self.watch.held() != 0

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a state of the exchange or of the newest process."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not condition():
            if loop.time() > deadline:
                self.watch.say("7 for ever unsettled")
                raise TimeoutError
            await asyncio.sleep(0.05)

    @staticmethod
    async def pass_time(seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    def quiet(self) -> bool:
        """A process works, and nothing is under way in its mind."""
        life = self.lives[-1]
        begun = hasattr(life.process.driver, "_dispatcher")  # it has had its first turn
        if life.victim.state != "running" or not begun or not life.process.driver._dispatcher.caught_up:
            return False
        state = self.state
        return all(
            plan.state == "open" and not any(order.unsettled or order.cancelling for order in plan.of(state.orders))
            for plan in state.plans.values()
        )

    async def price(self, price: Decimal) -> None:
        await self.scene.hand.price(BTC, float(price))

    def flat(self) -> bool:
        return self.watch.held() == 0 and not self.watch.resting() and not self.state.plans


@asynccontextmanager
async def world(spill: Path, change: Change = lambda driver: None) -> AsyncIterator[World]:
    """A server at speed 1 of virtual time; nothing runs yet."""
    asyncio.get_running_loop().set_task_factory(noting_tasks)  # type: ignore[arg-type]  # asyncio's own form
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(a_server())
        hand = await stack.enter_async_context(a_hand(serving))
        ears, bus = await stack.enter_async_context(memory_ears())
        common = CommonSettings.model_validate(
            {
                "mode": "testnet",
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "exchange": {
                    "key": SecretStr(TEST_KEY),
                    "secret": SecretStr(TEST_SECRET),
                    "rest_url": serving.url,
                    "stream_url": serving.sockets_url,
                },
            }
        )
        store = MemoryStore()
        await store.start()
        watch = Watch(serving.context)
        made = World(Scene(hand, ears, bus, store, common, spill), watch, change)
        watching = asyncio.create_task(watch.run(), name="watch")
        try:
            yield made
            if watching.done():
                watching.result()  # raises what made it blind
        finally:
            watching.cancel()
            for life in made.lives:
                await life.victim.bury()
