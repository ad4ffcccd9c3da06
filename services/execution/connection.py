"""What a process that begins, wakes or hears the exchange again knows of its trades, and what it asks first. Pure."""

from __future__ import annotations

from services.execution.inputs import Connected
from services.execution.requests import Effects, QueryAccount
from services.execution.state import ExecutionState


def connect(state: ExecutionState, connected: Connected, now: int, effects: Effects) -> None:
    """Take up what a start, a standstill or a lost stream left in the dark: doubts, naked times, the account (EXEC-2)."""
    if connected.started or connected.woken:
        for plan in state.plans.values():
            # Nobody could place a stop meanwhile: that comes before closing. A process that stands still again and
            # again is given that once in one nakedness; one that begins does not know yet whether a stop stands.
            if plan.naked_since and (connected.started or plan.naked_since != plan.renewed_at):
                plan.naked_since = now
                plan.renewed_at = now if connected.woken else 0
    if connected.started:
        state.started_at, state.leaving, state.leaving_flat = now, False, False
        for plan in state.plans.values():
            for order in plan.of(state.orders):
                if order.unsettled:  # its request, or the note of it, may have been lost with the process
                    order.signed_at = now if order.status == "WAITING" else order.signed_at
                    order.move("IN_DOUBT", now)
                order.cancelling = order.querying = False
    if connected.open and (connected.started or connected.woken or not state.connected):
        effects.ask(QueryAccount())
    state.connected = connected.open
