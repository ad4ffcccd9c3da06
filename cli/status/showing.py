"""Draws the report for a terminal. Pure: what it returns is printed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.status.report import ServiceStatus, StatusReport
from services.execution.overview import ExecutionOverview, OrderView, PositionView
from services.risk.overview import LimitUse, RiskOverview
from services.signals.overview import PausedStrategy

#: A statement older than this is worth a colour, ms; risk approves nothing on one that is older than 10 s.
_OLD_MS: Final = 15_000
_UNKNOWN: Final = "?"
#: Field of ``Kpis`` → how it is called and shown.
_KPIS: Final = {
    "trades": ("trades over", "number"),
    "win_rate": ("win rate", "percent"),
    "reward_to_risk": ("reward to risk", "ratio"),
    "average_r": ("R a trade", "ratio"),
    "losses_in_row": ("losses in a row, most", "number"),
    "month_return": ("this month", "percent"),
    "last_month_return": ("last month", "percent"),
    "sharpe": ("Sharpe ratio", "ratio"),
    "max_drawdown": ("largest drawdown", "percent"),
}


def page(report: StatusReport) -> RenderableType:
    """Draw the whole report, the gravest first."""
    parts: list[RenderableType] = [_line(f"not in this report: {each}", "bold red") for each in report.missing]
    parts += [  # said here too: on a low terminal the table of services is cut off
        _line(f"not ready: {each.name} at {each.address}: {'; '.join(each.troubles)}", "yellow")
        for each in report.services
        if each.reached and not each.ready
    ]
    parts.append(_account(report))
    parts += [_line(_paused(each), "yellow") for each in report.paused]
    if report.risk is not None:
        parts.append(_risk(report.risk))
    if report.execution is not None:
        parts += _execution(report.execution, report.led_by.get("execution", ""))
        parts.append(_positions(report.execution.positions))
        parts.append(_orders(report.execution.orders))
    if report.risk is not None:
        parts.append(_limits(report.risk.limits))
        parts.append(_kpis(report))
    parts.append(_services(report.services))
    return Group(*parts)


# -- the account ----------------------------------------------------------------------------------------------------------


def _account(report: StatusReport) -> Text:
    risk, execution = report.risk, report.execution
    text = Text(f"account {report.account}, mode {report.mode}", style="bold")
    known: RiskOverview | ExecutionOverview | None = execution if execution and execution.wallet is not None else risk
    if known is None or known.stated_at is None or known.wallet is None:
        return text.append(": not stated yet", style="yellow")
    text.append(f", as of {_instant(known.stated_at)}{_age(report, known.stated_at)}\n")
    marked = risk is not None and risk.marked_at is not None
    facts = [
        f"wallet {money(known.wallet)}",
        f"equity {money(risk.equity if risk is not None and marked else known.equity)}",
    ]
    if risk is not None:
        result, start = risk.day_result, risk.day_start_equity
        share = f" ({percent(result / start, sign=True)})" if result is not None and start else ""
        facts.append(f"today {money(result, sign=True)}{share}")
        facts.append(f"highest {money(risk.peak_equity)}")
        facts.append(f"drawdown {percent(risk.drawdown)}")
        facts.append(f"margin ratio {percent(risk.margin_ratio)}")
    return text.append(f"  {' · '.join(facts)} (USDT)", style="not bold")


def _instant(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _age(report: StatusReport, stated_at: int) -> str:
    """How old a statement is; in mode sim time is the market's, and nothing is old."""
    age = report.time - stated_at
    if report.mode == "sim" or age < 0:
        return ""
    return f", {age / 1000:.0f} s ago{': OLD' if age > _OLD_MS else ''}"


def _risk(risk: RiskOverview) -> Text:
    style = "green" if risk.kill_switch == "NORMAL" else "yellow" if risk.entries else "bold red"
    passes = "entries pass" if risk.entries else "no entries"
    text = Text("risk: ").append(risk.kill_switch, style=style).append(f", {passes}")
    return text.append(f" ({risk.reason})") if risk.reason and risk.kill_switch != "NORMAL" else text


def _paused(paused: PausedStrategy) -> str:
    where = paused.symbol or "every symbol"
    how = "by configuration" if paused.by == "configuration" else "until `ict resume`"
    return f"strategy {paused.strategy}: paused in {where}, {how}"


def _execution(execution: ExecutionOverview, replica: str) -> Iterator[Text]:
    led = f", led by {replica}" if replica else ""
    if execution.halted is not None:
        yield _line(f"execution: HALTED until `ict rearm`: {execution.halted.why}{led}", "bold red")
    else:
        yield _line(f"execution: entries pass{led}", "")
    if not execution.connected:
        yield _line("execution: the user stream is down; the account is only asked for", "yellow")
    if execution.flattening:
        yield _line("execution: everything is being closed by a command", "bold red")
    if execution.leaving:
        yield _line("execution: is about to stop", "yellow")
    for symbol, freeze in execution.frozen.items():
        yield _line(f"{symbol}: no entries ({freeze.reason}): {freeze.text}", "yellow")
    for symbol in execution.unprotected:
        yield _line(f"{symbol}: WITHOUT AN ACCEPTED STOP", "bold red")


