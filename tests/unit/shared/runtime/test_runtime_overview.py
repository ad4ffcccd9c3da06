"""A service shows the states that are here, and says of those that may be elsewhere that they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from services.risk.core import RiskCore
from services.risk.metrics import RiskFigures
from services.risk.overview import RiskOverview
from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.core import Overview
from shared.pipeline import Pipeline, Stage
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.leadership import LeasePolicy
from shared.runtime.service import Service, ServiceSpec
from shared.runtime.source import Lease, Sources, SourceSpec
from shared.store.memory import MemoryStore
from tests.support.risk.scenes import DAWN, build, stated
from tests.support.runtime.lane_desk import Diary

TOPOLOGY = Topology((QueueSpec("in", "risk", ("account.#",), QueueKind.CLASSIC, Overflow.BLOCK, 100, prefetch=8),))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.005)


def lane(figures: RiskFigures) -> ServiceSpec:
    spec = LaneSpec("risk", "risk", "in", lambda: build(), show=figures.show)
    return ServiceSpec("risk", "risk", lanes=(spec,))


async def test_a_lane_shows_its_state_while_it_is_loaded_here() -> None:
    """RISK-8: a core without its state has nothing to say of the account, also by its metrics."""
    bus, figures = MemoryBus(TOPOLOGY, codec=True), RiskFigures()
    await bus.start()
    service = Service(lane(figures), bus, MemoryStore(), LanePolicy(clock="player"))
    await service.start()
    assert service.overview() == {"risk": None}
    assert not [sample for family in figures.collect() for sample in family.samples]
    await bus.publish([stated(DAWN, "10000")], now=DAWN)
    await until(lambda: service.overview()["risk"] is not None)
    found = service.overview()["risk"]
    assert isinstance(found, RiskOverview)
    assert found.equity == 10_000
    assert [sample for family in figures.collect() for sample in family.samples]
    await service.drain()
    await bus.close()


def test_a_core_that_shows_nothing_leaves_those_beside_it_alone() -> None:
    """OPS-1: the fused layout shows risk as a process of its own would."""
    risk: RiskCore = build()
    pipeline = Pipeline(
        [Stage("diary", Diary(), lambda _: False), Stage("risk", risk, lambda _: True)], internal=frozenset()
    )
    assert pipeline.overview() == risk.overview()


class Shown(msgspec.Struct):
    epoch: int


class Worker:
    """A source that shows the number of its lease."""

    def __init__(self) -> None:
        self.epoch = 0

    async def run(self, lease: Lease) -> None:
        self.epoch = lease.epoch
        await asyncio.Event().wait()

    def trouble(self) -> str:
        return ""

    def overview(self) -> Overview:
        return {"execution": Shown(self.epoch) if self.epoch else None}


async def test_of_two_replicas_the_one_with_the_lease_shows_the_state() -> None:
    """EXEC-4: who leads can be seen; the other one says that it stands by."""
    store, bus = MemoryStore(), MemoryBus(TOPOLOGY)
    await bus.start()
    spec = SourceSpec("execution", lambda *_: Worker(), lease="account", deployment="ict")
    policy = LeasePolicy(look=0.01)
    both = [Sources([spec], "execution", name, bus, store, lease=policy) for name in ("one", "two")]
    both[0].start()
    await until(lambda: both[0].overview()["execution"] is not None)
    both[1].start()
    assert both[1].overview() == {"execution": None}
    await both[0].drain()
    await until(lambda: both[1].overview()["execution"] is not None)
    assert both[0].overview() == {"execution": None}
    await both[1].drain()
    await bus.close()
