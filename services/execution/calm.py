"""Says until when a trade may be passed over: for it, only the clock could change something, and that not before then. Pure.

Ticks, and statements that say nothing of orders, pass it over. Everything else looks at the trades that it may concern.
"""

from __future__ import annotations

from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.plans.plan import Plan
from services.execution.state import ExecutionState

#: A calm trade is looked at this often all the same; while it is being entered, so often.
_LOOK_AGAIN_MS: Final = 300_000
_LOOK_AGAIN_ENTERING_MS: Final = 1_000


def calm_until(plan: Plan, state: ExecutionState, now: int) -> int:
    """Return until when the clock alone changes nothing for the trade, ms of ``now``; ``now`` = look again."""
    orders = plan.of(state.orders)
    stopped = plan.state == "open" and any(order.resting for order in plan.of(state.orders, "stop"))
    # Where a moved stop may stand depends on the liquidation price.
    moving = plan.exit_wanted or plan.unwanted or plan.cut or plan.moved_to is not None
    if not (stopped or plan.state == "entering") or moving or plan.symbol in state.frozen:
        return now
    if any(_restless(order) for order in orders):
        return now
    until = [now + _LOOK_AGAIN_MS]
    until += [plan.intent.close_by] if plan.intent.close_by else []
    until += plan.retry_at.values()
    if not all(order.over for order in plan.of(state.orders, "entry")):
        until += [plan.intent.valid_until, plan.intent.rests_until, now + _LOOK_AGAIN_ENTERING_MS]
    return min(each for each in until if each >= now)


def _restless(order: LiveOrder) -> bool:
    doing = order.cancelling or order.querying or order.check or (order.triggered_at and not order.over)
    closing = order.purpose == "close" and not order.over
    return bool(order.unsettled or doing or order.executed < order.filled or closing)
