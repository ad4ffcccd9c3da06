"""Downloads one archive after the other, each verified with its published checksum; at most some at a time."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp

from services.ingest.history.archives import Archive
from shared.candles.year_file import hash_of
from shared.domain.backoff import Backoff

#: The server of the exchange's public archives.
PUBLIC: Final = "https://data.binance.vision"
_BLOCK: Final = 1 << 16
#: A month of any symbol's candles is below 5 MB, of its aggregated trades below 2 GB.
_MOST_BYTES: Final = 4 << 30
_CHECKSUM: Final = re.compile(r"\s*([0-9a-fA-F]{64})\b")
_UNFINISHED: Final = ".part"


class ArchiveBroken(Exception):
    """An archive is there and cannot be used; the others are. The text says which, why, and what to do."""


class Unreachable(Exception):
    """The server does not answer, in all attempts. The text says what to do."""


class _Again(Exception):
    """An attempt that failed in a way that another may not."""


class Downloads:
    """Downloads from the server ``base``; ``at_once`` at most at the same time.

    attempts: how often an archive is asked for before it is given up, with growing pauses between. silent_after: seconds
    without a byte after which an attempt has failed. Use it inside ``async with``.
    """

    def __init__(
        self,
        base: str = PUBLIC,
        *,
        at_once: int = 8,
        attempts: int = 5,
        silent_after: float = 30.0,
        backoff: Backoff = Backoff(first=0.5, longest=15.0, jitter=0.5),  # noqa: B008  frozen
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = base.rstrip("/")
        self._turn = asyncio.Semaphore(at_once)
        self._attempts = attempts
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=silent_after)
        self._backoff = backoff
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Downloads:
        self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=True, auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, archive: Archive, directory: Path) -> tuple[Path, str] | None:
        """The archive's file in ``directory`` and its sha256; None when the server has no such archive (404).

        A file that an interrupted run left is taken when its checksum is right. Raises ArchiveBroken, Unreachable, OSError.
        """
        reason = ""
        for attempt in range(self._attempts):
            if attempt:
                await self._pause(self._backoff.pause(attempt - 1, random.random()))  # noqa: S311  jitter, no secret
            try:
                async with self._turn:
                    return await self._attempt(archive, directory)
            except ArchiveBroken as error:
                broken, reason = True, str(error)
            except _Again as error:
                broken, reason = False, str(error)
            except (aiohttp.ClientError, TimeoutError) as error:
                broken, reason = False, str(error) or f"no byte within {self._timeout.sock_read:g} s"
        if broken:
            raise ArchiveBroken(f"{reason}; {self._attempts} attempts gave the same. Type the same line again later")
        raise Unreachable(
            f"{self._base} cannot be reached for {archive.path} ({reason}; {self._attempts} attempts). What was done is "
            "kept: look at the network, then type the same line again"
        )

    async def _attempt(self, archive: Archive, directory: Path) -> tuple[Path, str] | None:
        checksum = await self._checksum(archive)
        if checksum is None:
            return None
        path = directory / f"{archive.name}.zip"
        if path.is_file() and hash_of(path) == checksum:
            return path, checksum
        digest = await self._download(archive, path.with_name(path.name + _UNFINISHED))
        if digest is None:
            return None
        if digest != checksum:
            path.with_name(path.name + _UNFINISHED).unlink(missing_ok=True)
            text = f"{archive.path} is broken: its sha256 is {digest[:12]}…, and its checksum file says {checksum[:12]}…"
            raise ArchiveBroken(text)
        path.with_name(path.name + _UNFINISHED).replace(path)
        return path, checksum

    async def _checksum(self, archive: Archive) -> str | None:
        """The published sha256; None when archive and checksum are both not there."""
        async with self._open("GET", f"{archive.path}.CHECKSUM") as answer:
            if answer.status != 404:
                _refuse_trouble(answer)
                found = _CHECKSUM.match((await answer.content.read(1_000)).decode("utf-8", "replace"))
                if found is None:
                    raise ArchiveBroken(f"{archive.path}.CHECKSUM holds no sha256")
                return found[1].lower()
        async with self._open("HEAD", archive.path) as answer:
            if answer.status == 404:
                return None
            _refuse_trouble(answer)
        raise ArchiveBroken(f"{archive.path} is published without its checksum, so nothing tells whether it is whole")

    async def _download(self, archive: Archive, path: Path) -> str | None:
        """Write the archive's bytes to ``path`` and return their sha256; None for 404. Raises OSError."""
        digest = hashlib.sha256()
        size = 0
        async with self._open("GET", archive.path) as answer:
            if answer.status == 404:
                return None
            _refuse_trouble(answer)
            with path.open("wb") as file:
                async for block in answer.content.iter_chunked(_BLOCK):
                    size += len(block)
                    if size > _MOST_BYTES:
                        raise ArchiveBroken(f"{archive.path} is larger than {_MOST_BYTES >> 30} GiB, which no archive is")
                    digest.update(block)
                    file.write(block)
        return digest.hexdigest()

    def _open(self, method: str, path: str) -> aiohttp.client._RequestContextManager:
        assert self._session is not None, "use it inside `async with`"
        # The checksum is of the bytes as they are: a server that packs them on the way would change them.
        return self._session.request(method, f"{self._base}/{path}", headers={"Accept-Encoding": "identity"})


def _refuse_trouble(answer: aiohttp.ClientResponse) -> None:
    if answer.status != 200:
        raise _Again(f"it answers {answer.status} {answer.reason}")
