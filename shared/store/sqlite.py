"""A state store in one SQLite file, for one or several processes of one machine.

WAL with ``synchronous=FULL``: the lane acks a message as soon as it is appended, so an append must survive a power failure;
``NORMAL`` would survive the death of the process but may lose the last commits with the machine. The fsync costs about a
millisecond and delays no order: the commit log appends in groups after the orders are published.

One worker thread holds the one connection and runs one transaction at a time. After a locked file, a full disk or an I/O
error the transaction is repeated with growing pauses; appends are numbered, so repeating one that was applied changes
nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from shared.domain.backoff import Backoff
from shared.store.metrics import StoreMetrics
from shared.store.patience import Patience
from shared.store.port import Cell, Claim, Fenced, LaneState, StoreError

T = TypeVar("T")

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS epochs (namespace TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lanes (
    namespace TEXT, lane TEXT, epoch INTEGER NOT NULL, writer TEXT NOT NULL, number INTEGER NOT NULL, snapshot BLOB,
    PRIMARY KEY (namespace, lane)
);
CREATE TABLE IF NOT EXISTS log (
    position INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, lane TEXT NOT NULL, entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_of_lane ON log (namespace, lane, position);
CREATE TABLE IF NOT EXISTS members (
    namespace TEXT, grp TEXT, member TEXT, until REAL NOT NULL, PRIMARY KEY (namespace, grp, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cells (
    namespace TEXT, cell TEXT, version INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (namespace, cell)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
    lease TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
"""
#: Primary result codes after which the same transaction may succeed later: another process holds the lock, or the disk is
#: full or failing until an operator repairs it.
_PASSING: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


