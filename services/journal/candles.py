"""The candles of the journal in columns: the hot side of history, weeks or months that the system itself has seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.journal import tables
from services.journal.tables import NotOurs
from shared.candles.kinds import Chunk
from shared.domain.timeframes import Timeframe

#: Rows that are asked for at a time: two months of minutes.
_ROWS: Final = 100_000
_NUMBERS: Final = ("open", "high", "low", "close", "volume", "taker_bought", "trades")


class HotExtent(msgspec.Struct, frozen=True):
    """Candles of one symbol and timeframe in the journal. first, last: open times, UTC ms. disputed: those of them that
    ingest did not trust, which the reader leaves out: the exchange says later what they were."""

    symbol: str
    rows: int
    first: int
    last: int
    disputed: int


async def hot_extents(connection: AsyncConnection, timeframe: Timeframe) -> list[HotExtent]:
    """What the journal has of a timeframe, by symbol, in order of their names."""
    table = tables.candles
    disputed = func.sum(case((table.c.state == "disputed", 1), else_=0))
    query = select(table.c.symbol, func.count(), func.min(table.c.open_time), func.max(table.c.open_time), disputed)
    found = await connection.execute(
        query.where(table.c.timeframe == timeframe).group_by(table.c.symbol).order_by(table.c.symbol)
    )
    return [HotExtent(*row) for row in found]


async def hot_chunks(
    connection: AsyncConnection, symbol: str, timeframe: Timeframe, start: int, end: int, rows: int = _ROWS
) -> AsyncIterator[Chunk]:
    """The candles that open in [start, end), UTC ms, in order, with the columns of order flow; disputed ones are left out.

    At most ``rows`` at a time; only those are held. Raises NotOurs for what no journal writes.
    """
    table = tables.candles
    names = ("open_time", *_NUMBERS)
    while True:
        query = (
            select(*(table.c[name] for name in names))
            .where(table.c.symbol == symbol, table.c.timeframe == timeframe, table.c.state != "disputed")
            .where(table.c.open_time >= start, table.c.open_time < end)
            .order_by(table.c.open_time)
            .limit(rows)
        )
        found = (await connection.execute(query)).all()
        if not found:
            return
        try:
            times, *numbers = zip(*found, strict=True)
            chunk = (np.array(times, dtype=np.int64), *(np.array(column, dtype=np.float64) for column in numbers))
        except (TypeError, ValueError, OverflowError) as error:
            text = f"a candle of {symbol} {timeframe}: {error}; this is no journal of ours, or it was edited"
            raise NotOurs(text) from None
        yield chunk
        if len(found) < rows:
            return
        start = int(chunk[0][-1]) + 1
