"""The directory of the cache: finds entries, begins new ones, and keeps to a size by removing the oldest first.

Nothing here ends a run: a damaged entry is removed and made again, a disk that is full or read-only keeps nothing. Each is
told in a sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from research.backtest.cache.entry import Damaged, Draft, TooLarge, frames_of

_SUFFIX: Final = ".kept"
_MEGABYTE: Final = 1 << 20
#: A draft that nobody has written to for so long, seconds, was left by a run that was killed.
_ABANDONED_S: Final = 86_400.0


class Writing:
    """An entry in the making. What goes wrong with it is told once; what is added after that goes nowhere."""

    def __init__(self, store: Store, path: Path, key: bytes) -> None:
        self._store = store
        self._draft: Draft | None = None
        try:
            self._draft = Draft(path, key, store.limit)
        except OSError as error:
            store.cannot(error)

    @property
    def lost(self) -> bool:
        """Whether nothing will come of it."""
        return self._draft is None

    def add(self, frame: bytes, *, packed: bool = True) -> None:
        """Write one frame; see ``Draft``."""
        if self._draft is None:
            return
        try:
            self._draft.add(frame, packed=packed)
        except TooLarge:
            self._store.tell(
                f"nothing is kept of this: it takes more than {self._store.limit // _MEGABYTE} MB (backtest.cache_mb)"
            )
            self.drop()
        except OSError as error:
            self._store.cannot(error)
            self.drop()

    def finish(self) -> None:
        """Keep it, and make room for it."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        try:
            draft.finish()
            self._store.make_room()
        except OSError as error:
            self._store.cannot(error)
            _drop(draft)

    def drop(self) -> None:
        """Keep nothing of it."""
        draft, self._draft = self._draft, None
        if draft is not None:
            _drop(draft)


class Store:
    """A directory of entries. limit: bytes that all may take. tell: is told, in a sentence, what could not be kept."""

    def __init__(self, directory: Path, limit: int, tell: Callable[[str], None]) -> None:
        self.directory: Final = directory
        self.limit: Final = limit
        self.tell: Final = tell
        self._told = False

    def find(self, kind: str, key: bytes) -> Iterator[bytes] | None:
        """Return the frames of an entry; None where there is none, or a damaged one, which is removed and told of."""
        path = self._path(kind, key)
        try:
            found = frames_of(path, key)
        except FileNotFoundError:
            return None
        except Damaged as error:
            self.tell(f"{path} is not used: {error}. It is made again")
            with suppress(OSError):  # of a directory that may only be read: another entry cannot be written either
                path.unlink(missing_ok=True)
            return None
        except OSError as error:
            self.tell(f"{path} cannot be read: {error.strerror or error}. What it holds is worked out again")
            return None
        with suppress(OSError):  # a directory that may only be read serves all the same
            path.touch()  # the oldest is what was not read for longest
        return found

    def begin(self, kind: str, key: bytes) -> Writing:
        """Begin an entry."""
        return Writing(self, self._path(kind, key), key)

    def cannot(self, error: OSError) -> None:
        """Tell, once, that nothing can be kept."""
        if not self._told:
            self._told = True
            reason = error.strerror or str(error)
            self.tell(f"nothing is kept in {self.directory}: {reason}. The run goes on; the next one works it out again")

    def make_room(self) -> None:
        """Remove what was not read for longest until the rest fits, and drafts of runs that were killed. Raises OSError."""
        now, entries = time.time(), []
        for path in self.directory.iterdir():
            if path.suffix not in (_SUFFIX, ".part"):
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:  # another run's, which has just removed it
                continue
            if path.suffix == _SUFFIX:
                entries.append((stat.st_mtime_ns, stat.st_size, path))
            elif now - stat.st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
        entries.sort(reverse=True)
        taken = 0
        for _, size, path in entries:
            taken += size
            if taken > self.limit:
                path.unlink(missing_ok=True)

    def _path(self, kind: str, key: bytes) -> Path:
        return self.directory / f"{kind}-{key.hex()}{_SUFFIX}"


def _drop(draft: Draft) -> None:
    """Forget a draft on a disk that may refuse even that."""
    with suppress(OSError):
        draft.drop()
