"""From the record of a run and its candles to the model of the page. Pure: no file, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from research.backtest.tape import Tape
from research.performance.drawdowns import below_peak
from research.performance.equity import EquityCurve
from research.performance.summary import Performance, summarise
from research.performance.trades import distribution, multiples
from research.report import figures
from research.report.candles import digits_of
from research.report.costs import cost_rows
from research.report.equity import Curve, equity_of, thinned
from research.report.groups import tables
from research.report.model import Bar, Drawn, DrawnTrade, Figure, Month, Page
from research.report.notes import notes_of
from research.report.record import Record
from research.report.told import Hours, Told, tell
from research.report.trades import COLUMNS, drawn, row
from research.report.wording import at, words
from research.significance.bootstrap import Interval
from research.significance.confidence import confidence
from services.analysis.settings.timetable import TimetableSettings
from shared.domain.timeframes import MINUTE

#: Bytes that the candles of all trades may take; those of the largest results come first.
CHART_BYTES: Final = 1_700_000
#: Stretches of the equity that are drawn, each with its lowest and highest value.
_DRAWN: Final = 700
_MEASURED: Final = 60 * MINUTE
_REASONS: Final = 15
#: Of the draws of the confidence intervals: the same run has the same ones.
_SEED: Final = 1


class NotItsCandles(Exception):
    """The candles are not those that were played; the text names the symbol."""


class Measures(NamedTuple):
    """What a run is measured by. equity: by hours; None, and the rest with it, without one above zero to begin with."""

    told: list[Told]
    curve: Curve | None
    equity: EquityCurve | None
    performance: Performance | None
    intervals: dict[str, Interval]


def measures_of(record: Record, tape: Tape, hours: Hours) -> Measures:
    """Measure a run; the intervals are drawn with a fixed seed. Raises NotItsCandles."""
    result = record.result
    for symbol, digest in result.data.items():
        prices, _, _ = digest.partition("+")  # what strategies read beside them is not drawn
        if symbol not in tape.symbols or tape.price_digest(symbol) != prices:
            raise NotItsCandles(f"the candles of {symbol} are not those that were played: give the same files and span")
    told = tell(record, tape, hours)
    orders = {order.client_id: order for order in record.orders}
    curve = equity_of(record.equity, record.fills, orders, tape, result.played_until)
    equity = _measured(curve)
    if equity is None:
        return Measures(told, curve, None, None, {})
    results = [each.result for each in told]
    return Measures(
        told, curve, equity, summarise(equity, results), confidence(equity, results, np.random.default_rng(_SEED))
    )


def page_of(record: Record, tape: Tape, timetable: TimetableSettings, chart_bytes: int = CHART_BYTES) -> Page:
    """Raises NotItsCandles."""
    hours = Hours(timetable, record.result.first, record.result.last)
    return page_with(record, tape, timetable, hours, measures_of(record, tape, hours), chart_bytes)


def page_with(
    record: Record,
    tape: Tape,
    timetable: TimetableSettings,
    hours: Hours,
    measures: Measures,
    chart_bytes: int = CHART_BYTES,
) -> Page:
    """The page of a run that was measured."""
    result = record.result
    told, curve, measured = measures.told, measures.curve, measures.equity
    first: tuple[Figure, ...] = ()
    more: tuple[Figure, ...] = ()
    if measures.performance is not None:
        first = figures.first(measures.performance, measures.intervals)
        more = figures.others(measures.performance, measures.intervals)
    trades = _drawn(told, tape, hours)
    left_out = leave_out(trades, [abs(float(each.trade.result)) for each in told], chart_bytes)
    cost, cost_note = cost_rows(told)
    return Page(
        title=f"Backtest: {', '.join(tape.symbols)}",
        span=f"{at(result.first - MINUTE)} to {at(result.played_until)} UTC",
        notes=notes_of(record, told, curve, measured, left_out),
        figures=first,
        more=more,
        months=_months(measured),
        costs=cost,
        cost_note=cost_note,
        tables=tables(told, timetable),
        columns=COLUMNS,
        rows=tuple(row(number, each) for number, each in enumerate(told, 1)),
        reasons=tuple((words(name), f"{count:,}") for name, count in _commonest(result.why_not)),
        about=_about(record),
        settings=msgspec.json.format(msgspec.json.encode(result.settings, order="sorted"), indent=2).decode(),
        drawn=_drawing(curve, measured, told, trades),
    )


def leave_out(trades: list[DrawnTrade], weights: Sequence[float], room: int) -> int:
    """Take the candles and zones of the least telling trades away where all of them are larger than ``room`` bytes.

    weights: of each trade. Returns how many have no chart now.
    """
    lost = 0
    for place in sorted(range(len(trades)), key=lambda each: -weights[each]):
        trade = trades[place]
        room -= len(msgspec.json.encode(trade.chart))
        if room < 0:
            trades[place] = msgspec.structs.replace(trade, chart=None, zones=(), windows=())
            lost += 1
    return lost


def _drawn(told: Sequence[Told], tape: Tape, hours: Hours) -> list[DrawnTrade]:
    digits = {symbol: digits_of(tape.columns[symbol][:4]) for symbol in {each.trade.symbol for each in told}}
    return [drawn(number, each, tape, hours, digits[each.trade.symbol]) for number, each in enumerate(told, 1)]


def _measured(curve: Curve | None) -> EquityCurve | None:
    """By hours, with every extreme; None without an equity above zero to begin with."""
    if curve is None or curve.values[0] <= 0.0:
        return None
    thin = thinned(curve, _MEASURED)
    return EquityCurve.of(zip(thin.times.tolist(), thin.values.tolist(), strict=True))


def _months(measured: EquityCurve | None) -> tuple[Month, ...]:
    if measured is None:
        return ()
    return tuple(Month(year=each.year, month=each.month, value=each.value) for each in measured.monthly_returns())


def _drawing(curve: Curve | None, measured: EquityCurve | None, told: Sequence[Told], trades: list[DrawnTrade]) -> Drawn:
    bars = [
        Bar(low=each.low, high=each.high, trades=each.trades)
        for each in distribution(multiples([each.result for each in told]))
    ]
    if curve is None or measured is None:
        return Drawn(times=[], equity=[], drawdown=[], r=bars, trades=trades)
    step = max(MINUTE, int(curve.times[-1] - curve.times[0]) // _DRAWN)
    thin = thinned(curve, step)
    shown = EquityCurve.of(zip(thin.times.tolist(), thin.values.tolist(), strict=True))
    return Drawn(
        times=np.diff(shown.times // 1000, prepend=0).tolist(),
        equity=[round(each * 100) for each in shown.values.tolist()],
        drawdown=[round(each * 10_000) for each in below_peak(shown).tolist()],
        r=bars,
        trades=trades,
    )


def _commonest(reasons: dict[str, int]) -> list[tuple[str, int]]:
    """What kept the run from entering, the commonest first; that no strategy decides at a close kept it from nothing."""
    told = [(name, count) for name, count in reasons.items() if name != "not_this_timeframe"]
    return sorted(told, key=lambda each: (-each[1], each[0]))[:_REASONS]


def _about(record: Record) -> tuple[tuple[str, str], ...]:
    result = record.result
    found = [
        ("Strategies", ", ".join(words(each) for each in result.settings.get("signals", {}).get("strategies", ()))),
        ("Minutes", f"{result.minutes:,}"),
        ("Decisions", f"{result.decisions:,}"),
        ("Signals", f"{result.signals:,}"),
        ("Changes of orders", f"{result.orders:,}"),
        ("Fills", f"{result.fills:,}"),
        ("Version", result.engine),
        ("Settings", result.settings_digest[:16]),
    ]
    found += [(f"Candles of {symbol}", digest[:16]) for symbol, digest in result.data.items()]
    return tuple(found)
