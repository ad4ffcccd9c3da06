"""Ends living orders of ours that no trade tends any more: of a trade that is over, or that is forgotten. Pure.

One stays: the stop that closes the whole position, while others hold something beside a trade that is over (EXEC-4).
"""

from __future__ import annotations

from services.execution.alerts import alert
from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.plan import Plan
from services.execution.requests import Effects
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, leg_key
from services.execution.tending import Tender


class Strays:
    """Looks after ``state.strays``."""

    def __init__(
        self,
        state: ExecutionState,
        registry: OrderRegistry,
        settings: ExecutionSettings,
        sender: Sender,
        tender: Tender,
    ) -> None:
        self._state = state
        self._registry = registry
        self._settings = settings
        self._sender = sender
        self._tender = tender

    def inherit(self, plan: Plan, now: int, effects: Effects) -> None:
        """Look after what a trade leaves that is over, and say what becomes of what others hold beside it."""
        state, symbol = self._state, plan.symbol
        living = [order for order in plan.of(state.orders) if not order.over]
        for order in living:
            if order.client_id in plan.kept:  # it is a stranger's again
                plan.orders["stop"].remove(order.client_id)
                self._registry.forget(order)
            else:
                state.strays.setdefault(order.client_id, now)
        beside = plan.sign * state.leg(symbol, plan.intent.leg).foreign
        if plan.state != "closed" or beside <= 0 or any(order.client_id in plan.kept for order in living):
            return
        stop = next((order for order in living if order.purpose == "stop"), None)
        if stop is None:
            text = f"{symbol}: trade {plan.id} is over; the {beside} that others hold there has no stop of ours any more"
            effects.tell([alert("critical", f"bare.{plan.id}.{now}", text, now)])
        else:
            text = f"{symbol}: trade {plan.id} is over; its stop at {stop.trigger} stays for the {beside} that others hold"
            effects.tell([alert("warning", f"left.{stop.client_id}", text, now)])

    def tend(self, now: int, effects: Effects) -> None:
        """Cancel those that live until they are over; forget those that nothing is remembered of."""
        state = self._state
        for client_id, since in list(state.strays.items()):
            order = state.orders.get(client_id)
            if order is None or self._has_a_trade(order) or (order.over and order.intent_id):
                del state.strays[client_id]
            elif not order.over:
                if not self._may_protect(order, since, now):
                    for request in self._sender.end([order], now):
                        effects.ask(request)
                self._tender.query_doubts([order], now, effects)
            elif now - order.ended_at > self._settings.write_off_ms:
                del state.strays[client_id]
                self._registry.forget(order)

    def _has_a_trade(self, order: LiveOrder) -> bool:
        live = self._state.plans.get(leg_key(order.request.symbol, order.request.position_side))
        return live is not None and live.id == order.intent_id

    def _may_protect(self, order: LiveOrder, since: int, now: int) -> bool:
        """It stays: the stop of what others hold; an exit of a trade that is not remembered, while something may be held.

        Statements lag behind.
        """
        foreign = self._state.leg(order.request.symbol, order.request.position_side).foreign
        theirs = foreign > 0 if order.request.side == "SELL" else foreign < 0
        if theirs and order.purpose == "stop" and order.request.close_position:
            return True
        if order.intent_id or order.purpose not in ("stop", "bridge", "target"):
            return False
        position = self._state.leg(order.request.symbol, order.request.position_side)
        stated_since = position.stated_at > since + self._settings.hold_ms
        flat_for_long = position.stated == 0 and now - since > self._settings.write_off_ms and stated_since
        wrong_side = (position.stated < 0) if order.request.side == "SELL" else (position.stated > 0)
        return not (flat_for_long or wrong_side)
