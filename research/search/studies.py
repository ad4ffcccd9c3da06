"""Where a study is kept, and that one search at a time works on it, from whatever machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import optuna
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

#: Optuna talks to PostgreSQL without asyncio, whatever driver an address of ours names.
_DRIVER: Final = "postgresql+psycopg"


class OtherStudy(ValueError):
    """The study of this name asks something else, or is being searched; the text says what to do."""


class NoStudy(Exception):
    """The database cannot be used; the text says why."""


@contextmanager
def opened_study(storage: str | None, name: str, identity: str, pruner: optuna.pruners.BasePruner) -> Iterator[optuna.Study]:
    """The study, made where there is none, for this search alone. ``storage``: as of ``studying.search``.

    Raises OtherStudy, NoStudy.
    """
    url = None if storage is None else _resolved(storage)
    try:
        with _alone(url, name):
            study = optuna.create_study(
                storage=None if url is None else url.render_as_string(hide_password=False),
                study_name=name, direction="maximize", pruner=pruner, load_if_exists=True,
            )  # fmt: skip
            if study.user_attrs.get("identity", identity) != identity:
                raise OtherStudy(f"the study {name} was made of other data, settings or ranges; give another --name")
            study.set_user_attr("identity", identity)
            yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise NoStudy(_said(error)) from error


def without_password(storage: str) -> str:
    """The address as it may be shown."""
    try:
        return make_url(storage).render_as_string(hide_password=True)
    except ArgumentError:
        return storage.partition("://")[0] + "://…"


def needs_psycopg(storage: str) -> bool:
    """Whether the address is one of PostgreSQL, whose driver is an extra."""
    return storage.startswith(("postgresql", "postgres:"))


def _resolved(storage: str) -> URL:
    try:
        url = make_url(storage)
    except ArgumentError as error:
        raise NoStudy("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE") from error
    return url.set(drivername=_DRIVER) if needs_psycopg(storage) else url


@contextmanager
def _alone(url: URL | None, name: str) -> Iterator[None]:
    """Hold the study: nobody else suggests trials meanwhile. Who is killed holds it no longer."""
    if url is None:
        yield
    elif url.drivername == _DRIVER:
        with _in_postgres(url, name):
            yield
    elif url.database:
        with _beside(Path(url.database), name):
            yield
    else:
        yield


@contextmanager
def _in_postgres(url: URL, name: str) -> Iterator[None]:
    """A lock of PostgreSQL that ends with its connection."""
    number = int.from_bytes(hashlib.sha256(f"ict study {name}".encode()).digest()[:8], "big", signed=True)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if not connection.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar():
            raise OtherStudy(_taken(name))
        connection.commit()  # the lock is the connection's: no transaction stays open meanwhile
        yield


@contextmanager
def _beside(database: Path, name: str) -> Iterator[None]:
    """A lock of the operating system on a file beside the database's."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    place = database.with_name(f"{database.name}.{hashlib.sha256(name.encode()).hexdigest()[:8]}.lock")
    with open(place, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OtherStudy(_taken(name)) from None
        yield


def _taken(name: str) -> str:
    return f"the study {name} is being searched by another command; let that end, or give another --name"


def _said(error: Exception) -> str:
    found: Any = getattr(error, "orig", None) or error.__cause__ or error
    return " ".join(str(getattr(found, "orig", None) or found).split())[:200]
