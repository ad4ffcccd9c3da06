"""Which database a url means, and how it is opened."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: The names that people write, and the driver behind each.
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def database_url(url: str) -> URL:
    """The url with our driver in it. Raises ValueError that says what is allowed; it never shows the password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("the journal's url cannot be read; write sqlite:///path or postgresql://user@host/name") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError(f"no journal for {parsed.drivername!r}; allowed are {', '.join(_DRIVERS)}")
    if driver.startswith("sqlite") and not parsed.database:
        raise ValueError("an SQLite journal needs a path after three slashes: sqlite:///.ict/journal.sqlite")
    return parsed.set(drivername=driver)


def open_database(url: str, *, must_exist: bool = False) -> AsyncEngine:
    """An engine for the journal's database. Connects, and makes the directory of an SQLite file, when it is first used.

    ``must_exist``: raise FileNotFoundError for an SQLite file that is not there, instead of making an empty one.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database is not None:
        path = Path(parsed.database)
        if must_exist and not path.exists():
            raise FileNotFoundError(f"there is no journal at {path}: check the journal's url, or run the journal first")
    # pre_ping: after the server has restarted the first write finds out by itself; hide_parameters: errors go to logs
    engine = create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.get_backend_name() == "sqlite":
        _treat_as_file(engine.sync_engine)
    return engine


class Writer(Protocol):
    """A database that is written to in transactions, whatever its driver."""

    @property
    def dialect(self) -> Dialect: ...

    async def transaction(self, work: Callable[[Connection], None]) -> None:
        """Run ``work`` in one transaction; raises what it or the database raises, and then nothing counts."""
        ...

    async def close(self) -> None: ...


class ServerWriter:
    """A database server, over the network: the event loop serves others while it works."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.dialect = engine.dialect

    async def transaction(self, work: Callable[[Connection], None]) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()


class FileWriter:
    """SQLite, written in the event loop's own thread.

    In a thread of its own it asks for the interpreter at every row, which costs more than the writing (a sixth of the
    embedded system's speed). A minute's rows take about a tenth of a millisecond here, and the journal waits until the
    orders are out.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.dialect = engine.dialect

    async def transaction(self, work: Callable[[Connection], None]) -> None:
        with self._engine.begin() as connection:
            work(connection)

    async def close(self) -> None:
        self._engine.dispose()


def open_writer(url: str) -> Writer:
    """The database at ``url``, to be written to. When first used it connects, and makes the directory of an SQLite file."""
    parsed = database_url(url)
    if parsed.get_backend_name() != "sqlite":
        return ServerWriter(open_database(url))
    engine = create_engine(parsed.set(drivername="sqlite"), hide_parameters=True)
    _treat_as_file(engine)
    return FileWriter(engine)


def _treat_as_file(engine: Engine) -> None:
    event.listen(engine, "do_connect", partial(_make_room, Path(engine.url.database or "")))
    event.listen(engine, "connect", _durable)


def _make_room(path: Path, *_: object) -> None:
    """Make the file's directory. Raises OSError that says what is in the way; SQLite itself says "unable to open"."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a directory")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{error.filename} is not a directory") from error


def _durable(connection: Any, _record: object) -> None:
    """A message is acked once it is written, so a commit must outlive a power failure; readers never block the writer."""
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()
    except BaseException:  # not a database: nobody else closes it, and its thread would outlive the event loop
        connection.close()
        raise
