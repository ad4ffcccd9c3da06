"""Whether an SQLite file can be kept at a path: the store's or the journal's. Nothing is written, and no file is made."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cli.settings import Settings


def store_file(settings: Settings) -> Path | None:
    """The file of the lanes' states, None when the store keeps none."""
    parts = urlsplit(settings.store.url.get_secret_value())
    return Path(unquote(parts.path)[1:]) if parts.scheme == "sqlite" else None


def journal_file(settings: Settings) -> Path | None:
    """The journal's file, None when it is at a server or in memory."""
    from services.journal.database import database_url  # a quarter of a second, which a backtest need not wait for

    url = database_url(settings.journal.url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def wrong_file(path: Path) -> str | None:
    """Why no database can be at ``path``, whoever asks and whatever is free; None when it is one, or could be made."""
    try:
        if path.is_dir():
            return f"{path} is a directory; name a file"
        if path.exists():
            return _not_a_database(path)
        folder = nearest(path)
    except (OSError, ValueError) as error:  # a name that is too long, a NUL in it, a folder that is closed to us
        return f"{path} cannot be looked at ({getattr(error, 'strerror', None) or error})"
    return None if folder.is_dir() else f"{folder} is not a directory, so nothing can be below it"


def closed_file(path: Path) -> str | None:
    """Why this process cannot write a database at ``path``, which ``wrong_file`` finds good; None when it can."""
    if path.exists():
        return None if os.access(path, os.W_OK) else f"{path} cannot be written"
    folder = nearest(path)
    try:
        with tempfile.TemporaryFile(dir=folder):  # rights alone do not tell: /proc takes no file from root either
            return None
    except OSError as error:
        return f"no file can be made in {folder} ({error.strerror})"


def nearest(path: Path) -> Path:
    """What exists nearest above the path."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))


def _not_a_database(path: Path) -> str | None:
    """``immutable``: read its first page only, without a lock and without the files that write-ahead mode makes."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"{path}: {error}"
    return None
