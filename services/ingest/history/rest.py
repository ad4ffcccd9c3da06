"""What no archive holds yet, asked of the exchange: the last hours and days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from shared.candles.kinds import Chunk, Kind, timeframe_of
from shared.candles.series import Series
from shared.domain.timeframes import DURATION, MINUTE, open_time
from shared.exchange.model.market_data import FundingRate, Kline
from shared.exchange.port import MarketData

#: The port's bounds of one answer.
_MOST_KLINES: Final = 1_500
_MOST_RATES: Final = 1_000
#: Funding is paid every eight hours at most; minutes more are the exchange's own delay.
_LONGEST_PAUSE: Final = 485 * MINUTE


def missing_spans(series: Series, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of [start, end) in which the series lacks rows, UTC ms. Of funding rates one is due every eight hours.

    Raises Damaged.
    """
    # The next candle is due right after one; the next rate some time after one, so that any later moment is asked for.
    timeframe = timeframe_of(series.kind)
    after, longest = (1, _LONGEST_PAUSE) if timeframe is None else (DURATION[timeframe], DURATION[timeframe])
    due = start if timeframe is None else open_time(start + after - 1, timeframe)
    spans: list[tuple[int, int]] = []
    for chunk in series.chunks(start, end):
        times = chunk[0]
        jumps = np.flatnonzero(np.diff(times, prepend=due - after) > longest)
        for place in jumps.tolist():
            before = due if place == 0 else int(times[place - 1]) + after
            spans.append((before, int(times[place])))
        due = int(times[-1]) + after
    if due < end:
        spans.append((due, end))
    return spans


async def rows_by_rest(exchange: MarketData, symbol: str, kind: Kind, start: int, end: int) -> AsyncIterator[Chunk]:
    """The candles or funding rates of [start, end) that the exchange has, page by page; candles only when they are closed.

    Raises ExchangeError.
    """
    timeframe = timeframe_of(kind)
    while start < end:
        if timeframe is None:
            rates = await exchange.funding_history(symbol, start=start, end=end - 1, limit=_MOST_RATES)
            page, step, full = _rates(rates), 1, len(rates) >= _MOST_RATES
        else:
            klines = await exchange.klines(symbol, timeframe, start=start, end=end - 1, limit=_MOST_KLINES)
            page, step, full = _candles(klines, start, end), DURATION[timeframe], len(klines) >= _MOST_KLINES
        if not len(page[0]):
            return
        yield page
        if not full:
            return
        start = int(page[0][-1]) + step


def _candles(klines: tuple[Kline, ...], start: int, end: int) -> Chunk:
    closed = [kline for kline in klines if kline.closed and start <= kline.open_time < end]
    names = ("open", "high", "low", "close", "volume", "taker_volume", "trades")
    times = np.array([kline.open_time for kline in closed], dtype=np.int64)
    return (times, *(np.array([getattr(kline, name) for kline in closed], dtype=np.float64) for name in names))


def _rates(rates: tuple[FundingRate, ...]) -> Chunk:
    times = np.array([rate.time for rate in rates], dtype=np.int64)
    return times, np.array([float(rate.rate) for rate in rates], dtype=np.float64)
