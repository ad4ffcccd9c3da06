"""Finds the next minute that has to pass the account: everything before it changes nothing but the time.

Between two such minutes prices stay inside the bands in which, by the matching engine's own word, nothing fills,
triggers or is liquidated; no rule of time falls due; and equity crosses none of the points at which risk would judge it
differently, makes no new peak and no deeper drawdown. A minute too many costs microseconds; one too few would change
bytes, so that every doubt is a minute more.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from research.backtest.money import Money
from research.backtest.tape import CLOSE, HIGH, LOW, Tape
from shared.domain.timeframes import DAY, MINUTE
from simulator.core.matching.quiet_band import foresee
from simulator.core.state.symbol_book import SymbolBook
from simulator.recorder import Summary

#: Equity within this part of a turning point counts as beyond it: floats are that much exact, and far more.
_NEAR: Final = 1e-9
#: Rows that are looked at first, and at most at a time.
_FEW: Final = 64
_MANY: Final = 16_384


class Funding(Protocol):
    """Rates of a market, and when they are settled next."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate (fraction) for symbols with funding at ``close_time`` (UTC ms)."""
        ...

    def next_of(self, symbol: str, now: int) -> tuple[int, Decimal] | None:
        """Return time (UTC ms) and rate of the symbol's first settlement after ``now``; None without one."""
        ...


class Coming(NamedTuple):
    """The next row that has to pass; ``len(tape)`` when none has.

    beside: prices of several symbols count in it, so that those of the row before have to stand first: while the candle of
    one symbol is followed, the others are where they closed before.
    """

    row: int
    beside: bool = False


