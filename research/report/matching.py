"""Which fills and stops belong to which trade, and what slippage cost: told by symbol, side and time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec
import numpy as np

from research.backtest.tape import CLOSE, Tape
from shared.domain.account import Trade
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.orders import Fill, Order
from shared.domain.timeframes import MINUTE

#: What a fill did: opened, or closed by the stop, by a target, or otherwise (by order, by time, by the exchange).
Role = Literal["entry", "stop", "target", "close"]

_ROLES: Final[dict[str, Role]] = {
    "STOP_MARKET": "stop",
    "STOP": "stop",
    "TAKE_PROFIT_MARKET": "target",
    "TAKE_PROFIT": "target",
}


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One fill of a trade. wanted: price that was asked for (of the signal, the trigger, the last close), None = unknown.

    slippage: what the fill cost more than that, USDT; negative = it was better.
    """

    time: int
    price: Decimal
    quantity: Decimal
    role: Role
    wanted: float | None
    slippage: float


def fills_of(trades: Sequence[Trade], fills: Sequence[Fill]) -> dict[str, list[Fill]]:
    """The fills of each trade, by its intent's id. Where one trade ends as the next begins, the side decides."""
    found: dict[str, list[Fill]] = {trade.intent_id: [] for trade in trades}
    by_symbol: dict[str, list[Trade]] = {}
    for trade in sorted(trades, key=lambda each: (each.opened_at, each.closed_at)):
        by_symbol.setdefault(trade.symbol, []).append(trade)
    for fill in fills:
        there = [each for each in by_symbol.get(fill.symbol, ()) if each.opened_at <= fill.time <= each.closed_at]
        entered = [each for each in there if each.side == fill.side]
        left = [each for each in there if each.side != fill.side]
        if fill.realized == 0 and entered:
            found[entered[-1].intent_id].append(fill)
        elif left:
            found[left[0].intent_id].append(fill)
        elif entered:
            found[entered[-1].intent_id].append(fill)
    return found


def executions(
    trade: Trade, signal: Signal | None, fills: Sequence[Fill], orders: dict[str, Order], tape: Tape
) -> tuple[Execution, ...]:
    """The fills of one trade with what each cost. orders: by client id, as each was at its end."""
    return tuple(_execution(trade, signal, fill, orders.get(fill.client_id), tape) for fill in fills)


def stops_of(trade: Trade, orders: Sequence[Order]) -> list[tuple[int, float]]:
    """Where the stop stood: (UTC ms, price) at each change, from the orders of the trade's symbol in order of time."""
    found: list[tuple[int, float]] = []
    for order in orders:
        if (
            order.close_position
            and order.trigger is not None
            and _ROLES.get(order.type) == "stop"
            and order.side != trade.side
            and order.status == "NEW"
            and trade.opened_at <= order.updated_at <= trade.closed_at
            and (not found or found[-1][1] != float(order.trigger))
        ):
            found.append((order.updated_at, float(order.trigger)))
    return found


def _execution(trade: Trade, signal: Signal | None, fill: Fill, order: Order | None, tape: Tape) -> Execution:
    entered = fill.side == trade.side
    role: Role = "entry" if entered else _ROLES.get(order.type, "close") if order is not None else "close"
    wanted = float(fill.price) if fill.maker else _wanted(signal, fill, order, tape, entered=entered)
    worse = 0.0 if wanted is None else (float(fill.price) - wanted) * (1.0 if fill.side == "BUY" else -1.0)
    return Execution(
        time=fill.time,
        price=fill.price,
        quantity=fill.quantity,
        role=role,
        wanted=wanted,
        slippage=worse * float(fill.quantity),
    )


def _wanted(signal: Signal | None, fill: Fill, order: Order | None, tape: Tape, *, entered: bool) -> float | None:
    if entered and signal is not None and isinstance(signal.entry, MarketEntry):
        return signal.entry.price
    if order is not None and order.trigger is not None:
        return float(order.trigger)
    if entered and order is not None and order.price is not None:
        return float(order.price)
    row = (fill.time - tape.first) // MINUTE
    if 0 <= row < len(tape):
        close = float(tape.columns[fill.symbol][CLOSE, row])
        return None if np.isnan(close) else close
    return None
