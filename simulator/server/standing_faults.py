"""Applies the lasting faults to the exchange: its state is computed from all that are in force, whenever one comes or goes.

So several at once apply together, and end in any order.
"""

from __future__ import annotations

from simulator.core import interventions
from simulator.core.model.filters import Filters
from simulator.server.changed_instruments import changed_info
from simulator.server.rest.context import Context
from simulator.server.state_history import StateHistory


class StandingFaults:
    """Keeps the exchange as the lasting faults have it. Made before the first fault is set."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._info = context.session.info

    def apply(self) -> None:
        """Bring the exchange to what the faults in force say. Call it after one of them is set, lifted or over."""
        context, faults = self._context, self._context.faults
        context.skew = sum(each.fault.ms for each in faults.active("clock_skew"))
        self._keep_history([each.fault.ms for each in faults.active("stale_reads")])
        session = context.session
        session.info = changed_info(self._info, faults)
        for row in session.info["symbols"]:
            filters = Filters.of_exchange_info(row)
            if filters != session.core.filters(filters.symbol):
                interventions.set_filters(session.core, filters)
        hours = {each.fault.symbol: each.fault.hours for each in faults.active("funding_interval")}
        for symbol in session.market.symbols:
            session.market.set_funding_hours(symbol, hours.get(symbol))

    def _keep_history(self, lags: list[int]) -> None:
        session = self._context.session
        if not lags:
            session.history = None
        elif session.history is None:
            session.history = StateHistory(session.core, max(lags))
        else:
            session.history.longest = max(lags)
