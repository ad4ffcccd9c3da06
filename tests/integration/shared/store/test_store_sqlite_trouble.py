"""The SQLite store while somebody else holds the file, while a commit's outcome is unknown, and on what is no database."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from shared.domain.backoff import Backoff
from shared.store.port import StoreError
from shared.store.sqlite import SqliteStore
from tests.support.store.contract import eventually

QUICK = Backoff(first=0.005, longest=0.02)


def store_at(path: Path) -> SqliteStore:
    return SqliteStore(path, busy_seconds=0.01, backoff=QUICK)


async def _unhealthy(store: SqliteStore) -> bool:
    return not store.healthy()


async def test_append_waits_while_another_process_holds_the_file(tmp_path: Path) -> None:
    """A backup or another service may lock the file for a while; the append waits it out."""
    path = tmp_path / "deep" / "state.db"
    store = store_at(path)
    await store.start()
    epoch = (await store.open("lane")).epoch
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    appending = asyncio.ensure_future(store.append("lane", epoch, [b"1"]))
    await eventually(lambda: _unhealthy(store))
    assert not appending.done()
    holder.execute("ROLLBACK")
    await asyncio.wait_for(appending, 10)
    assert store.healthy()
    assert (await store.open("lane")).log == (b"1",)
    holder.close()
    await store.close()


class LyingConnection:
    """Commits, and says that the disk has failed: an outcome that the caller cannot know."""

    def __init__(self, connection: sqlite3.Connection, lies: int) -> None:
        self._connection = connection
        self._lies = lies

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, statement: str, *arguments: object) -> object:
        result = self._connection.execute(statement, *arguments)
        if statement == "COMMIT" and self._lies:
            self._lies -= 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return result


@pytest.mark.parametrize("snapshot", [None, b"state"])
async def test_append_whose_commit_is_unknown_is_applied_once(tmp_path: Path, snapshot: bytes | None) -> None:
    """Invariant 3: the repeat of an append that was applied after all does nothing."""
    store = store_at(tmp_path / "state.db")
    await store.start()
    epoch = (await store.open("lane")).epoch
    real = store._connection
    store._connection = LyingConnection(real, lies=3)  # type: ignore[assignment]  # as far as the store uses it
    await store.append("lane", epoch, [b"1"], snapshot)
    await store.append("lane", epoch, [b"2"])
    store._connection = real
    opened = await store.open("lane")
    assert (opened.snapshot, opened.log) == (snapshot, (b"1", b"2"))
    await store.close()


async def test_file_that_is_no_database_is_said_at_once(tmp_path: Path) -> None:
    """No waiting cures it, so start does not wait."""
    path = tmp_path / "state.db"
    path.write_bytes(b"this is a text file, not a database" * 100)
    store = store_at(path)
    with pytest.raises(StoreError, match="a database"):
        await asyncio.wait_for(store.start(), 10)
    await store.close()


async def test_use_before_start_is_said(tmp_path: Path) -> None:
    """A wiring mistake names what to do."""
    store = store_at(tmp_path / "state.db")
    with pytest.raises(StoreError, match="start"):
        await store.open("lane")
    await store.close()


async def test_durability_is_full(tmp_path: Path) -> None:
    """An acked message must outlive a power failure: WAL with synchronous=FULL (2)."""
    store = store_at(tmp_path / "state.db")
    await store.start()
    assert store._connection is not None
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    await store.close()
