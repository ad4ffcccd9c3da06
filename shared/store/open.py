"""Makes the store that a url names."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from shared.store.memory import MemoryStore
from shared.store.port import StateStore


def make_store(url: str, namespace: str) -> StateStore:
    """Make the store at ``url``, not yet started. Raises ValueError for an unknown scheme.

    ``memory:`` keeps nothing beyond the process; ``sqlite:///state.db`` is relative to the working directory and
    ``sqlite:////var/lib/ict/state.db`` absolute, as SQLAlchemy writes them; ``redis://``, ``rediss://`` and ``unix://`` are
    redis-py's.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryStore()
    if scheme == "sqlite":
        path = unquote(urlsplit(url).path)
        if urlsplit(url).netloc or len(path) < 2:
            raise ValueError("a sqlite store needs a path after three slashes: sqlite:///state.db")
        from shared.store.sqlite import SqliteStore  # a process loads the client of its own store only

        return SqliteStore(path[1:], namespace)
    if scheme in ("redis", "rediss", "unix"):
        from shared.store.redis import RedisStore

        return RedisStore(url, namespace)
    raise ValueError(f"no store for scheme {scheme!r}; allowed are memory:, sqlite:///path, redis://, rediss:// and unix://")
