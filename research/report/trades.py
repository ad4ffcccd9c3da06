"""One trade as a row of the list, and as what its own view draws and says."""

from __future__ import annotations

from typing import Final

from research.backtest.tape import Tape
from research.plot.theme import style_of
from research.report.candles import Chart, chart_of
from research.report.groups import side_of
from research.report.model import DrawnFill, DrawnTrade, DrawnZone, Row
from research.report.resting import Zone
from research.report.told import Hours, Told, span_of
from research.report.wording import NONE, at, duration, multiple, plain, usdt, words
from shared.domain.decisions import LimitEntry
from shared.domain.timeframes import DURATION

#: The heads of the list of trades.
COLUMNS: Final = ("#", "opened, UTC", "symbol", "side", "strategy", "held", "exit", "result, USDT", "R")
#: Windows of hours say nothing on a chart of longer candles.
_WINDOWS_UP_TO: Final = DURATION["1h"]
_NO_REASON: Final = "No signal of this run has this trade's id: somebody else, or an operator, opened it."


def row(number: int, told: Told) -> Row:
    """A row of the list. number: from 1."""
    trade = told.trade
    r = told.result.r
    held = trade.closed_at - trade.opened_at
    return Row(
        number=number,
        cells=(
            f"{number}", at(trade.opened_at), trade.symbol, side_of(told), words(told.strategy), duration(held),
            words(trade.exit_reason) or NONE, usdt(trade.result, sign=True), multiple(r),
        ),
        sort=(
            number, trade.opened_at, trade.symbol, side_of(told), told.strategy, held, trade.exit_reason,
            float(trade.result), r if r is not None else 0.0,
        ),
        result=float(trade.result),
    )  # fmt: skip


def drawn(number: int, told: Told, tape: Tape, hours: Hours, digits: int) -> DrawnTrade:
    """What the trade's own view shows. digits: of the symbol's prices."""
    trade, signal = told.trade, told.signal
    begin, end = span_of(told)
    zones = told.zones or ()
    earliest = min((zone.formed_at for zone in zones), default=begin)
    chart = chart_of(tape, trade.symbol, begin, end, earliest, digits)
    return DrawnTrade(
        title=f"{number} · {trade.symbol} {side_of(told)} · {words(told.strategy)}",
        side=trade.side,
        why=signal.why if signal is not None else _NO_REASON,
        facts=_facts(told, digits),
        signal_at=signal.close_time if signal is not None else trade.opened_at,
        opened=trade.opened_at,
        closed=trade.closed_at,
        entry=float(trade.entry_price),
        exit=float(trade.exit_price),
        won=trade.result > 0,
        wanted=signal.entry.price if signal is not None and isinstance(signal.entry, LimitEntry) else None,
        targets=tuple(each.price for each in signal.exits) if signal is not None else (),
        stops=tuple(told.stops) or (((trade.opened_at, signal.stop),) if signal is not None else ()),
        fills=tuple(
            DrawnFill(time=each.time, price=float(each.price), quantity=plain(each.quantity), role=each.role)
            for each in told.executions
        ),
        zones=tuple(_zone(each) for each in zones),
        windows=_windows(chart, hours),
        chart=chart,
    )


def _windows(chart: Chart, hours: Hours) -> tuple[tuple[str, int, int, int], ...]:
    if chart.step > _WINDOWS_UP_TO:
        return ()
    end = chart.start + chart.step * len(chart.bars)  # a candle has four numbers, so this is far enough
    shown = (each for each in hours.between(chart.start, end) if each.kind == "kill_zone")
    return tuple((each.long, each.start, each.end, each.place) for each in shown)


def _zone(zone: Zone) -> DrawnZone:
    style = style_of(zone.kind, has_height=zone.top > zone.bottom)
    direction = {"bullish": "bullish", "bearish": "bearish"}.get(zone.direction, "")
    lasting = style.role in ("zone", "band", "level")
    return DrawnZone(
        name=style.short or words(zone.kind),
        timeframe=zone.timeframe,
        color=f"{direction}_block" if direction and style.block else direction or "neutral",
        top=zone.top,
        bottom=zone.bottom,
        start=zone.formed_at,
        end=0 if lasting else zone.confirmed_at,
        shape="none" if style.group == "sessions" else "line" if not lasting or zone.top == zone.bottom else "box",
        faint=style.group == "dealing_range" and zone.kind == "dealing_range",
        why=zone.why,
    )


def _facts(told: Told, digits: int) -> tuple[tuple[str, str], ...]:
    trade, signal = told.trade, told.signal
    entry, left = (plain(round(price, digits + 2)) for price in (trade.entry_price, trade.exit_price))  # averages of fills
    if signal is not None:
        kind = "limit" if isinstance(signal.entry, LimitEntry) else "market"
        entry += f" ({kind}, signal at {plain(signal.entry.price)})"
    found = [
        ("Opened", f"{at(trade.opened_at)} UTC"),
        ("Closed", f"{at(trade.closed_at)} UTC, after {duration(trade.closed_at - trade.opened_at)}"),
        ("Quantity", plain(trade.quantity)),
        ("Entry", entry),
        ("Exit", f"{left} ({words(trade.exit_reason) or 'unknown'})"),
        ("Result", f"{usdt(trade.result, sign=True)} USDT, {multiple(told.result.r)}"),
        ("Risked", f"{usdt(trade.risk_amount)} USDT"),
        ("Fees", f"{usdt(trade.fees)} USDT"),
        ("Funding", f"{usdt(trade.funding, sign=True)} USDT"),
        ("Slippage", f"{usdt(told.slippage)} USDT"),
    ]
    if signal is not None:
        found.append(("Score", f"{plain(signal.score)}" + (f" of {plain(signal.threshold)}" if signal.threshold else "")))
    if told.windows:
        found.append(("Hours", ", ".join(dict.fromkeys(each.long for each in told.windows))))
    return tuple(found)
