"""The coarser candles of a tape with their order flow and funding: those that ingest's aggregator makes, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from research.backtest.beside import BOUGHT, MOST_TRADES, TRADES, flow_of
from research.backtest.frames import Frame, Inexact, exact_sums
from research.backtest.tape import Tape
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE, Timeframe, is_boundary, next_boundary


def frame_of(tape: Tape, symbols: Sequence[str], timeframe: Timeframe) -> Frame:
    """The candles of a timeframe, with what the tape keeps beside the prices. Raises Inexact as ``Frame``."""
    return _Flowing(tape, symbols, timeframe) if tape.flows or tape.settled else Frame(tape, symbols, timeframe)


class _Flowing(Frame):
    """A frame whose candles tell more than prices."""

    def __init__(self, tape: Tape, symbols: Sequence[str], timeframe: Timeframe) -> None:
        super().__init__(tape, symbols, timeframe)
        self._tape: Final = tape
        opened = tape.first - MINUTE
        self._first = opened if is_boundary(opened, timeframe) else next_boundary(opened, timeframe)
        rows, start = DURATION[timeframe] // MINUTE, (self._first - opened) // MINUTE
        whole = max(0, len(tape) - start) // rows
        span = slice(start, start + whole * rows)
        self._flows = {each: _added(tape.flows[each][:, span].reshape(2, whole, rows), each) for each in tape.flows}

    def candles(self, close_time: int) -> tuple[Candle, ...]:
        """See ``Frame``."""
        row = (close_time - self._first) // DURATION[self.timeframe] - 1
        told = []
        for each in super().candles(close_time):
            flow = flow_of(*self._flows[each.symbol][:, row].tolist()) if self._flows else None
            settled = self._tape.settled.get(each.symbol)
            funding = None if settled is None else settled.known(close_time)
            told.append(structs.replace(each, flow=flow, funding=funding))
        return tuple(told)


def _added(minutes: NDArray[np.float64], symbol: str) -> NDArray[np.float64]:
    """Flows of minutes in buckets, shape (2, buckets, minutes), as those of candles, shape (2, buckets).

    A sum of some minutes would pass for one of all: it is not known then. Raises Inexact.
    """
    found = np.full(minutes.shape[:2], np.nan)
    bought, trades = ~np.isnan(minutes[BOUGHT]).any(axis=1), ~np.isnan(minutes[TRADES]).any(axis=1)
    if bought.any():
        found[BOUGHT, bought] = exact_sums(minutes[BOUGHT][bought], symbol)
    if trades.any():
        found[TRADES, trades] = minutes[TRADES][trades].sum(axis=1)
        if float(np.nanmax(found[TRADES])) >= MOST_TRADES:
            raise Inexact(symbol)
    return found
