"""Says when price voids an entry that rests: the move that it was for has happened without it (SIG-7, EXEC-1). Pure.

Judged by what has traded, not by the mark price: a candle of the strategy that named the price is made of trades, and so is
the fill that the entry waits for. The matching driver tells the low and the high of each closed minute, after the fills of
that minute: where one minute holds both, the entry has filled, because nobody outside the exchange could have cancelled it
in between. The exchange's driver tells best bid and ask as they are streamed: a bid at a price, or an ask below it, proves
that whatever was offered, or bid, up to there is gone. Nothing from before the close on which the entry was decided counts.
"""

from __future__ import annotations

from services.execution.inputs import Traded
from services.execution.plans.plan import Plan
from services.execution.state import ExecutionState, leg_key
from shared.domain.intents import OrderIntent


def watched(state: ExecutionState, symbol: str) -> Plan | None:
    """Return the trade whose entry lives in the symbol and may be voided by its price; None if there is none."""
    plan = state.plans.get(leg_key(symbol, "BOTH"))
    if plan is None or not plan.intent.void_at or plan.voided:
        return None
    return plan if any(not order.over for order in plan.of(state.orders, "entry")) else None


def voids(intent: OrderIntent, traded: Traded) -> bool:
    """Return True if this much trading voids the entry of ``intent``: at ``void_at`` or beyond, since its decision."""
    if not intent.void_at or traded.since < intent.close_time:
        return False
    return traded.high >= intent.void_at if intent.side == "BUY" else traded.low <= intent.void_at


def apply(state: ExecutionState, traded: Traded) -> set[str]:
    """Note that the entry of a symbol is void, if it is; return the symbol then."""
    plan = watched(state, traded.symbol)
    if plan is None or not voids(plan.intent, traded):
        return set()
    plan.voided = True
    return {plan.symbol}
