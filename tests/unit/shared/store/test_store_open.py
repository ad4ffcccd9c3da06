"""Which store a url means."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.store.memory import MemoryStore
from shared.store.open import make_store
from shared.store.redis import RedisStore
from shared.store.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory:", MemoryStore),
        ("sqlite:///state.db", SqliteStore),
        ("redis://127.0.0.1:6379/3", RedisStore),
        ("rediss://user:secret@example.org/0", RedisStore),
        ("unix:///run/redis.sock", RedisStore),
    ],
)
def test_scheme_chooses_the_store(url: str, kind: type) -> None:
    """Configuration chooses; code does not know."""
    assert type(make_store(url, "ict")) is kind


async def test_sqlite_path_is_as_sqlalchemy_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes are relative, four absolute; percent signs are decoded."""
    monkeypatch.chdir(tmp_path)
    for url, path in (
        ("sqlite:///a/state.db", tmp_path / "a/state.db"),
        (f"sqlite:///{tmp_path}/b%20c.db", tmp_path / "b c.db"),
    ):
        store = make_store(url, "ict")
        await store.start()
        assert path.exists()
        await store.close()


@pytest.mark.parametrize("url", ["postgresql://x/y", "", "state.db", "Redis"])
def test_unknown_scheme_says_what_is_allowed(url: str) -> None:
    """The message lists the schemes."""
    with pytest.raises(ValueError, match=r"memory:.*sqlite:///path.*redis://"):
        make_store(url, "ict")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/state.db"])
def test_sqlite_without_a_path_is_refused(url: str) -> None:
    """An empty path would be a private database that vanishes."""
    with pytest.raises(ValueError, match="three slashes"):
        make_store(url, "ict")


@pytest.mark.parametrize("namespace", ["", "a:b", "a*", "ü", "x" * 101])
def test_namespace_unfit_for_keys_is_refused(namespace: str) -> None:
    """A glob or a separator in it would let clear reach another deployment's keys."""
    with pytest.raises(ValueError, match="namespace"):
        make_store("redis://127.0.0.1/", namespace)
