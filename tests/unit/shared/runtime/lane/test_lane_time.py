"""A lane's time: whose it is, that it never goes back, and what it does with messages from the future."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from shared.bus import codec
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.message import Message
from shared.runtime.lane import log as lane_log
from shared.store.memory import MemoryStore
from tests.support.runtime.lane_desk import NOW, Diary, LaneDesk, micro

MINUTE = 60_000
RESET = Control(id="r", command="reset", by="test", reason="")
FAR = 4_070_908_800_000  # 2099


def times(text: str) -> list[int]:
    return list(json.loads(text))


async def test_an_own_clock_stamps_and_no_header_moves_it() -> None:
    """Invariant 1: outside mode sim nobody tells a lane its time; the stamp travels with what the lane publishes."""
    desk = LaneDesk()
    await desk.start()
    assert times((await desk.tell(micro(1), header=FAR)).text) == [NOW]
    desk.clock.time = NOW - 5_000
    assert times((await desk.tell(micro(2), header=1)).text) == [NOW, NOW]
    desk.clock.time = NOW + 5_000
    assert times((await desk.tell(micro(3))).text) == [NOW, NOW, NOW + 5_000]
    assert desk.headers == [NOW, NOW, NOW + 5_000]
    await desk.end()


async def test_the_players_time_travels_and_begins_anew_with_a_session() -> None:
    """Invariant 2: in lock-step every lane lives at the time of the market."""
    desk = LaneDesk(kind="player")
    await desk.start()
    await desk.tell(micro(1), header=1_000)
    await desk.tell(micro(2))
    assert times((await desk.tell(micro(3), header=500)).text) == [1_000, 1_000, 1_000]
    await desk.bus.publish([RESET], now=200)
    assert times((await desk.tell(micro(4))).text) == [200]
    assert desk.headers == [1_000, 1_000, 1_000, 200]
    await desk.end()


@pytest.mark.parametrize("kind", ["own", "player"])
async def test_a_message_from_the_future_is_parked_and_deafens_nobody(kind) -> None:
    """Invariant 6: one forged time must not make a core take the present for old."""
    desk = LaneDesk(kind=kind, store=MemoryStore())
    await desk.start()
    await desk.tell(micro(NOW), header=NOW)
    alert = await desk.tell(micro(FAR), header=NOW)
    assert (alert.severity, alert.source) == ("critical", "lane")
    assert "claims the time" in alert.text
    assert [letter.message_id for letter in await desk.bus.dead_letters("in", 9)] == [micro(FAR).message_id]
    assert times((await desk.tell(micro(NOW + MINUTE), header=NOW)).text) == [NOW, NOW]
    assert "claims the time" in (await desk.tell(micro(NOW + MINUTE + 1), header=NOW)).text
    await desk.end()


async def test_time_survives_a_restart() -> None:
    """Invariant 3: also when the machine's clock was set back meanwhile, which is told."""
    store = MemoryStore()
    first = LaneDesk(store=store)
    await first.start()
    await first.tell(micro(1))
    await first.end()
    second = LaneDesk(store=store)
    second.clock.time = NOW - 3_600_000
    await second.start()
    await second.bus.publish([micro(2)])
    await second.until(lambda: len(second.heard) == 2)
    told, answer = second.heard
    assert told.key == "stamped-ahead"
    assert times(answer.text) == [NOW, NOW]
    await second.end()


def test_entries_and_snapshots_of_the_previous_version_still_decode() -> None:
    """OPS-2: a lane's log outlives an upgrade."""
    import msgspec

    body = codec.encode(micro(7))
    old = msgspec.msgpack.encode(["micro", 1, body])
    assert lane_log.logged(old) == (micro(7), None)
    assert lane_log.logged(lane_log.entry(micro(7), body, NOW)) == (micro(7), NOW)
    snapshot = lane_log.snapshot_of(msgspec.msgpack.encode({"seen": ["a"], "core": b"x"}))
    assert (snapshot.seen, snapshot.core, snapshot.stamp) == (["a"], b"x", 0)


async def test_ticks_are_the_processes_own_and_logged() -> None:
    """EXEC-3: deadlines are kept though no message comes, and a restart knows the ticks."""
    store = MemoryStore()
    desk = LaneDesk(tick_ms=1, store=store)
    await desk.start()
    await desk.tell(micro(1))
    await desk.until(lambda: sum(alert.key.startswith("tick") for alert in desk.heard) >= 3)
    await desk.end()
    state = await store.open("lane")
    logged = [lane_log.logged(raw)[0].TYPE for raw in state.log]
    assert logged[:4] == ["micro", "clock_tick", "clock_tick", "clock_tick"]
    fresh = Diary()
    for raw in state.log:
        message, stamp = lane_log.logged(raw)
        fresh.handle(message, stamp or 0)
    assert fresh.times == times(desk.heard[-1].text)


async def test_a_tick_whose_answer_cannot_be_carried_is_told_and_leaves_no_trace() -> None:
    """Invariant 6: there is no message to park; the core goes on from what the log has."""

    class Shouting(Diary):
        def handle(self, message: Message, now: int) -> Sequence[Message]:
            if isinstance(message, ClockTick):
                return [Alert(severity="info", source="diary", key="tick", text="x" * codec.MAX_BODY_BYTES)]
            return super().handle(message, now)

    desk = LaneDesk(Shouting, tick_ms=3_600_000, store=MemoryStore())
    await desk.start()
    await desk.tell(micro(1))
    desk.lane._timer.due = True
    assert times((await desk.tell(micro(2))).text) == [NOW, NOW]
    assert [alert.key for alert in desk.heard if alert.severity == "critical"] == ["failed-tick"]
    assert not desk.lane.failed
    await desk.end()


async def test_no_tick_before_the_state_is_here_and_none_in_lock_step() -> None:
    """Invariant 3: a standby must not act; in mode sim the market alone moves time."""
    standby, player = LaneDesk(tick_ms=1, store=MemoryStore()), LaneDesk(tick_ms=1, kind="player")
    for desk in (standby, player):
        await desk.start()
    busy = LaneDesk(tick_ms=1)
    await busy.start()
    await busy.until(lambda: len(busy.heard) >= 5)  # so much time has passed
    assert standby.heard == player.heard == []
    for desk in (standby, player, busy):
        await desk.end()


async def test_a_backlog_holds_no_tick_up_and_ticks_do_not_pile_up() -> None:
    """EXEC-3: one tick is due at most, and it goes before what waits."""
    desk = LaneDesk(tick_ms=3_600_000)
    await desk.start()
    desk.lane._timer.due = True
    await desk.bus.publish([micro(number) for number in range(200)])
    await desk.until(lambda: len(desk.heard) == 201)
    assert [alert.key for alert in desk.heard if alert.key.startswith("tick")] == ["tick:1"]
    await desk.end()
