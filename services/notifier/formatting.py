"""Texts for people: English, one line each, amounts in USDT with two decimals (OPS-5)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from shared.domain.account import RiskReport, Trade
from shared.domain.control import Alert, Severity
from shared.domain.order_words import Side

_DIRECTION: Final[dict[Side, str]] = {"BUY": "long", "SELL": "short"}
#: Exits that read better as a place; every other reason stands in brackets.
_EXIT: Final = {"target": " at target", "stop": " at stop"}


def usdt(amount: Decimal, *, signed: bool = False) -> str:
    """``1,234.50 USDT``, or with its sign ``+19.10 USDT``."""
    return f"{amount:{'+' if signed else ''},.2f} USDT"


def plain(number: Decimal) -> str:
    """A price or quantity with the digits it has, without an exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def multiple(trade: Trade) -> str:
    """The result in units of what was risked, ``+1.9 R, ``; nothing when no risk is known."""
    return f"{trade.result / trade.risk_amount:+.1f} R, " if trade.risk_amount else ""


def trade_opened(trade: Trade) -> str:
    """``BTCUSDT long opened: 0.015 at 65000.1, risking 9.90 USDT``."""
    return (
        f"{trade.symbol} {_DIRECTION[trade.side]} opened: {plain(trade.quantity)} at {plain(trade.entry_price)}, "
        f"risking {usdt(trade.risk_amount)}"
    )


def trade_closed(trade: Trade) -> str:
    """``BTCUSDT long closed at target: +1.9 R, +19.10 USDT``."""
    return (
        f"{trade.symbol} {_DIRECTION[trade.side]} closed{_exit(trade.exit_reason)}: "
        f"{multiple(trade)}{usdt(trade.result, signed=True)}"
    )


def trade_failed(trade: Trade) -> str:
    """``BTCUSDT long did not come about (entry rejected)``; with the amount where one was won or lost."""
    result = f": {usdt(trade.result, signed=True)}" if trade.result else ""
    return f"{trade.symbol} {_DIRECTION[trade.side]} did not come about{_exit(trade.exit_reason)}{result}"


def kill_switch(report: RiskReport) -> str:
    """What the switch now means, why, and the day's numbers."""
    because = f" ({report.reason})" if report.reason else ""
    day = f"Day {usdt(report.day_result, signed=True)}, equity {usdt(report.equity)}"
    meaning = {
        "NORMAL": "Entries are allowed again",
        "CAUTION": "Entries are smaller until things go better",
        "DAY_HALT": "Entries are stopped until the next UTC day",
        "HALTED": "Entries are stopped until re-armed by hand",
        "FLATTEN": "Entries are stopped, and every position is to be closed now",
    }[report.kill_switch]
    return f"{meaning}{because}. {day}"


def alert(message: Alert, repeated: int) -> str:
    """Return the alert's text with its source, and how many repeats were suppressed since the last one."""
    again = f" (and {repeated} more since it was last told)" if repeated else ""
    return f"{message.source}: {message.text}{again}"


def suppressed(counts: Mapping[Severity, int]) -> str:
    """``7 suppressed by the rate limit: 5 warning, 2 info``."""
    order: tuple[Severity, ...] = ("critical", "warning", "info")
    parts = ", ".join(f"{counts[severity]} {severity}" for severity in order if counts.get(severity))
    return f"{sum(counts.values())} suppressed by the rate limit: {parts}"


def _exit(reason: str) -> str:
    return _EXIT.get(reason, f" ({reason.replace('_', ' ')})" if reason else "")
