"""Resynchronise local order books by a REST snapshot, with growing pauses for a book that keeps breaking.

A snapshot of a thousand levels costs twenty times what a minute's candles cost. A stream that loses frames breaks its book
again and again; without pauses it would use up the limit that the backfill of candles needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from services.ingest.live.book import LocalBook
from services.ingest.live.fetching import Questions, Unanswered
from services.ingest.live.metrics import BOOKS
from services.ingest.live.watchdog import pause_ms
from services.ingest.settings.live import LiveSettings
from shared.exchange.port import MarketData


class BookResync:
    """Resynchronises the order books of one feed; one task a book at a time."""

    def __init__(
        self, books: Mapping[str, LocalBook], exchange: MarketData, questions: Questions, settings: LiveSettings
    ) -> None:
        self._books = books
        self._exchange = exchange
        self._questions = questions
        self._settings = settings
        self._busy: set[str] = set()
        self._synced_at: dict[str, float] = {}
        self._breaks: dict[str, int] = {}

    def busy(self, symbol: str) -> bool:
        """Whether a task is resynchronising the book of ``symbol``."""
        return symbol in self._busy

    async def resync(self, symbol: str) -> None:
        """Fetch snapshots until the book is in sequence. Returns at once if another task is doing it."""
        if symbol in self._busy:
            return
        self._busy.add(symbol)
        try:
            await asyncio.sleep(self._patience(symbol))
            await self._resync(symbol)
        finally:
            self._busy.discard(symbol)
        self._synced_at[symbol] = asyncio.get_running_loop().time()

    def _patience(self, symbol: str) -> float:
        """Seconds to wait before the first snapshot; 0 for a book that was in sequence for ``settled_ms``."""
        stood = asyncio.get_running_loop().time() - self._synced_at.get(symbol, float("-inf"))
        if stood * 1_000 >= self._settings.backoff.settled_ms:
            self._breaks[symbol] = 0
            return 0.0
        self._breaks[symbol] = self._breaks.get(symbol, 0) + 1
        return pause_ms(self._breaks[symbol] - 1, 0.0, self._settings.backoff) / 1_000

    async def _resync(self, symbol: str) -> None:
        book, attempt = self._books[symbol], 0
        while not book.synced:
            try:
                depth = await self._questions.ask("depth", self._exchange.depth(symbol, self._settings.book.snapshot_levels))
            except Unanswered:
                attempt += 1
                await asyncio.sleep(self._questions.pause_ms(attempt) / 1_000)
                continue
            if book.snapshot(depth) == "too_old":
                await asyncio.sleep(self._settings.minutes.retry_ms / 1_000)
            else:
                BOOKS.labels(symbol, "synced").inc()
