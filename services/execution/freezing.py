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


def judge(state: ExecutionState, old_ms: int, symbol: str, now: int, effects: Effects) -> None:
    """Freeze a symbol in which something is in doubt or in disorder, and thaw it when that is over.

    old_ms: a doubt, or what is not explained, may last so long.
    """
    doubt = _doubt(state, old_ms, symbol, now)
    if doubt is not None:
        freeze(state, symbol, *doubt, now, effects)
        return
    known = state.frozen.get(symbol)
    if known is not None and known.reason in THAWING:
        del state.frozen[symbol]
        text = f"{symbol} takes entries again: {known.text}: that is over"
        effects.tell([alert("info", f"thawed.{symbol}.{now}", text, now)])


def _doubt(state: ExecutionState, old_ms: int, symbol: str, now: int) -> tuple[FreezeReason, str] | None:
    legs = state.legs(symbol)
    for plan in [state.plans[key] for key in legs if key in state.plans]:
        for order in plan.of(state.orders):
            if order.in_doubt and now - order.signed_at > old_ms:
                return "doubt", f"whether order {order.client_id} exists is not known"
    for position in [state.positions[key] for key in legs if key in state.positions]:
        if position.apart_since and now - position.apart_since > old_ms:
            text = f"the exchange states {position.stated} ({position.leg}), and our trades do not explain it"
            return "mismatch", text
        if position.foreign:
            return "foreign", f"{position.foreign} ({position.leg}) is held there that is not of a trade of ours"
    return None
