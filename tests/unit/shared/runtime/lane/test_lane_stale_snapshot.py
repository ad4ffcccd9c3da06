"""A snapshot of another version: what candles can teach anew begins anew, what knows of orders and positions refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from prometheus_client import REGISTRY

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from shared.bus.codec import encode
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.core import Core, StaleSnapshot
from shared.domain.candles import CandleBundle
from shared.domain.control import Alert
from shared.domain.facts import AnalysisBundle
from shared.domain.message import Message
from shared.pipeline import Pipeline, SnapshotRefused, Stage
from shared.runtime.lane import log
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.store.memory import MemoryStore
from tests.support.analysis.candles import LIVELY, SYMBOL, TIMEFRAME, seeded_walk
from tests.support.execution.desk import core as execution_core
from tests.support.risk.scenes import build as risk_core
from tests.support.runtime.telling import tell


def queue(name: str, *bindings: str) -> QueueSpec:
    return QueueSpec(name, "test", bindings, QueueKind.CLASSIC, Overflow.BLOCK, max_length=1_000, prefetch=8)


BUNDLES = [
    CandleBundle(partition=0, timeframe=TIMEFRAME, close_time=candle.close_time, candles=(candle,))
    for candle in seeded_walk(3, 60)
]
OTHER_VERSION = AnalysisSettings.model_validate({"sweeps": {"enabled": False}})


def analysis() -> AnalysisCore:
    return AnalysisCore(0, TIMEFRAME, LIVELY)


def fed(core: AnalysisCore, bundles: list[CandleBundle]) -> list[Message]:
    return [answer for bundle in bundles for answer in tell(core, bundle)]


def left_aside() -> float:
    """The counter of the lane under test."""
    labels = {"stage": "test", "lane": "lane"}
    return REGISTRY.get_sample_value("ict_lane_stale_snapshots_total", labels) or 0.0


class Run:
    """A lane over a store that another version has left behind, and what it published."""

    def __init__(self, build: Callable[[], Core], left_behind: bytes, logged: list[CandleBundle]) -> None:
        self.published: list[Message] = []
        self.store = MemoryStore()
        self._bus = MemoryBus(Topology((queue("in", "candle.#"), queue("out", "analysis.#", "alert.#"))))
        self._lane = Lane(LaneSpec("lane", "test", "in", build), self._bus, self.store, LanePolicy(commit_linger=0.0))
        self._left_behind = log.snapshot((), left_behind, 0)
        self._logged = [log.entry(bundle, encode(bundle), bundle.close_time) for bundle in logged]
        self._settling: set[asyncio.Future[None]] = set()

    def _collect(self, delivery: Delivery) -> None:
        self.published.append(delivery.decode())
        self._settling.add(asyncio.ensure_future(self._ack(delivery)))

    @staticmethod
    async def _ack(delivery: Delivery) -> None:
        await delivery.ack()

    async def start(self, bundles: list[CandleBundle]) -> BaseException | None:
        """Hand the bundles over; the error that the lane died of, None when it handled them all."""
        await self._bus.start()
        epoch = (await self.store.open("lane")).epoch
        await self.store.append("lane", epoch, [], self._left_behind)
        await self.store.append("lane", epoch, self._logged)
        await self._bus.subscribe("out", self._collect)
        await self._lane.start()
        await self._bus.publish(bundles)
        died = asyncio.ensure_future(self._lane.wait_failed())
        done = asyncio.ensure_future(self._answered(len(bundles)))
        async with asyncio.timeout(30):
            await asyncio.wait((died, done), return_when=asyncio.FIRST_COMPLETED)
        error = died.result() if died.done() else None
        died.cancel()
        done.cancel()
        if error is None:
            await self._lane.drain()
        await asyncio.gather(died, done, *self._settling, return_exceptions=True)
        return error

    async def _answered(self, count: int) -> None:
        while sum(isinstance(message, AnalysisBundle) for message in self.published) < count:  # noqa: ASYNC110  a condition
            await asyncio.sleep(0)


async def test_analysis_begins_anew_warms_up_from_the_log_and_says_so() -> None:
    """OPS-2: a new version of the detectors needs no hand: first the candles of the log, then those that come."""
    old = AnalysisCore(0, TIMEFRAME, OTHER_VERSION)
    fed(old, BUNDLES[:20])
    before = left_aside()
    run = Run(analysis, old.snapshot(), BUNDLES[20:40])
    assert await run.start(BUNDLES[40:]) is None
    assert left_aside() == before + 1
    alert, *answers = run.published
    assert isinstance(alert, Alert)
    assert (alert.severity, alert.source) == ("warning", "lane")
    assert "20 logged messages" in alert.text
    assert "saved by other detectors" in alert.text
    fresh = analysis()
    fed(fresh, BUNDLES[20:40])
    assert answers == fed(fresh, BUNDLES[40:])


async def test_a_snapshot_of_this_version_is_continued_in_silence() -> None:
    """Invariant 3: the other side of the rule."""
    one = analysis()
    fed(one, BUNDLES[:20])
    run = Run(analysis, one.snapshot(), BUNDLES[20:40])
    assert await run.start(BUNDLES[40:]) is None
    assert run.published == fed(analysis(), BUNDLES)[40:]


@pytest.mark.parametrize("build", [execution_core, risk_core], ids=["execution", "risk"])
async def test_core_with_orders_refuses_a_foreign_snapshot_and_keeps_it(build: Callable[[], Core]) -> None:
    """EXEC-2, RISK-1: the lane stops, and the state lies in the store as it was."""
    foreign = msgspec.msgpack.encode(["of", "another", "version"])
    with pytest.raises(Exception) as refusal:
        build().restore(foreign)
    assert not isinstance(refusal.value, StaleSnapshot)
    run = Run(build, foreign, [])
    error = await run.start(BUNDLES[:1])
    assert isinstance(error, type(refusal.value))
    assert run.published == []
    kept = (await run.store.open("lane")).snapshot
    assert kept is not None
    assert log.snapshot_of(kept).core == foreign


def test_analysis_in_one_process_with_risk_refuses_for_both() -> None:
    """RISK-1: the fused layout replays one log through all stages; one that has forgotten would mislead those after it."""
    old = AnalysisCore(0, TIMEFRAME, OTHER_VERSION)
    fed(old, BUNDLES[:3])
    data = msgspec.msgpack.encode({"analysis": old.snapshot(), "risk": risk_core().snapshot()})
    fused = Pipeline(
        [Stage("analysis", analysis(), lambda _: True), Stage("risk", risk_core(), lambda _: True)], internal=frozenset()
    )
    with pytest.raises(SnapshotRefused, match=rf"^analysis: engine {SYMBOL}.*begin this version with an empty state"):
        fused.restore(data)
