"""Clients of each kind of store, made and closed for one test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.store.memory import HeldLease, MemoryStore
from shared.store.open import make_store
from shared.store.port import StateStore
from tests.support.store.contract import Clients


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def clients(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Clients]:
    """A memory store *is* its content, so its clients of one namespace are one object."""
    made: list[StateStore] = []
    spaces: dict[str, MemoryStore] = {}
    leases: dict[str, HeldLease] = {}
    unique = uuid.uuid4().hex

    async def client(namespace: str = "own") -> StateStore:
        store: StateStore
        if request.param == "memory":
            store = spaces.setdefault(namespace, MemoryStore(leases=leases))
        elif request.param == "sqlite":
            store = make_store(f"sqlite:///{tmp_path}/state.db", namespace)
        else:
            store = make_store(request.getfixturevalue("redis_url"), f"test-{unique}.{namespace}")
        await store.start()
        made.append(store)
        return store

    yield client
    for store in made:
        await store.close()
    for namespace in ("own", "own-too"):
        store = await client(namespace)
        await store.clear()
        await store.close()
