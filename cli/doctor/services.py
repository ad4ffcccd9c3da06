"""Checks of what runs beside the services: RabbitMQ, the store of states, the journal's database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aio_pika
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, ProbableAuthenticationError
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from cli.database_file import closed_file, journal_file, store_file, wrong_file
from cli.doctor.check import Outcome
from cli.settings import Settings
from cli.wiring import make_store
from services.journal.database import database_url, open_database
from shared.store.port import StoreError

_BROKER: Final = "docker compose up -d rabbitmq, or set bus.url; `ict demo` needs none"
_STORE: Final = "docker compose up -d store, or set store.url; `ict demo` needs none"
_DATABASE: Final = "start PostgreSQL, or set journal.url (environment: DATABASE_URL)"


async def broker(settings: Settings) -> Outcome:
    """RabbitMQ lets us in."""
    where = f"RabbitMQ at {settings.bus.url}"
    try:
        async with await aio_pika.connect(settings.bus.url.get_secret_value()):
            return Outcome("rabbitmq", "ok", where)
    except (AuthenticationError, ProbableAuthenticationError):
        return Outcome("rabbitmq", "fail", f"{where} refuses user or password", "set bus.url (environment: ICT_BUS__URL)")
    except (*CONNECTION_EXCEPTIONS, OSError) as error:
        return Outcome("rabbitmq", "fail", f"{where}: {_first_line(error)}", _BROKER, unreachable=True)


async def store(settings: Settings) -> Outcome:
    """The store of the lanes' states answers."""
    url = settings.store.url.get_secret_value()
    where = f"store at {settings.store.url}"
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss"):
        try:  # the store itself would wait until the server comes back
            _, writer = await asyncio.open_connection(parts.hostname or "127.0.0.1", parts.port or 6379)
            writer.close()
        except OSError as error:
            return Outcome("store", "fail", f"{where}: {_first_line(error)}", _STORE, unreachable=True)
    if (path := store_file(settings)) is not None:
        return _file("store", path, where, "store.url")
    opened = make_store(settings)
    try:
        await opened.start()
    except StoreError as error:
        return Outcome("store", "fail", f"{where}: {_first_line(error)}", "set store.url (environment: ICT_STORE__URL)")
    finally:
        await opened.close()
    return Outcome("store", "ok", where)


async def journal(settings: Settings) -> Outcome:
    """The journal's database answers, or its file can be written."""
    url = database_url(settings.journal.url)
    where = f"journal at {url.render_as_string(hide_password=True)}"
    if url.get_backend_name() == "sqlite":
        if (path := journal_file(settings)) is None:
            return Outcome("journal", "warn", f"{where}: nothing is kept", "set journal.url (environment: DATABASE_URL)")
        return _file("journal", path, where, "journal.url")
    database = open_database(settings.journal.url)
    try:
        async with database.connect() as connection:
            await connection.execute(sql("select 1"))
    except OSError as error:
        return Outcome("journal", "fail", f"{where}: {_first_line(error)}", _DATABASE, unreachable=True)
    except DBAPIError as error:
        return Outcome("journal", "fail", f"{where}: {_first_line(error.orig or error)}", _DATABASE)
    finally:
        await database.dispose()
    return Outcome("journal", "ok", where)


def _file(name: str, path: Path, where: str, setting: str) -> Outcome:
    """A database that is there and can be written, or can be made."""
    if (wrong := wrong_file(path)) is not None:
        return Outcome(name, "fail", f"{where}: {wrong}", f"name another file in {setting}")
    if (closed := closed_file(path)) is not None:
        return Outcome(name, "fail", f"{where}: {closed}", f"chown or chmod it, or set {setting}")
    return Outcome(name, "ok", where if path.exists() else f"{where} (will be made)")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
