"""Which database a url means, and how it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
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
    """An engine for the journal's database; makes the directory of an SQLite file. Connects when it is first used.

    ``must_exist``: raise FileNotFoundError for an SQLite file that is not there, instead of making an empty one.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database is not None:
        path = Path(parsed.database)
        if must_exist and not path.exists():
            raise FileNotFoundError(f"there is no journal at {path}: check the journal's url, or run the journal first")
        path.parent.mkdir(parents=True, exist_ok=True)
    # pre_ping: after the server has restarted the first write finds out by itself; hide_parameters: errors go to logs
    engine = create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _durable)
    return engine


def _durable(connection: Any, _record: object) -> None:
    """A message is acked once it is written, so a commit must outlive a power failure; readers never block the writer."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