# -- tables ---------------------------------------------------------------------------------------------------------------


def _positions(positions: Sequence[PositionView]) -> RenderableType:
    if not positions:
        return _line("no position", "dim")
    table = _table("position", "side", "quantity", "entry", "mark", "stop", "unrealised", "R", "of others")
    for each in positions:
        trade = each.trade
        signed = each.quantity or (Decimal(0) if trade is None else trade.quantity * (1 if trade.side == "BUY" else -1))
        stop = "" if trade is None else f"{price(trade.stop)}{'' if trade.protected else ' (not accepted)'}"
        table.add_row(
            each.symbol,
            "long" if signed > 0 else "short",
            price(abs(signed)),
            price(each.entry_price if trade is None else trade.entry_price),
            price(each.mark_price),
            stop,
            money(each.unrealized if trade is None else trade.unrealized, sign=True),
            "" if trade is None else ratio(trade.unrealized_r, sign=True),
            price(each.foreign) if each.foreign else "",
            style="" if trade is None or trade.protected else "red",
        )
    return table


def _orders(orders: Sequence[OrderView]) -> RenderableType:
    if not orders:
        return _line("no order", "dim")
    table = _table("order", "for", "side", "type", "quantity", "price", "trigger", "status")
    for each in orders:
        quantity = "position" if each.quantity is None else price(each.quantity)
        limit, trigger = ("" if number is None else price(number) for number in (each.price, each.trigger))
        table.add_row(each.symbol, each.purpose, each.side, each.type, quantity, limit, trigger, each.status)
    return table


def _limits(limits: Sequence[LimitUse]) -> Table:
    table = _table("limit", "used", "of", "", "")
    for each in limits:
        share = each.used / each.limit if each.limit else Decimal(0)
        style = "red" if share >= 1 else "yellow" if share >= Decimal("0.75") else ""
        used, limit = (percent(n) if each.unit.startswith("of ") else price(round(n, 2)) for n in (each.used, each.limit))
        bar = "█" * min(10, int(share * 10))
        table.add_row(f"risk.{each.name}", used, limit, f"{bar:·<10}", each.unit, style=style)
    return table


def _kpis(report: StatusReport) -> Table:
    assert report.risk is not None, "there is risk to show"
    goals = {each.name: each for each in report.goals}
    table = _table("KPI", "is", "goal", "")
    for name, (title, kind) in _KPIS.items():
        value, goal = getattr(report.risk.kpis, name), goals.get(name)
        figure = {"percent": percent, "ratio": ratio, "number": _number}[kind](value)
        met = "" if goal is None or goal.met is None else "met" if goal.met else "not met"
        table.add_row(title, figure, "" if goal is None else goal.goal, met)
    return table


def _services(services: Sequence[ServiceStatus]) -> Table:
    table = _table("service", "address", "replica", "is", "")
    for each in services:
        here = [name for name, where in each.parts.items() if where == "here"]
        standing_by = [name for name, where in each.parts.items() if where == "elsewhere"]
        says = [f"has the state of {', '.join(here)}"] if here else []
        says += [f"no state of {', '.join(standing_by)} here"] if standing_by else []
        says += each.troubles
        style = "" if each.ready else "yellow" if each.reached else "red"
        state = "ready" if each.ready else "not ready" if each.reached else "NOT REACHED"
        table.add_row(each.name, each.address, each.replica, state, "; ".join(says) or each.fault, style=style)
    return table


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _line(text: str, style: str) -> Text:
    return Text(text, style=style)


# -- figures --------------------------------------------------------------------------------------------------------------


def money(value: Decimal | None, *, sign: bool = False) -> str:
    """USDT with two digits after the point."""
    return _UNKNOWN if value is None else f"{value:+,.2f}" if sign else f"{value:,.2f}"


def percent(value: Decimal | float | None, *, sign: bool = False) -> str:
    """A fraction in percent."""
    return _UNKNOWN if value is None else f"{value:+.2%}" if sign else f"{value:.2%}"


def ratio(value: Decimal | float | None, *, sign: bool = False) -> str:
    """A number with two digits after the point."""
    return _UNKNOWN if value is None else f"{value:+.2f}" if sign else f"{value:.2f}"


def price(value: Decimal) -> str:
    """A price or quantity with the digits that it has; eight after the point at most."""
    text = f"{round(value, 8):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: Decimal | float | None, *, sign: bool = False) -> str:
    return _UNKNOWN if value is None else f"{value:+}" if sign else f"{value}"
