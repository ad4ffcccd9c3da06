"""Messages to rows. Pure: the same message gives the same rows, whenever and however often it comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import msgspec

from shared.domain.account import AccountReport, RiskReport, Trade, TradeState
from shared.domain.candles import CandleBundle
from shared.domain.control import Alert, Control
from shared.domain.decisions import DecisionBundle
from shared.domain.exchange import ExchangeEvents
from shared.domain.message import Message
from shared.domain.order_words import OrderStatus
from shared.domain.orders import Order, VerdictBundle

Row: TypeAlias = dict[str, Any]
#: Table name → its rows, in the order of the messages.
Rows: TypeAlias = defaultdict[str, list[Row]]

#: How far an order is in its life: what is final stays final, however late an older state comes in.
_ORDER_RANK: Final[dict[OrderStatus, int]] = {
    "NEW": 0,
    "PARTIALLY_FILLED": 1,
    "CANCELED": 2,
    "EXPIRED": 2,
    "REJECTED": 2,
    "FILLED": 2,
}
_TRADE_RANK: Final[dict[TradeState, int]] = {
    "entering": 0,
    "protecting": 1,
    "open": 2,
    "closing": 3,
    "closed": 4,
    "failed": 5,
}


def rows(messages: Iterable[Message]) -> Rows:
    """The rows of all messages. Types that the journal does not record (the clock's ticks, say) give none."""
    found: Rows = defaultdict(list)
    for message in messages:
        write = _WRITERS.get(type(message))
        if write is not None:
            write(message, found)
    return found


def order_sequence(order: Order) -> str:
    """A text that grows with the order's life: final or not, quantity filled, exchange time, status.

    One text, compared byte by byte, says the same on every database, and two states of one order are equal in it only if
    they are one state. The filled quantity has 18 decimals, twice what any exchange uses.
    """
    return f"{_ORDER_RANK[order.status]}:{order.filled:040.18f}:{order.updated_at:013d}:{order.status}"


def trade_sequence(trade: Trade, reported_at: int) -> int:
    """A number that grows with the reports; within one report with the trade's life."""
    return reported_at * 10 + _TRADE_RANK[trade.state]


def _json(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _candles(message: CandleBundle, found: Rows) -> None:
    timeframe, close_time = message.timeframe, message.close_time
    found["candles"] += [
        {
            "symbol": candle.symbol,
            "timeframe": candle.timeframe,
            "open_time": candle.open_time,
            "open": candle.open,
            "high": candle.high,
            "low": candle.low,
            "close": candle.close,
            "volume": candle.volume,
            "state": candle.state,
        }
        for candle in message.candles
    ]
    found["missing_candles"] += [
        {"symbol": symbol, "timeframe": timeframe, "close_time": close_time} for symbol in message.missing
    ]


def _decisions(message: DecisionBundle, found: Rows) -> None:
    for decision in message.decisions:
        signal = decision.signal
        found["decisions"].append(
            {
                "close_time": decision.close_time,
                "id": decision.id,
                "symbol": decision.symbol,
                "strategy": decision.strategy,
                "signal_id": signal.id if signal is not None else None,
                "reasons": ",".join(decision.reasons),
            }
        )
        if signal is not None:
            row = msgspec.structs.asdict(signal)
            found["signals"].append(row | {"decision_id": decision.id, "rests_on": _json(signal.rests_on)})


def _verdicts(message: VerdictBundle, found: Rows) -> None:
    for verdict in message.verdicts:
        found["verdicts"].append(
            {
                "close_time": message.close_time,
                "decision_id": verdict.decision_id,
                "symbol": verdict.symbol,
                "intent_id": verdict.intent.id if verdict.intent is not None else None,
                "signature": verdict.signature,
                "refusals": ",".join(verdict.refusals),
                "notes": _json(verdict.notes),
            }
        )
        if verdict.intent is not None:
            found["intents"].append(msgspec.structs.asdict(verdict.intent))


def _events(message: ExchangeEvents, found: Rows) -> None:
    for order in message.orders:
        row = msgspec.structs.asdict(order)
        row["trigger_price"] = row.pop("trigger")  # a reserved word in SQL
        row["sequence"] = order_sequence(order)
        found["orders"].append(row)
        found["order_history"].append(row)
    found["fills"] += [msgspec.structs.asdict(fill) for fill in message.fills]
    found["funding"] += [msgspec.structs.asdict(payment) for payment in message.funding]


def _account(message: AccountReport, found: Rows) -> None:
    account = message.account
    found["equity"].append({"time": message.time, "wallet": account.wallet, "equity": account.equity})
    for trade in (*message.open_trades, *message.closed_trades):
        found["trades"].append(
            msgspec.structs.asdict(trade) | {"sequence": trade_sequence(trade, message.time)},
        )


def _flat(table: str) -> Callable[[Any, Rows], None]:
    """A message whose fields are the row."""

    def write(message: Message, found: Rows) -> None:
        found[table].append(msgspec.structs.asdict(message))

    return write


_WRITERS: Final[dict[type[Message], Callable[[Any, Rows], None]]] = {
    CandleBundle: _candles,
    DecisionBundle: _decisions,
    VerdictBundle: _verdicts,
    ExchangeEvents: _events,
    AccountReport: _account,
    RiskReport: _flat("risk_states"),
    Alert: _flat("alerts"),
    Control: _flat("controls"),
}

#: The message types that leave rows.
RECORDED: Final = frozenset(_WRITERS)
