"""What the record of a backtest says of how its trades were meant to leave, and what their fills cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from research.backtest.tape import Tape
from research.jobs.job import Plan
from research.report.matching import executions, fills_of
from research.report.record import lines_of, signals_in
from shared.domain.account import Trade
from shared.domain.decisions import Signal
from shared.domain.orders import Fill, Order


def plans_of(directory: Path, trades: Sequence[Trade], tape: Tape) -> tuple[Plan, ...]:
    """The plans of closed trades, from the record in ``directory``; trades without a signal have none."""
    signals = signals_in(directory)
    orders = {order.client_id: order for order in lines_of(directory / "orders.jsonl", Order)}
    fills = fills_of(trades, list(lines_of(directory / "fills.jsonl", Fill)))
    found = []
    for trade in trades:
        signal = signals.get(trade.intent_id)
        if signal is not None:
            made = executions(trade, signal, fills[trade.intent_id], orders, tape)
            found.append(_plan(trade, signal, sum(each.slippage for each in made)))
    return tuple(found)


def _plan(trade: Trade, signal: Signal, slippage: float) -> Plan:
    price = signal.entry.price
    shares = sum(each.share for each in signal.exits)
    target = sum(each.share * each.price for each in signal.exits) / shares if shares else signal.exits[-1].price
    return Plan(
        intent_id=trade.intent_id,
        stop=abs(signal.stop / price - 1.0),
        target=abs(target / price - 1.0),
        longest=max(0, signal.close_by - signal.close_time) if signal.close_by else 0,
        slippage=slippage,
    )
