"""The equity of every minute, from wallet, fills and closes: the record has a line a change, and a mark price is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from research.backtest.tape import CLOSE, Tape
from research.columns import Floats
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE
from simulator.equity_line import EquityLine


class Curve(NamedTuple):
    """Equity (USDT) at times (UTC ms), oldest first. held: symbols with a position at the last of them."""

    times: NDArray[np.int64]
    values: Floats
    held: tuple[str, ...]


def equity_of(
    lines: Sequence[EquityLine], fills: Sequence[Fill], orders: Mapping[str, Order], tape: Tape, until: int
) -> Curve | None:
    """Equity at every close of the tape up to ``until``, UTC ms; unrealised profit at the close of the minute.

    orders: by client id. None when the run ended before its first line. A minute without a candle has the close before it.
    """
    rows = min(len(tape), (until - tape.first) // MINUTE + 1)
    if not lines or rows <= 0:
        return None
    times = tape.first + MINUTE * np.arange(rows, dtype=np.int64)
    known = np.array([line.time for line in lines], dtype=np.int64)
    wallets = np.array([float(line.wallet) for line in lines])
    begin = int(np.searchsorted(times, known[0]))
    if begin >= rows:
        return None
    times = times[begin:]
    values = wallets[np.searchsorted(known, times, side="right") - 1]
    held = []
    for symbol in tape.symbols:
        own = [(_counts_from(fill, orders.get(fill.client_id)), fill) for fill in fills if fill.symbol == symbol]
        if not own:
            continue
        starts, quantities, entries = _positions(sorted(own, key=itemgetter(0)))
        places = np.searchsorted(starts, times, side="right") - 1
        quantity = np.where(places >= 0, quantities[places], 0.0)
        closes = _filled(tape.columns[symbol][CLOSE][begin:rows])
        values = values + np.where(quantity != 0.0, quantity * (closes - entries[places]), 0.0)
        if quantity[-1] != 0.0:
            held.append(symbol)
    return Curve(times, values, tuple(held))


def _counts_from(fill: Fill, order: Order | None) -> int:
    """First time, UTC ms, whose equity has the fill in it.

    What rested or was triggered filled within the minute that ends then; what a decision sent came after the close.
    """
    sent_at_the_close = not fill.maker and order is not None and order.trigger is None
    return fill.time + 1 if sent_at_the_close else fill.time


def _positions(fills: Sequence[tuple[int, Fill]]) -> tuple[NDArray[np.int64], Floats, Floats]:
    """After each fill of one symbol: its time, the signed quantity and the average entry price."""
    quantity = entry = Decimal(0)
    rows = []
    for time, fill in fills:
        signed = fill.quantity if fill.side == "BUY" else -fill.quantity
        after = quantity + signed
        if quantity * signed >= 0:
            entry = (entry * quantity + fill.price * signed) / after if after else Decimal(0)
        elif quantity * after < 0:
            entry = fill.price  # it closed the position and opened the other side
        quantity = after
        rows.append((time, float(quantity), float(entry)))
    times, quantities, entries = zip(*rows, strict=True)
    return np.array(times, dtype=np.int64), np.array(quantities), np.array(entries)


def _filled(closes: Floats) -> Floats:
    """Closes with the last known one where there is none; before the first it stays NaN, and nothing is held there."""
    places = np.where(np.isnan(closes), -1, np.arange(len(closes)))
    last = np.maximum.accumulate(places)
    found: Floats = np.where(last >= 0, closes[last], np.nan)
    return found


def thinned(curve: Curve, step: int) -> Curve:
    """Per stretch of ``step`` ms its lowest, highest and last value, so that no fall and no end of a day is lost."""
    if len(curve.times) < 2:
        return curve
    stretch = -(-curve.times // step)  # 00:00 belongs to what ends there
    edges = np.concatenate(([0], np.flatnonzero(np.diff(stretch)) + 1))
    ends = np.concatenate((edges[1:], [len(curve.times)]))
    keep = {0, len(curve.times) - 1}
    keep |= set(np.flatnonzero(curve.values <= 0.0)[:1].tolist())  # when the account was empty, to the minute
    for begin, end in zip(edges.tolist(), ends.tolist(), strict=True):
        part = curve.values[begin:end]
        keep |= {begin + int(part.argmin()), begin + int(part.argmax()), end - 1}
    places = np.array(sorted(keep))
    return Curve(curve.times[places], curve.values[places], curve.held)
