"""What no archive holds yet, asked of the exchange: the last hours and days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from shared.candles.kinds import FUNDING, Chunk, Kind, step_of
from shared.candles.series import Series
from shared.domain.timeframes import MINUTE, Timeframe, open_time
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
    after, longest = (1, _LONGEST_PAUSE) if series.kind == FUNDING else (_duration(series.kind), _duration(series.kind))
    due = start if series.kind == FUNDING else open_time(start + after - 1, series.kind)
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
    """The rows of [start, end) that the exchange has, page by page; candles only when they are closed.

    Raises ExchangeError.
    """
    while start < end:
        if kind == FUNDING:
            rates = await exchange.funding_history(symbol, start=start, end=end - 1, limit=_MOST_RATES)
            page, step, full = _rates(rates), 1, len(rates) >= _MOST_RATES
        else:
            klines = await exchange.klines(symbol, kind, start=start, end=end - 1, limit=_MOST_KLINES)
            page, step, full = _candles(klines, start, end), _duration(kind), len(klines) >= _MOST_KLINES
        if not len(page[0]):
            return
        yield page
        if not full:
            return
        start = int(page[0][-1]) + step


def _duration(timeframe: Timeframe) -> int:
    step = step_of(timeframe)
    assert step is not None
    return step


def _candles(klines: tuple[Kline, ...], start: int, end: int) -> Chunk:
    closed = [kline for kline in klines if kline.closed and start <= kline.open_time < end]
    names = ("open", "high", "low", "close", "volume")
    times = np.array([kline.open_time for kline in closed], dtype=np.int64)
    return (times, *(np.array([getattr(kline, name) for kline in closed], dtype=np.float64) for name in names))


def _rates(rates: tuple[FundingRate, ...]) -> Chunk:
    times = np.array([rate.time for rate in rates], dtype=np.int64)
    return times, np.array([float(rate.rate) for rate in rates], dtype=np.float64)
