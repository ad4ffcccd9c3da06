"""The hot side of history for commands: the candles of the journal, read page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from cli.journal import refusing_journal
from services.journal.candles import HotExtent, hot_chunks, hot_extents
from services.journal.read import reading
from shared.candles.kinds import Chunk
from shared.candles.sides import Hot
from shared.domain.timeframes import Timeframe


class HotStore:
    """An open journal, whose candles are read without an event loop of the caller's."""

    def __init__(self, runner: asyncio.Runner, connection: AsyncConnection) -> None:
        self._runner = runner
        self._connection = connection

    def extents(self, timeframe: Timeframe) -> list[HotExtent]:
        """What there is of a timeframe, by symbol."""
        with refusing_journal():
            return self._runner.run(hot_extents(self._connection, timeframe))

    def of(self, symbol: str, timeframe: Timeframe) -> Hot:
        """The candles of one symbol, for ``BothSides``."""

        def hot(start: int, end: int) -> Iterator[Chunk]:
            pages = hot_chunks(self._connection, symbol, timeframe, start, end)

            async def page() -> Chunk | None:
                return await anext(pages, None)

            while True:
                with refusing_journal():
                    chunk = self._runner.run(page())
                if chunk is None:
                    return
                yield chunk

        return hot


@contextmanager
def opened(url: str) -> Iterator[HotStore]:
    """The journal at ``url``. A journal that cannot be read ends the command, now or under way."""
    with asyncio.Runner() as runner:
        context = reading(url)
        with refusing_journal():
            connection = runner.run(context.__aenter__())
        try:
            yield HotStore(runner, connection)
        finally:
            runner.run(context.__aexit__(None, None, None))
