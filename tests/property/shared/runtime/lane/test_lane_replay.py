"""A lane's log replayed gives the state and the outputs of the live run, whatever the clocks do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core import Core
from shared.domain.message import Message
from shared.runtime.lane import log as lane_log
from shared.runtime.lane.core import LaneCore
from shared.store.memory import MemoryStore
from shared.store.port import LaneState
from tests.support.runtime.lane_desk import NOW, Diary, LaneDesk, micro

#: What the machine's clock does before each message, ms.
MOVES = st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=20)


async def live(build: Callable[[], Core], moves: list[int], snapshot_every: int) -> tuple[list[Message], LaneState]:
    """Run a lane under a clock that wanders; what it published, and what the store has."""
    store = MemoryStore()
    desk = LaneDesk(build, store=store, snapshot_every=snapshot_every)
    await desk.start()
    for number, move in enumerate(moves):
        desk.clock.time += move
        await desk.tell(micro(number))
    await desk.end()
    return list(desk.heard), await store.open("lane")


def replayed(build: Callable[[], Core], state: LaneState) -> tuple[bytes, list[Message]]:
    """Load what the store has into a fresh lane: its state, and what the logged messages gave again."""
    outputs: list[Message] = []

    class Listening:
        def __init__(self) -> None:
            self._core = build()
            self.snapshot, self.restore = self._core.snapshot, self._core.restore

        def handle(self, message: Message, now: int) -> Sequence[Message]:
            outputs.extend(answers := self._core.handle(message, now))
            return answers

    core = LaneCore("lane", Listening, 1024, allow_reset=False)
    core.load(state)
    return lane_log.snapshot_of(core.snapshot()).core, outputs


@settings(max_examples=40, deadline=None)
@given(moves=MOVES, snapshot_every=st.integers(1, 30))
def test_replay_is_the_live_run_whatever_the_clock_does(moves: list[int], snapshot_every: int) -> None:
    """Invariants 1 and 3: the logged stamp is handed back, and times never go back."""
    heard, state = asyncio.run(live(Diary, moves, snapshot_every))
    snapshot, outputs = replayed(Diary, state)
    times = Diary()
    times.restore(snapshot)
    assert outputs == heard[len(heard) - len(outputs) :]
    assert len(times.times) == len(moves)
    assert times.times == sorted(times.times)
    assert heard[-1].text == str(times.times)  # type: ignore[attr-defined]  # a lane desk hears alerts


def test_the_check_catches_a_core_that_reads_the_live_clock() -> None:
    """The specimen: its replay is of another time than its life."""
    clock = [NOW]

    class Cheat(Diary):
        def handle(self, message: Message, now: int) -> Sequence[Message]:
            clock[0] += 1
            return super().handle(message, clock[0])

    heard, state = asyncio.run(live(Cheat, [0, 1_000], 30))
    _, outputs = replayed(Cheat, state)
    assert outputs != heard[len(heard) - len(outputs) :]
