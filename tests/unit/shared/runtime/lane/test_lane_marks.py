"""Mark prices reach a lane on a queue of their own: logged as any input, and never remembered as ids (RISK-5)."""

from __future__ import annotations

import json

from shared.domain.control import MarkPrice, MarkPrices
from shared.runtime.lane.core import LaneCore
from shared.store.memory import MemoryStore
from tests.support.runtime.lane_desk import NOW, Diary, LaneDesk, micro


def marks(at: int) -> MarkPrices:
    price = MarkPrice(symbol="BTCUSDT", time=at, mark=1.0, index=1.0, funding_rate=0.0, next_funding_time=at + 1)
    return MarkPrices(partition=0, time=at, prices=(price,))


async def test_a_restart_finds_the_mark_prices_in_the_log() -> None:
    """Invariant 3: the state after a restart is that of every input, at the time that it came."""
    store = MemoryStore()
    first = LaneDesk(store=store, marks=True)
    await first.start()
    await first.tell(micro(1))
    first.clock.time = NOW + 1_000
    answer = await first.tell(marks(NOW))
    assert answer.key == f"mark_prices:p0:{NOW}:2"
    await first.end()
    second = LaneDesk(store=store, marks=True)
    second.clock.time = NOW + 2_000
    await second.start()
    assert json.loads((await second.tell(micro(2))).text) == [NOW, NOW + 1_000, NOW + 2_000]
    await second.end()


async def test_a_lane_without_their_queue_hears_none() -> None:
    desk = LaneDesk()
    await desk.start()
    await desk.bus.publish([marks(NOW)])
    assert (await desk.tell(micro(1))).key == "micro:BTCUSDT:1:1"
    await desk.end()


def test_an_hour_of_mark_prices_pushes_no_id_out_of_the_window() -> None:
    """Invariant 3: what is delivered twice acts once, however many prices came between."""
    core = LaneCore("lane", Diary, 4, allow_reset=True)
    core.apply(micro(1), NOW)
    for second in range(3_600):
        core.apply(marks(NOW + second), NOW + second)
    assert core.has_seen(micro(1).message_id)
    assert not core.has_seen(marks(NOW).message_id)
