"""The collector of cyclic garbage does not walk everything while a close is worked on, and makes up for it in a lull."""

from __future__ import annotations

import asyncio
import gc

import pytest

from shared.runtime.process import collection
from shared.runtime.process.collection import quiet_collection


def _everything() -> int:
    return int(gc.get_stats()[2]["collections"])


async def test_many_new_objects_do_not_make_the_collector_walk_everything() -> None:
    """NFR: no pause at the hour or with fifty symbols."""
    async with quiet_collection():
        before = _everything()
        kept = [[each] for each in range(1_000_000)]
        assert _everything() == before
        assert len(kept) == 1_000_000


async def test_in_a_lull_everything_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR: memory stays bounded, though cyclic garbage is not looked for at work."""
    monkeypatch.setattr(collection, "_LULL_S", 0.01)
    async with quiet_collection():
        before = _everything()
        for _ in range(collection._DUE):
            gc.collect(1)
        async with asyncio.timeout(30):
            while _everything() == before:  # noqa: ASYNC110  the collector tells nobody
                await asyncio.sleep(0.01)


async def test_afterwards_the_collector_is_as_it_was() -> None:
    """NFR: what a test or a command sets does not outlive it."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    async with quiet_collection():
        assert gc.get_freeze_count() > frozen
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
