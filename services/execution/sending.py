"""How orders of a trade are made: ids, shapes, and the note that they were sent (EXEC-2). Pure, on the state."""

from __future__ import annotations

from decimal import Decimal
from itertools import takewhile

from services.execution.oms.order import LiveOrder, Status
from services.execution.plans.plan import Plan
from services.execution.requests import CancelOrder, PlaceOrder, QueryOrder, Request
from services.execution.settings import LONGEST_PAUSE_MS, ExecutionSettings
from services.execution.state import ExecutionState
from shared.domain.client_ids import client_order_id
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent
from shared.domain.order_words import OrderType
from shared.domain.orders import OrderPurpose
from shared.exchange.model.orders import NewOrder


class Sender:
    """Makes the orders of one deployment. lineage: see ``shared.domain.client_ids``."""

    def __init__(self, state: ExecutionState, settings: ExecutionSettings, lineage: str) -> None:
        self._state = state
        self._settings = settings
        self._lineage = lineage

    def entry(self, plan: Plan) -> PlaceOrder:
        """Make the entry: IOC at the bound, or a limit order that rests. It waits until it is judged again and written."""
        intent = plan.intent
        order = NewOrder(
            client_id=self.entry_id(intent),
            symbol=intent.symbol,
            side=intent.side,
            type="LIMIT",
            quantity=intent.quantity,
            price=intent.bound if intent.kind == "market" else intent.price,
            time_in_force="IOC" if intent.kind == "market" else "GTC",
            position_side=intent.leg,
        )
        return self._note(plan, order, "entry", 0, status="WAITING", now=0)

    def entry_id(self, intent: OrderIntent) -> str:
        """The client id of an intent's entry."""
        return client_order_id("e", self._lineage, intent.id, "entry")

    def stop(self, plan: Plan, trigger: Decimal, now: int) -> PlaceOrder:
        """Make the leg's one stop: it closes whatever is held when it triggers."""
        return self._conditional(plan, "stop", "STOP_MARKET", trigger, None, now)

    def bridge(self, plan: Plan, trigger: Decimal, quantity: Decimal, now: int) -> PlaceOrder:
        """Make a stop by quantity, which protects while the leg's one stop is replaced."""
        return self._conditional(plan, "bridge", "STOP_MARKET", trigger, quantity, now)

    def target(self, plan: Plan, rung: int, trigger: Decimal, quantity: Decimal, now: int) -> PlaceOrder:
        """Make a rung of the exit ladder: conditional, by quantity, so that nothing reduce-only rests in the order book."""
        return self._conditional(plan, "target", "TAKE_PROFIT_MARKET", trigger, quantity, now, rung)

    def close(self, plan: Plan, quantity: Decimal, instrument: Instrument | None, now: int) -> PlaceOrder:
        """Make an order that takes ``quantity`` off at the market; it covers a rest below the step, and never opens."""
        order = NewOrder(
            client_id=self._next_id(plan, "close"),
            symbol=plan.symbol,
            side=plan.exit_side,
            type="MARKET",
            quantity=quantity if instrument is None else instrument.covering(quantity),
            reduce_only=plan.intent.leg == "BOTH",  # in hedge mode the leg says it
            position_side=plan.intent.leg,
        )
        return self._note(plan, order, "close", 0, status="SENT", now=now)

    def cancel(self, order: LiveOrder, now: int) -> CancelOrder:
        """Ask for an order's end."""
        order.cancelling, order.cancel_at, order.cancels = True, now, order.cancels + 1
        return CancelOrder(order.client_id, order.cancel_ref)

    def pending(self, order: LiveOrder, now: int) -> bool:
        """It was sent a moment ago and may yet be answered, or is a market order that is being worked."""
        if order.in_doubt:
            return now - order.signed_at < self._settings.overtake_ms
        return order.resting and order.purpose == "close" and now - order.signed_at < self._settings.naked_ms

    def busy(self, orders: list[LiveOrder], now: int) -> bool:
        """One of these is pending. Each of the last that are in doubt doubles the wait, up to the longest pause.

        Those that left together, as parts of one quantity, count once.
        """
        doubts = len({order.signed_at for order in takewhile(lambda order: order.in_doubt, reversed(orders))})
        if doubts > 1:
            first = self._settings.overtake_ms
            wait = max(first, min(first << min(doubts - 1, 8), LONGEST_PAUSE_MS))
            newest = max(order.signed_at for order in orders)
            return now - newest < wait
        return any(self.pending(order, now) for order in orders)

    def end(self, orders: list[LiveOrder], now: int) -> list[Request]:
        """Cancel those that live, and those of which it is not known; each again when a cancel did not end it in time."""
        settings, requests = self._settings, list[Request]()
        for order in orders:
            pause = settings.overtake_ms if order.cancelling else settings.retry_ms << min(order.cancels, 4)
            asked_lately = order.cancels > 0 and now - order.cancel_at < pause
            triggered_lately = order.triggered_at and now - order.triggered_at < settings.overtake_ms
            if order.over or order.status == "WAITING" or asked_lately or triggered_lately:
                continue
            if not (order.in_doubt and self.pending(order, now)):
                requests.append(self.cancel(order, now))
        return requests

    def query(self, order: LiveOrder, now: int) -> QueryOrder:
        """Ask how an order stands."""
        order.querying, order.query_at, order.queries, order.check = True, now, order.queries + 1, False
        return QueryOrder(order.client_id, order.ref)

    def _conditional(
        self,
        plan: Plan,
        purpose: OrderPurpose,
        kind: OrderType,
        trigger: Decimal,
        quantity: Decimal | None,
        now: int,
        rung: int = 0,
    ) -> PlaceOrder:
        order = NewOrder(
            client_id=self._next_id(plan, purpose),
            symbol=plan.symbol,
            side=plan.exit_side,
            type=kind,
            quantity=quantity,  # the exchange refuses a quantity beside close_position (-4137)
            trigger=trigger,
            close_position=quantity is None,
            reduce_only=quantity is not None and plan.intent.leg == "BOTH",
            position_side=plan.intent.leg,
        )
        return self._note(plan, order, purpose, rung, status="SENT", now=now)

    def _next_id(self, plan: Plan, purpose: OrderPurpose) -> str:
        # A process that has lost the end of its log counts from an older number: its own start keeps its ids apart.
        return client_order_id("e", self._lineage, plan.id, purpose, plan.next_number(purpose), self._state.started_at)

    def _note(
        self, plan: Plan, order: NewOrder, purpose: OrderPurpose, rung: int, *, status: Status, now: int
    ) -> PlaceOrder:
        live = self._state.orders[order.client_id] = LiveOrder(
            request=order,
            purpose=purpose,
            intent_id=plan.id,
            rung=rung,
            status=status,
            signed_at=now,
            trigger=order.trigger,
        )
        plan.note(live)
        for due in self._state.steps_due:
            if due.close_time == plan.intent.close_time:  # the report of a close waits for all that the close caused
                due.placed.append(order.client_id)
        return PlaceOrder(order)
