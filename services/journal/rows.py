"""Messages to rows. Pure: the same message gives the same rows, whenever and however often it comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import msgspec

from shared.domain.account import AccountStatement, RiskReport, Trade, TradeState
from shared.domain.candles import Candle, CandleBundle
from shared.domain.control import Alert, Control
from shared.domain.decisions import DecisionBundle, LimitEntry, Signal
from shared.domain.intents import OrderIntent, RiskOrder, VerdictBundle
from shared.domain.message import Message
from shared.domain.order_flow import CandleFlow
from shared.domain.order_words import OrderStatus
from shared.domain.orders import Order, OrderEvent

Row: TypeAlias = dict[str, Any]
#: Table name → its rows, in the order of the messages.
Rows: TypeAlias = defaultdict[str, list[Row]]
_Writer: TypeAlias = Callable[[Any, int | None, Rows], None]

#: How far an order is in its life: what is final stays final, however late an older state comes in. A rejection is an
#: answer's word, and the exchange may show the order all the same.
_ORDER_RANK: Final[dict[OrderStatus, int]] = {
    "NEW": 0,
    "REJECTED": 0,
    "PARTIALLY_FILLED": 1,
    "CANCELED": 2,
    "EXPIRED": 2,
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


def rows(messages: Iterable[tuple[Message, int | None]]) -> Rows:
    """The rows of all messages, each given with the time of the lane that published it (UTC ms; None = it named none).

    Types that the journal does not record give none.
    """
    found: Rows = defaultdict(list)
    for message, stamped_at in messages:
        write = _WRITERS.get(type(message))
        if write is not None:
            write(message, stamped_at, found)
    return found


def order_sequence(order: Order) -> str:
    """A text that grows with the order's life: final or not, quantity filled, exchange time, status.

    One text, compared byte by byte, says the same on every database, and two states of one order are equal in it only if
    they are one state. The filled quantity has 18 decimals, twice what any exchange uses.
    """
    return f"{_ORDER_RANK[order.status]}:{order.filled:040.18f}:{order.updated_at:013d}:{order.status}"


def trade_sequence(trade: Trade, stated_at: int) -> int:
    """A number that grows with the statements; within one with the trade's life."""
    return stated_at * 10 + _TRADE_RANK[trade.state]


def _json(values: tuple[Any, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _candles(message: CandleBundle, stamped_at: int | None, found: Rows) -> None:
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
            **_beside(candle),
            "stamped_at": stamped_at,
        }
        for candle in message.candles
    ]
    found["missing_candles"] += [
        {"symbol": symbol, "timeframe": timeframe, "close_time": close_time} for symbol in message.missing
    ]


def _beside(candle: Candle) -> Row:
    """Order flow and funding of a candle; None where they are not known."""
    flow, funding = candle.flow or CandleFlow(), candle.funding
    return {
        "taker_bought": flow.taker_bought,
        "trades": flow.trades,
        "spread": flow.spread,
        "imbalance": flow.imbalance,
        "funding_rate": None if funding is None else funding.rate,
        "funding_time": None if funding is None else funding.time,
    }


def _decisions(message: DecisionBundle, stamped_at: int | None, found: Rows) -> None:
    for decision in message.decisions:
        signal = decision.signal
        found["decisions"].append(
            {
                "close_time": decision.close_time,
                "id": decision.id,
                "symbol": decision.symbol,
                "chosen": decision.chosen,
                "signal_id": signal.id if signal is not None else None,
                "reasons": ",".join(decision.why_not),
                "stamped_at": stamped_at,
            }
        )
        for each in decision.judgements:
            found["judgements"].append(
                {
                    "close_time": decision.close_time,
                    "decision_id": decision.id,
                    "strategy": each.strategy,
                    "signal_id": each.signal.id if each.signal is not None else None,
                    "reasons": ",".join(each.reasons),
                }
            )
            if each.signal is not None:
                found["signals"].append(_signal(each.signal, decision.id))