class Passing:
    """Looks ahead on one tape. ``after`` is asked after each minute that passed the account."""

    def __init__(self, tape: Tape, funding: Funding, money: Money, summary: Summary) -> None:
        self._tape = tape
        self._funding = funding
        self._money = money
        self._summary = summary
        self._closes = {symbol: _filled(columns[CLOSE]) for symbol, columns in tape.columns.items()}
        self._before_gaps = _before_gaps(tape)
        self._looked: tuple[int, list[SymbolBook], tuple[Decimal, ...]] | None = None

    def before(self, row: int) -> int:
        """Return the first row before ``row`` to be told of, now that ``row`` passes earlier than ``after`` said; ``row``
        for none. What was the highest of a longer time need not be that of a shorter one.
        """
        if self._looked is None or self._looked[0] + 1 >= row:
            return row
        last, books, points = self._looked
        return self._look(last + 1, row, books, points)[1]

    def after(self, row: int) -> Coming:
        """Return the next row that has to pass after this one, which has just passed."""
        self._looked = None
        lane, now, last = self._money.execution, self._tape.close_time(row), len(self._tape) - 1
        if row >= last:
            return Coming(len(self._tape))
        exchange = lane.driver.core.state
        books = [book for book in exchange.books.values() if _live(book)]
        points = self._money.risk.turning_points()
        due = lane.due_at(now)
        if points is None or due <= now or not self._money.told or not foresee(exchange, books):
            return Coming(row + 1)
        due = min(due, exchange.next_timer, *(self._next_funding(book.symbol, now) for book in books))
        happens = min(last, _row_at(self._tape, due), self._gap_after(row))
        if not books and self._money.risk.untouched_by_midnight():
            return Coming(max(row + 1, happens))
        end = min(happens, self._midnight_after(row))
        if not books:
            return Coming(max(row + 1, min(happens, end + (-self._tape.close_time(end)) % DAY // MINUTE)))
        self._looked = row, books, points
        touched, told = self._look(row + 1, end, books, points)
        found = max(row + 1, min(told, touched, happens))
        return Coming(found, beside=len(books) > 1 and found > row + 1 and found in (touched, happens))

    def _midnight_after(self, row: int) -> int:
        """The next of the three minutes around midnight: the last statement of a day, and the first ones of the next."""
        time = self._tape.close_time(row + 1)
        wait = (DAY - MINUTE - time) % DAY
        return row + 1 + (0 if wait >= DAY - 2 * MINUTE else wait // MINUTE)

    def _gap_after(self, row: int) -> int:
        """The next row behind which a symbol has no candle: its last price has to be the right one."""
        place = int(np.searchsorted(self._before_gaps, row, side="right"))
        return int(self._before_gaps[place]) if place < len(self._before_gaps) else len(self._tape)

    def _next_funding(self, symbol: str, now: int) -> int:
        coming = self._funding.next_of(symbol, now)
        return coming[0] if coming is not None else self._tape.last

    def _look(self, begin: int, end: int, books: list[SymbolBook], points: tuple[Decimal, ...]) -> tuple[int, int]:
        """From ``begin`` on and before ``end``: the first row whose prices leave a band, and the first to be told of.

        Told is the equity of rows at which risk would judge it differently, of the highest, and of the deepest drawdown.
        ``end + 1`` for no row that leaves a band, ``end`` for none to be told of.
        """
        account = _Holding(self._money, books, points)
        told: list[NDArray[np.float64]] = []
        size, at = _FEW, begin
        while at < end:
            rows = slice(at, min(at + size, end))
            happens = np.zeros(rows.stop - at, dtype=np.bool_)
            for book in books:
                band = book.quiet_band
                assert band is not None, "else every row passes"
                columns = self._tape.columns[book.symbol]
                happens |= (columns[LOW, rows] <= band.floats[0]) | (columns[HIGH, rows] >= band.floats[1])
            touched = at + _first(happens)
            equities = account.equities({symbol: closes[rows] for symbol, closes in self._closes.items()})
            turned = at + _first(account.turned(equities))
            stop = min(touched, turned)
            told.append(equities[: stop - at])
            if stop < rows.stop:
                before = account.extreme(np.concatenate(told), self._summary)
                return (touched if touched <= turned else end + 1), min(turned, begin + before)
            at, size = rows.stop, min(4 * size, _MANY)
        before = account.extreme(np.concatenate(told), self._summary) if told else 0
        return end + 1, min(end, begin + before)


class _Holding:
    """What is held between two minutes that pass, and which equities matter; all in floats, with a margin."""

    def __init__(self, money: Money, books: list[SymbolBook], points: tuple[Decimal, ...]) -> None:
        state = money.execution.driver.core.state
        self._wallet = float(state.saved.wallet)
        self._held = [(book.symbol, float(leg.quantity), float(leg.cost)) for book in books for _, leg in book.open_legs()]
        *of_day, drawn, self._peak = (float(point) for point in points)
        marks = {book.symbol: float(book.mark_price) for book in books}
        equity = self._wallet + sum(quantity * marks[symbol] - cost for symbol, quantity, cost in self._held)
        self._margin = _NEAR * (abs(equity) + abs(self._peak))
        self._low = max([each for each in of_day if each <= equity + self._margin], default=-np.inf)
        self._high = min([each for each in of_day if each >= equity - self._margin], default=np.inf)
        self._kept = drawn / self._peak if self._peak > 0 else 0.0  # the part of the peak that may be kept at least
        self._top = self._peak

    def equities(self, closes: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The account's equity at these closes, USDT."""
        found = np.full(len(next(iter(closes.values()))), self._wallet)
        for symbol, quantity, cost in self._held:
            found += quantity * closes[symbol] - cost
        return found

    def turned(self, equities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Where risk may judge differently than it did last. Asked for one span of rows after the other."""
        if not self._held:
            return np.zeros(len(equities), dtype=np.bool_)
        tops = np.maximum(np.maximum.accumulate(equities), self._top)
        self._top = float(tops[-1])
        low = np.maximum(self._low, self._kept * tops)
        return (equities <= low + self._margin) | (equities >= self._high - self._margin)

    def extreme(self, equities: NDArray[np.float64], summary: Summary) -> int:
        """The first row to be told of so that the highest equity and the deepest drawdown are known; behind them for none.

        What lies before the deepest drawdown is told of first where it is the peak from which it is measured.
        """
        if not self._held or not len(equities):
            return len(equities)
        peak, top = float(summary.peak), float(equities.max())
        tops = np.maximum(np.maximum.accumulate(equities), peak)
        # Risk's peak may lie above the summary's, which sees the ends of minutes alone; either may be passed by itself.
        rises = top >= min(peak, self._peak) - self._margin
        highest = _first(equities >= top - self._margin) if rises else len(equities)
        ratios = equities / tops
        deepest = min(float(ratios.min()), float(summary.lowest_ratio))
        lowest = _first(ratios <= deepest * (1 + _NEAR))
        if lowest < len(equities):
            highest = min(highest, _first(equities[:lowest] >= float(tops[lowest]) - self._margin))
        return min(highest, lowest)


def _first(found: NDArray[np.bool_]) -> int:
    """The place of the first True; the length without one."""
    return int(found.argmax()) if found.any() else len(found)


def _live(book: SymbolBook) -> bool:
    """Whether prices can change something in the book."""
    return bool(book.resting_orders or book.conditional_orders or book.open_legs())


def _row_at(tape: Tape, time: int) -> int:
    """The first row that closes at ``time`` (UTC ms) or later."""
    return min(len(tape), -(-(time - tape.first) // MINUTE))


def _filled(closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Closes with the last one standing where there is none; zero before the first."""
    absent = np.isnan(closes)
    if not absent.any():
        return closes
    places = np.maximum.accumulate(np.where(absent, -1, np.arange(len(closes))))
    return np.where(places < 0, 0.0, closes[places])


def _before_gaps(tape: Tape) -> NDArray[np.int64]:
    """Rows with a candle of some symbol that the next row lacks."""
    found = np.zeros(len(tape), dtype=np.bool_)
    for columns in tape.columns.values():
        absent = np.isnan(columns[CLOSE])
        found[:-1] |= absent[1:] & ~absent[:-1]
    return np.flatnonzero(found)
