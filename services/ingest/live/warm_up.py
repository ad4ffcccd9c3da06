"""What is fetched before the first minute of a session, so that every timeframe begins warm (DATA-1, ICT-13).

The session's minutes begin where the candle of the coarsest timeframe that is running now has opened: from there on every
coarser candle is built from its minutes, as always. What is older comes as closed candles of each timeframe, by REST.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from services.ingest.live.minutes import raw_of
from shared.domain.candles import FeedHistory, RawCandle
from shared.domain.timeframes import DURATION, Timeframe, open_time
from shared.exchange.model.market_data import Kline


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Closed candles of one timeframe: open times from ``first`` to ``last``, ms, both included."""

    timeframe: Timeframe
    first: int
    last: int
    count: int


def anchor(now: int, timeframes: Sequence[Timeframe]) -> int:
    """Open time (ms) of the first minute of a session that begins now."""
    return min(open_time(now, timeframe) for timeframe in timeframes)


def wanted(begin: int, timeframes: Sequence[Timeframe], candles: int) -> list[Wanted]:
    """What to fetch before the minute that opens at ``begin``, coarsest timeframe first: it is context."""
    spans = []
    for timeframe in sorted(timeframes, key=DURATION.__getitem__, reverse=True):
        last = open_time(begin, timeframe) - DURATION[timeframe]
        first = max(0, last - (candles - 1) * DURATION[timeframe])
        if candles:
            spans.append(Wanted(timeframe=timeframe, first=first, last=last, count=candles))
    return spans


def messages(
    partition: int, want: Wanted, klines: Sequence[Sequence[Kline]], closes_a_message: int
) -> Iterator[FeedHistory]:
    """The fetched candles of all symbols as messages, in order of time, ``closes_a_message`` closes in each."""
    by_open: dict[int, list[RawCandle]] = {}
    for of_symbol in klines:
        for kline in of_symbol:
            if kline.closed and want.first <= kline.open_time <= want.last:
                by_open.setdefault(kline.open_time, []).append(raw_of(kline, backfilled=True))
    opens = sorted(by_open)
    for start in range(0, len(opens), closes_a_message):
        chunk = opens[start : start + closes_a_message]
        candles = tuple(candle for at in chunk for candle in by_open[at])
        yield FeedHistory(partition=partition, timeframe=want.timeframe, candles=candles)
