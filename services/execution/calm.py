"""Says until when a trade, or the account, may be passed over: only the clock could change something, and not before then.

Pure. Ticks, and statements that say nothing of orders, pass such a trade over. Everything else looks at the trades
that it may concern.
"""

from __future__ import annotations

from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.plans.plan import Plan
from services.execution.state import THAWING, ExecutionState

#: A calm trade is looked at this often all the same; while it is being entered, so often.
_LOOK_AGAIN_MS: Final = 300_000
_LOOK_AGAIN_ENTERING_MS: Final = 1_000
#: Later than any time.
NEVER: Final = 2**63 - 1


def calm_until(plan: Plan, state: ExecutionState, now: int) -> int:
    """Return until when the clock alone changes nothing for the trade, ms of ``now``; ``now`` = look again."""
    entering = _entering(plan, state)
    return min(_trade_due_at(plan, state, now), now + (_LOOK_AGAIN_ENTERING_MS if entering else _LOOK_AGAIN_MS))


def due_at(state: ExecutionState, now: int) -> int:
    """Return when the clock alone changes something of the account, ms of ``now``; NEVER if it does not.

    ``now``: something is on its way, so that every step has to be looked at.
    """
    moving = state.steps_due or state.closed or state.funding or state.transfers or state.strays or state.flattening
    uneven = any(position.apart_since or position.foreign for position in state.positions.values())
    thawing = any(freeze.reason in THAWING for freeze in state.frozen.values())
    voidable = any(
        plan.intent.void_at and _entering(plan, state) for plan in state.plans.values()
    )  # any minute's prices may void it
    if moving or uneven or thawing or voidable:
        return now
    return min([_trade_due_at(plan, state, now) for plan in state.plans.values()], default=NEVER)


def _trade_due_at(plan: Plan, state: ExecutionState, now: int) -> int:
    """When a rule of time falls due for the trade, ms of ``now``; ``now``: it is not at rest."""
    # Where a moved stop may stand depends on the liquidation price.
    moving = plan.exit_wanted or plan.unwanted or plan.cut or plan.moved_to is not None
    if moving or plan.state not in ("open", "entering") or plan.symbol in state.frozen:
        return now
    if plan.state == "open" and not any(order.resting for order in plan.of(state.orders, "stop")):
        return now
    if any(_restless(order) for order in plan.of(state.orders)):
        return now
    until = [plan.intent.close_by] if plan.intent.close_by else []
    until += plan.retry_at.values()
    if _entering(plan, state):
        if plan.voided:
            return now
        until += [plan.intent.valid_until, plan.intent.rests_until]
    return min([each for each in until if each >= now], default=NEVER)


def _entering(plan: Plan, state: ExecutionState) -> bool:
    """An entry of it is not over."""
    return not all(order.over for order in plan.of(state.orders, "entry"))


def _restless(order: LiveOrder) -> bool:
    doing = order.cancelling or order.querying or order.check or (order.triggered_at and not order.over)
    closing = order.purpose == "close" and not order.over
    return bool(order.unsettled or doing or order.executed < order.filled or closing)
