"""The lines of archives that hold no klines: mark price, premium, trades, metrics, order books, out of the same candles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np

from services.ingest.history.archives import Archive
from shared.candles.kinds import Chunk
from shared.domain.timeframes import MINUTE
from tests.support.candles.rows import candles

HEADERS: Final = {
    "mark": (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
    ),
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "metrics": (
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
    ),
    "bookDepth": "timestamp,percentage,depth,notional",
}
HEADERS["premium"] = HEADERS["mark"]
#: Between two order books, ms.
BOOKS: Final = 300_000


def minutes_of(archive: Archive) -> Chunk:
    """The candles that the exchange has in the archive's span."""
    return candles((archive.end - archive.start) // MINUTE, archive.start)


def rows_of(archive: Archive) -> Chunk:
    """What the archive's rows are, as they are stored."""
    times, *prices, volume = minutes_of(archive)
    if archive.kind == "mark":
        return times, *prices
    if archive.kind == "premium":
        return times, *(each / 1e8 - 3e-4 for each in prices)
    if archive.kind == "aggTrades":
        return times, *prices, volume, volume / 2, np.full(len(times), 6.0)
    if archive.kind == "metrics":
        times = times[::5]
        base = 1e5 + (times // MINUTE % 997).astype(float)
        return times, base, base * 2e4, *(np.full(len(times), each) for each in (1.25, 1.5, 0.75)), base / 1e5
    times = np.arange(archive.start, archive.end, BOOKS)
    base = 1e6 + (times // BOOKS % 991).astype(float)
    return times, *(base * each for each in (1, 2, 3, 4, 5, 1, 2, 3, 4, 5))


def lines_of(archive: Archive) -> Iterator[str]:
    """The lines of the archive, without that of the names."""
    if archive.kind == "aggTrades":
        yield from _trades(archive)
        return
    for time, *numbers in zip(*(column.tolist() for column in rows_of(archive)), strict=True):
        if archive.kind in ("mark", "premium"):
            yield ",".join([str(time), *map(repr, numbers), f"0,{time + MINUTE - 1},0,60,0,0,0"])
            continue
        text = f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M:%S}"
        if archive.kind == "metrics":
            yield ",".join([text, archive.symbol, *map(repr, numbers)])
            continue
        yield f"{text},-0.20,1.0,77.0"  # nearer to the price than what is read
        for percent, notional in zip((-1, -2, -3, -4, -5, 1, 2, 3, 4, 5), numbers, strict=True):
            yield f"{text},{percent}.00,{notional / 2e4!r},{notional!r}"


def _trades(archive: Archive) -> Iterator[str]:
    """Four lines a minute, at open, high, low and close, every other one bought by a taker; the first stands for three."""
    number = 100
    for time, opened, high, low, close, volume in zip(*(column.tolist() for column in minutes_of(archive)), strict=True):
        for place, price in enumerate((opened, high, low, close)):
            last = number + (2 if place == 0 else 0)
            yield f"{number},{price!r},{volume / 4!r},{number},{last},{time + place * 15_000},{str(place % 2 == 0).lower()}"
            number = last + 1
