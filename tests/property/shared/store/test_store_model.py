"""Every store behaves like the obvious model, whatever the order of opens, appends, snapshots, clears and reopenings."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.store.open import make_store
from shared.store.port import Fenced, StateStore


@dataclass
class Model:
    """What a trader's engineer would write on paper: per lane a snapshot, a log and the opening that owns it."""

    snapshot: dict[str, bytes] = field(default_factory=dict)
    log: dict[str, list[bytes]] = field(default_factory=dict)
    owner: dict[str, int] = field(default_factory=dict)


LANES = st.sampled_from(["a", "b"])
ENTRIES = st.lists(st.binary(max_size=8), max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("open"), LANES, st.integers(0, 1)),
    st.tuples(st.just("append"), LANES, st.integers(0, 1), st.integers(0, 2), ENTRIES, st.none() | st.binary(max_size=8)),
    st.tuples(st.just("clear"), st.integers(0, 1)),
    st.tuples(st.just("reopen"), st.integers(0, 1)),
)


async def obey(url: str, steps: list[tuple]) -> None:
    namespace = f"test-{uuid.uuid4().hex}"
    model, epochs = Model(), [0]
    first = make_store(url, namespace)
    await first.start()

    async def another() -> StateStore:
        if url == "memory:":
            return first
        store = make_store(url, namespace)
        await store.start()
        return store

    clients = [first, await another()]
    try:
        for step in steps:
            match step:
                case ("open", lane, who):
                    state = await clients[who].open(lane)
                    assert state.snapshot == model.snapshot.get(lane)
                    assert state.log == tuple(model.log.get(lane, ()))
                    assert state.epoch > epochs[-1]
                    epochs.append(state.epoch)
                    model.owner[lane] = state.epoch
                case ("append", lane, who, age, entries, snapshot):
                    epoch = epochs[max(0, len(epochs) - 1 - age)]
                    if model.owner.get(lane) != epoch:
                        with pytest.raises(Fenced):
                            await clients[who].append(lane, epoch, entries, snapshot)
                        continue
                    await clients[who].append(lane, epoch, entries, snapshot)
                    if snapshot is not None:
                        model.snapshot[lane], model.log[lane] = snapshot, []
                    model.log.setdefault(lane, []).extend(entries)
                case ("clear", who):
                    await clients[who].clear()
                    model = Model()
                case ("reopen", who):
                    if url != "memory:":
                        await clients[who].close()
                        clients[who] = await another()
    finally:
        await clients[0].clear()
        for client in clients:
            await client.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_memory_store_equals_the_model(steps: list[tuple]) -> None:
    """EXEC-4: state survives exactly as appended."""
    asyncio.run(obey("memory:", steps))


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, max_size=20))
def test_sqlite_store_equals_the_model(steps: list[tuple]) -> None:
    """EXEC-4: the same, through a file and two connections."""
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(obey(f"sqlite:///{directory}/state.db", steps))


@pytest.mark.redis
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=20))
def test_redis_store_equals_the_model(redis_url: str, steps: list[tuple]) -> None:
    """EXEC-4: the same, through two clients of a server."""
    asyncio.run(obey(redis_url, steps))
