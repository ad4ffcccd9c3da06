"""Freezes symbols: no entry in them, until the cause is gone or a person re-arms. Pure, on the state."""

from __future__ import annotations

from services.execution.alerts import alert
from services.execution.plans.plan import Plan
from services.execution.requests import Effects
from services.execution.state import THAWING, ExecutionState, Freeze, FreezeReason


def freeze(state: ExecutionState, symbol: str, reason: FreezeReason, text: str, now: int, effects: Effects) -> None:
    """Take no entry in the symbol; alerted once until it ends."""
    known = state.frozen.get(symbol)
    if known is not None and (known.reason == reason or known.reason not in THAWING):
        return
    state.frozen[symbol] = Freeze(reason=reason, since=now, text=text)
    advice = "it thaws by itself" if reason in THAWING else "check the exchange, then re-arm by hand"
    effects.tell([alert("critical", f"frozen.{symbol}.{now}", f"{symbol} takes no entries: {text}; {advice}", now)])


def unprotectable(state: ExecutionState, plan: Plan, why: str, now: int, effects: Effects) -> None:
    """Close a trade at the market because no stop stands, and freeze its symbol.

    The next signal would end in the same way, and each costs two fees and the spread (EXEC-3). ``why``: for people.
    """
    if not plan.exit_wanted:
        plan.exit_wanted = "flatten"
        state.passed.pop(plan.symbol, None)
        freeze(state, plan.symbol, "unprotectable", why, now, effects)


def price_passed(state: ExecutionState, plan: Plan, now: int, effects: Effects) -> None:
    """Close a trade at the market because the price has passed its stop; at the second in a row, freeze the symbol.

    Once, the market was faster than we. Twice, the stops of that symbol are placed where none can stand.
    """
    if plan.exit_wanted:
        return
    before = state.passed.get(plan.symbol)
    if plan.state == "protecting" and before is not None:
        why = f"the price had passed the stops of trades {before} and {plan.id} before one stood"
        unprotectable(state, plan, why, now, effects)
        return
    plan.exit_wanted = "flatten"
    if plan.state == "protecting":
        state.passed[plan.symbol] = plan.id