def _passes(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


class SqliteStore:
    """Implements ``StateStore`` in the file at ``path``. ``clock``: the wall clock, seconds; all processes must use it."""

    def __init__(
        self,
        path: Path | str,
        namespace: str = "ict",
        *,
        busy_seconds: float = 1.0,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(path)
        self._namespace = namespace
        self._busy_seconds = busy_seconds
        self._clock = clock
        self._metrics = StoreMetrics("sqlite")
        self._patience = Patience(self._metrics, _passes, backoff or Backoff())
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite store")
        self._connection: sqlite3.Connection | None = None
        self._writer = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        await self._run("start", self._connect)

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        return await self._transact("open", lambda connection: self._open(connection, lane, at_least))

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        with self._metrics.append.time():
            async with self._order[lane]:
                number = next(self._numbers)
                taken = await self._transact(
                    "append", lambda connection: self._append(connection, lane, epoch, number, entries, snapshot)
                )
        if not taken:
            self._metrics.fenced.inc()
            raise Fenced(f"lane {lane}: epoch {epoch} is over; stop handling it and open it again")

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        def work(connection: sqlite3.Connection) -> None:
            row = (self._namespace, group, member, self._clock() + ttl_seconds)
            connection.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", row)

        await self._transact("beat", work)

    async def leave(self, group: str, member: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            row = (self._namespace, group, member)
            connection.execute("DELETE FROM members WHERE namespace = ? AND grp = ? AND member = ?", row)

        await self._transact("leave", work)

    async def members(self, group: str) -> tuple[str, ...]:
        def work(connection: sqlite3.Connection) -> tuple[str, ...]:
            row = (self._namespace, group, self._clock())
            connection.execute("DELETE FROM members WHERE namespace = ? AND grp = ? AND until <= ?", row)
            found = connection.execute("SELECT member FROM members WHERE namespace = ? AND grp = ?", row[:2])
            return tuple(sorted(member for (member,) in found))

        return await self._transact("members", work)

    async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
        def work(connection: sqlite3.Connection) -> Claim:
            now = self._clock()
            found = connection.execute("SELECT holder, epoch, until FROM leases WHERE lease = ?", (lease,)).fetchone()
            last, epoch, until = found or ("", 0, 0.0)
            if last != holder and until > now:
                return Claim(last, epoch)
            epoch = epoch if last == holder else max(epoch + 1, at_least)
            row = (lease, holder, epoch, now + ttl_seconds)
            connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", row)
            return Claim(holder, epoch)

        return await self._transact("claim", work)

    async def release(self, lease: str, holder: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE leases SET holder = '', until = 0 WHERE lease = ? AND holder = ?", (lease, holder))

        await self._transact("release", work)

    async def read(self, cell: str) -> Cell:
        def work(connection: sqlite3.Connection) -> Cell:
            row = (self._namespace, cell)
            found = connection.execute("SELECT version, value FROM cells WHERE namespace = ? AND cell = ?", row).fetchone()
            return Cell(*found) if found is not None else Cell(0, None)

        return await self._transact("read", work)

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            row = (value, self._namespace, cell, version)
            if version == 0:
                done = connection.execute(
                    "INSERT OR IGNORE INTO cells (value, namespace, cell, version) VALUES (?, ?, ?, ? + 1)", row
                )
            else:
                done = connection.execute(
                    "UPDATE cells SET value = ?, version = version + 1 WHERE namespace = ? AND cell = ? AND version = ?", row
                )
            return done.rowcount == 1

        return await self._transact("swap", work)

    async def clear(self) -> None:
        def work(connection: sqlite3.Connection) -> None:
            for statement in (
                "DELETE FROM lanes WHERE namespace = ?",
                "DELETE FROM log WHERE namespace = ?",
                "DELETE FROM members WHERE namespace = ?",
                "DELETE FROM cells WHERE namespace = ?",
            ):
                connection.execute(statement, (self._namespace,))

        await self._transact("clear", work)

    def healthy(self) -> bool:
        return self._connection is not None and self._patience.calm

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await asyncio.get_running_loop().run_in_executor(self._executor, connection.close)
        self._executor.shutdown(wait=False)

    # -- in the worker thread -----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _open(self, connection: sqlite3.Connection, lane: str, at_least: int) -> LaneState:
        """Raise the lane's epoch and return its state.

        Epochs come from one counter per namespace, which ``clear`` keeps: no epoch is used twice, so a fenced process stays
        fenced.
        """
        (epoch,) = connection.execute(
            "INSERT INTO epochs VALUES (?1, max(1, ?2)) ON CONFLICT DO UPDATE SET last = max(last + 1, ?2) RETURNING last",
            (self._namespace, at_least),
        ).fetchone()
        (snapshot,) = connection.execute(
            "INSERT INTO lanes VALUES (?, ?, ?, '', 0, NULL)"
            " ON CONFLICT DO UPDATE SET epoch = excluded.epoch, writer = '', number = 0 RETURNING snapshot",
            (self._namespace, lane, epoch),
        ).fetchone()
        found = connection.execute(
            "SELECT entry FROM log WHERE namespace = ? AND lane = ? ORDER BY position", (self._namespace, lane)
        )
        return LaneState(epoch, snapshot, tuple(entry for (entry,) in found))

    def _append(
        self,
        connection: sqlite3.Connection,
        lane: str,
        epoch: int,
        number: int,
        entries: Sequence[bytes],
        snapshot: bytes | None,
    ) -> bool:
        key = (self._namespace, lane)
        head = connection.execute("SELECT epoch, writer, number FROM lanes WHERE namespace = ? AND lane = ?", key).fetchone()
        if head is None or head[0] != epoch:
            return False
        if head[1] == self._writer and head[2] >= number:
            return True  # an earlier try of this append was applied after all
        if snapshot is not None:
            connection.execute("UPDATE lanes SET snapshot = ? WHERE namespace = ? AND lane = ?", (snapshot, *key))
            connection.execute("DELETE FROM log WHERE namespace = ? AND lane = ?", key)
        connection.executemany(
            "INSERT INTO log (namespace, lane, entry) VALUES (?, ?, ?)", [(*key, entry) for entry in entries]
        )
        connection.execute(
            "UPDATE lanes SET writer = ?, number = ? WHERE namespace = ? AND lane = ?", (self._writer, number, *key)
        )
        return True

    async def _transact(self, what: str, work: Callable[[sqlite3.Connection], T]) -> T:
        def transaction() -> T:
            connection = self._connection
            if connection is None:
                raise StoreError(f"{what}: the store at {self._path} is not open; call start() first")
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return await self._run(what, transaction)

    async def _run(self, what: str, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await self._patience.until_done(what, lambda: loop.run_in_executor(self._executor, work))
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{what}: SQLite refused {self._path}: {error}; check that the path is writable and the file a database"
            ) from error