def _signal(signal: Signal, decision_id: str) -> Row:
    entry = signal.entry
    row = msgspec.structs.asdict(signal) | {
        "decision_id": decision_id,
        "kind": "limit" if isinstance(entry, LimitEntry) else "market",
        "price": entry.price,
        "rests_until": entry.rests_until if isinstance(entry, LimitEntry) else 0,
        "void_at": entry.void_at if isinstance(entry, LimitEntry) else None,
        "exits": _json(signal.exits),
        "rests_on": _json(signal.rests_on),
    }
    del row["entry"]
    return row


def _verdicts(message: VerdictBundle, stamped_at: int | None, found: Rows) -> None:
    if message.order is not None:
        _risk_order(message.order, stamped_at, found)
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
                "checks": _json(verdict.checks),
                "stamped_at": stamped_at,
            }
        )
        if verdict.intent is not None:
            found["intents"].append(_intent(verdict.intent))


def _intent(intent: OrderIntent) -> Row:
    return msgspec.structs.asdict(intent) | {"exits": _json(intent.exits)}


def _order_event(message: OrderEvent, stamped_at: int | None, found: Rows) -> None:
    cause = {
        "origin": message.origin,
        "purpose": message.purpose,
        "intent_id": message.intent_id,
        "stamped_at": stamped_at,
    }
    row = msgspec.structs.asdict(message.order) | cause
    row["trigger_price"] = row.pop("trigger")  # a reserved word in SQL
    row["sequence"] = order_sequence(message.order)
    found["orders"].append(row)
    found["order_history"].append(row)
    if message.fill is not None:
        found["fills"].append(msgspec.structs.asdict(message.fill) | cause)


def _statement(message: AccountStatement, stamped_at: int | None, found: Rows) -> None:
    time, account = message.time, message.account
    stamp = {"stamped_at": stamped_at}
    found["equity"].append(
        {"time": time, "asked_at": message.asked_at, "wallet": account.wallet, "equity": account.equity, **stamp}
    )
    found["positions"] += [{**msgspec.structs.asdict(position), "time": time, **stamp} for position in account.positions]
    found["funding"] += [{**msgspec.structs.asdict(payment), **stamp} for payment in message.funding]
    found["transfers"] += [{**msgspec.structs.asdict(transfer), **stamp} for transfer in message.transfers]
    for trade in (*message.open_trades, *message.closed_trades):
        found["trades"].append(msgspec.structs.asdict(trade) | {"sequence": trade_sequence(trade, time)})


def _flat(table: str) -> _Writer:
    """A message whose fields are the row."""

    def write(message: Message, stamped_at: int | None, found: Rows) -> None:
        found[table].append({**msgspec.structs.asdict(message), "stamped_at": stamped_at})

    return write


def _control(message: Message, stamped_at: int | None, found: Rows) -> None:
    """Every command that was sent, obeyed or not: what became of it is an alert that has its id, or a refusal."""
    assert isinstance(message, Control)
    command = " ".join(filter(None, (message.command, message.strategy, message.symbol)))
    row = {"id": message.id, "command": command, "by": message.by, "reason": message.reason, "stamped_at": stamped_at}
    found["controls"].append(row)


def _risk_order(message: RiskOrder, stamped_at: int | None, found: Rows) -> None:
    """An order of risk, as a command of risk; every copy is the same row."""
    row = {"id": message.id, "command": message.kind, "by": "risk", "reason": message.reason, "stamped_at": stamped_at}
    found["controls"].append(row)


_WRITERS: Final[dict[type[Message], _Writer]] = {
    CandleBundle: _candles,
    DecisionBundle: _decisions,
    VerdictBundle: _verdicts,
    RiskOrder: _risk_order,
    OrderEvent: _order_event,
    AccountStatement: _statement,
    RiskReport: _flat("risk_states"),
    Alert: _flat("alerts"),
    Control: _control,
}

#: The message types that leave rows.
RECORDED: Final = frozenset(_WRITERS)
