"""What execution tells a person, in words: one place, so that keys and wording stay consistent."""

from __future__ import annotations

from services.execution.trade import LiveTrade, TradeEvent
from shared.domain.control import Alert, Severity


def alert(severity: Severity, key: str, text: str, time: int) -> Alert:
    """An alert of this service. ``time`` in ms."""
    return Alert(severity=severity, source="execution", key=key, text=text, time=time)


def of_event(trade: LiveTrade, event: TradeEvent, time: int) -> list[Alert]:
    """What a person should know of a trade's step, nothing in the normal course."""
    symbol, key = trade.symbol, f"{event}.{trade.intent.id}.{trade.stops}"
    if event == "entry_failed":
        entry = next(iter(trade.of("entry")))
        why = f" ({entry.reject_code} {entry.reject_reason})" if entry.reject_code else ""
        return [alert("warning", key, f"{symbol}: the entry was {entry.status}{why}; nothing was traded", time)]
    if event == "stop_lost":
        return [alert("warning", key, f"{symbol}: the stop is gone while the position is held; it is placed anew", time)]
    if event == "stop_refused":
        text = f"{symbol}: the exchange takes no stop at {trade.intent.stop}; {trade.position} is closed at the market"
        return [alert("critical", key, text, time)]
    if event == "exit_filled" and trade.exit_reason == "liquidation":
        return [alert("critical", key, f"{symbol}: the exchange closed the position itself (liquidation or ADL)", time)]
    return []
