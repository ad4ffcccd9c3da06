"""Applies the lasting faults to the exchange: its state is computed from all that are in force, whenever one comes or goes.

So several at once apply together, and end in any order.
"""

from __future__ import annotations

from simulator.server.rest.context import Context
from simulator.server.state_history import StateHistory


def apply_standing(context: Context) -> None:
    """Bring the exchange to what the faults in force say. Call it after each of them is set, lifted or over."""
    faults, session = context.faults, context.session
    context.skew = sum(each.fault.ms for each in faults.active("clock_skew"))
    lags = [each.fault.ms for each in faults.active("stale_reads")]
    if not lags:
        session.history = None
    elif session.history is None:
        session.history = StateHistory(session.core, max(lags))
    else:
        session.history.longest = max(lags)
