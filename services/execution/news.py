"""Applies the exchange's news: orders and fills go to their trade; strangers are named, not adopted silently (EXEC-4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from services.execution.alerts import alert
from services.execution.leading import is_at_work
from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry, possible_parents, purpose_of
from services.execution.plans.plan import TRANSITIONS, Plan, PlanEvent
from services.execution.plans.rebuilt import forgotten
from services.execution.positions import LegPosition
from services.execution.requests import Effects
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, Halt, leg_key, remember
from services.execution.telling import domain_fill, fill_id, order_event
from shared.domain.client_ids import of_another_deployment, origin_of
from shared.domain.orders import Fill, Origin
from shared.exchange.model.orders import CONDITIONAL, ExchangeOrder
from shared.exchange.model.user_events import Executed

_ZERO: Final = Decimal(0)


class NewsReader:
    """Applies news to the state, and tells each change once."""

    def __init__(
        self, state: ExecutionState, registry: OrderRegistry, sender: Sender, settings: ExecutionSettings, lineage: str
    ) -> None:
        self._state = state
        self._registry = registry
        self._sender = sender
        self._settings = settings
        self._lineage = lineage

    def plan_of(self, order: LiveOrder) -> Plan | None:
        """Return the trade of an order of ours, also one that is over; None if it is not remembered."""
        live = self._state.plans.get(leg_key(order.request.symbol, order.request.position_side))
        if live is not None and live.id == order.intent_id:
            return live
        return self._state.past.get(order.intent_id)

    def order(self, stated: ExchangeOrder, fill: Executed | None, now: int, effects: Effects) -> LiveOrder | None:
        """Apply the state of an order, with the fill that caused it. Returns it if it is ours."""
        order = self._registry.find(stated)
        if order is None and self._perhaps_a_child(stated, now, effects):
            return None
        origin = "ours" if order is not None else origin_of(stated.client_id, self._lineage)
        if order is None and origin == "ours" and (fill is not None or not stated.over):
            order = self._registry.adopt(stated, purpose_of(stated), "", now)
        if order is None:
            self._stranger(stated, origin, now, effects)
            booked = self._others_fill(fill, stated, origin) if fill is not None else None
            effects.tell([order_event(stated, None, origin, booked)])
            return None
        before = order.trigger
        changed = self._registry.apply(order, stated, now)
        booked = self._our_fill(fill, stated, order, now, effects) if fill is not None else None
        if changed or booked is not None:
            effects.tell([order_event(stated, order, "ours", booked)])
        self._after(order, before, now, effects)
        return order

    def execution(self, stated: ExchangeOrder, fill: Executed, now: int, effects: Effects) -> None:
        """Book a fill that was asked for; one that is known changes nothing. ``stated``: what is known of its order."""
        if fill_id(stated.symbol, fill.trade_id) not in self._state.fills_known:
            self.order(stated, fill, now, effects)

    def ended(self, order: LiveOrder, effects: Effects) -> None:
        """Tell that an order of ours ended without a state of it: it was not taken, not sent, or cancelled."""
        effects.tell([order_event(None, order, "ours", None)])

    def adopt(self, stated: ExchangeOrder, plan: Plan, now: int) -> LiveOrder:
        """Take a stop that closes the whole position, whoever placed it, as the trade's one stop.

        One that lies farther away than the plan's, when no stop of the trade has stood that it could be instead of, is no
        stop that a person moved: it is kept, and the trade's own stands beside it.
        """
        stood = any(_has_stood(each) for each in plan.of(self._state.orders, "stop") if each.client_id not in plan.kept)
        adopted = self._registry.adopt(stated, "stop", plan.id, now)
        plan.note(adopted)
        if adopted.trigger is not None and not stood and plan.sign * (adopted.trigger - plan.stop) < 0:
            plan.kept.append(adopted.client_id)
        elif adopted.trigger is not None and adopted.trigger != plan.stop:
            plan.moved_to = adopted.trigger
        return adopted

    def put_aside(self, plan: Plan, now: int) -> None:
        """End a trade that holds nothing, so that another one has its leg; its orders that live are ended as strays."""
        events: tuple[PlanEvent, ...] = ("entry_failed", "flat", "settled")
        for event in events:
            if event in TRANSITIONS[plan.state]:
                plan.move(event)
        for order in plan.of(self._state.orders):
            if not order.over:
                self._state.strays.setdefault(order.client_id, now)
        self._state.past[plan.id] = plan
        if plan.state == "closed":
            self._state.closed.append(plan.report(self._state.orders))

    # -- ours ---------------------------------------------------------------------------------------------------------

    def _after(self, order: LiveOrder, before: Decimal | None, now: int, effects: Effects) -> None:
        """What follows from an order's new state: a moved stop, a trade that lives again, an order that nobody tends."""
        state, plan = self._state, self.plan_of(order)
        key = leg_key(order.request.symbol, order.request.position_side)
        if plan is not None and order.purpose == "stop" and order.resting and before not in (None, order.trigger):
            plan.kept = [each for each in plan.kept if each != order.client_id]
            plan.moved_to = order.trigger
        if plan is not None and not plan.live and key not in state.plans and plan.remaining(state.orders) > 0:
            state.plans[key] = state.past.pop(plan.id)
            text = f"{plan.symbol}: order {order.client_id} of trade {plan.id} has filled late; the trade is taken up again"
            effects.tell([alert("critical", f"revived.{order.client_id}.{now}", text, now)])
        elif plan is None or not (plan.live or order.over):
            state.strays.setdefault(order.client_id, now)

    def _our_fill(self, fill: Executed, stated: ExchangeOrder, order: LiveOrder, now: int, effects: Effects) -> Fill | None:
        booked = domain_fill(fill, stated, order, self._state.fee_prices)
        if not remember(self._state.fills_known, booked.id, self._settings.fills_remembered):
            return None
        known = fill.time <= self._traded_in(stated, fill).accounted_until
        if known and order.executed >= order.filled:
            return None
        order.executed += fill.quantity
        plan = self.plan_of(order)
        if plan is not None:
            if not _after_its_end(plan, order, fill):
                plan.book(booked, order.purpose, "ours")
            self._close_beside(plan, order)
            busy = self._state.plans.get(leg_key(stated.symbol, stated.position_side))
            if busy is not None and busy is not plan and order.purpose == "entry":
                plan.taken += fill.quantity
                self._join(busy, booked, order, now, effects)
        else:
            self._unplanned(order, booked, now, effects)
        return booked

    def _close_beside(self, plan: Plan, order: LiveOrder) -> None:
        """An order that closes the whole position closes what others hold beside our trade, too."""
        position = self._state.leg(plan.symbol, plan.intent.leg)
        beside = max(_ZERO, plan.sign * position.foreign)
        beyond = min(beside, -plan.net(self._state.orders)) if order.request.close_position else _ZERO
        if beyond > 0:
            position.foreign -= plan.sign * beyond
            plan.taken -= beyond

    def _unplanned(self, order: LiveOrder, fill: Fill, now: int, effects: Effects) -> None:
        """A fill under an id of ours, of a trade that is forgotten: it is always ours."""
        state, key = self._state, leg_key(fill.symbol, order.request.position_side)
        live = state.plans.get(key)
        past = (each for each in state.past.values() if leg_key(each.symbol, each.intent.leg) == key)
        if fill.time <= max((each.rebuilt_at for each in (live, *past) if each is not None), default=0):
            return  # it was in the position that a trade was rebuilt from, which may be over by now
        if live is None and order.purpose == "entry":
            plan = state.plans[key] = forgotten(order, fill.price, fill.time, now)
            plan.book(fill, "entry", "ours")
            text = f"{fill.symbol}: order {order.client_id} of ours filled after it was forgotten; it is closed"
            effects.tell([alert("critical", f"late_fill.{order.client_id}", text, now)])
        elif live is not None and order.purpose != "entry" and fill.side == live.exit_side:
            live.note(order)
            live.book(fill, order.purpose, "ours")
        elif live is not None:
            self._join(live, fill, order, now, effects)
        else:
            signed = fill.quantity if fill.side == "BUY" else -fill.quantity
            position = state.leg(fill.symbol, order.request.position_side)
            rest = position.take(signed)
            position.foreign += rest

    def _join(self, live: Plan, fill: Fill, order: LiveOrder, now: int, effects: Effects) -> None:
        """An entry of an older trade filled under another one: what it added is taken off again, what it took is gone."""
        if fill.side == live.intent.side:
            live.taken -= fill.quantity
            live.cut += fill.quantity
        else:
            part = min(fill.quantity, live.remaining(self._state.orders))
            live.taken += part
            if part < fill.quantity:  # what is held now is of the other side: it is this order's
                self.put_aside(live, now)
                plan = self._state.plans[leg_key(fill.symbol, live.intent.leg)] = forgotten(
                    order, fill.price, fill.time, now
                )
                plan.taken = part
                plan.book(fill, "entry", "ours")
        text = f"{fill.symbol}: order {order.client_id} of an older trade filled under trade {live.id}; it is evened out"
        effects.tell([alert("critical", f"late_fill.{fill.id}", text, now)])

    def _perhaps_a_child(self, stated: ExchangeOrder, now: int, effects: Effects) -> bool:
        """It may be what a conditional order of ours became, whose link has not come: ask, do not guess."""
        plan = self._state.plans.get(leg_key(stated.symbol, stated.position_side))
        if plan is None or stated.book != "plain" or stated.original_type not in CONDITIONAL:
            return False
        parents = possible_parents(plan.of(self._state.orders, "stop", "bridge", "target"), stated)
        for parent in parents:
            if not parent.querying or now - parent.query_at >= self._settings.query_ms:
                effects.ask(self._sender.query(parent, now))
        return bool(parents)

    # -- others -------------------------------------------------------------------------------------------------------

    def _others_fill(self, fill: Executed, stated: ExchangeOrder, origin: Origin) -> Fill | None:
        """Book a trade of others: first against what others hold, then against our trade, whose plan shrinks with it."""
        state = self._state
        booked = domain_fill(fill, stated, None, state.fee_prices)
        if not remember(state.fills_known, booked.id, self._settings.fills_remembered):
            return None
        position, plan = self._traded_in(stated, fill), state.plans.get(leg_key(stated.symbol, stated.position_side))
        if fill.time <= max(position.accounted_until, plan.rebuilt_at if plan is not None else 0):
            return None  # it is in the position that was agreed on, or that the trade was rebuilt from
        rest = position.take(fill.quantity if stated.side == "BUY" else -fill.quantity)
        if plan is not None and stated.side == plan.exit_side and rest:
            taken = min(abs(rest), plan.remaining(state.orders))
            plan.taken += taken
            if fill.time < self._opened_at(plan):
                plan.taken_before += taken
            elif taken > 0:
                plan.book(msgspec.structs.replace(booked, quantity=taken), "", origin)
            rest += plan.sign * taken
        position.foreign += rest
        return booked

    def _opened_at(self, plan: Plan) -> int:
        """When a trade began to hold something; while no fill of its entry has come, when the exchange last changed that."""
        return plan.opened_at or max((each.updated_at for each in plan.of(self._state.orders, "entry")), default=0)

    def _traded_in(self, stated: ExchangeOrder, fill: Executed) -> LegPosition:
        position = self._state.leg(stated.symbol, stated.position_side)
        position.last_fill_at = max(position.last_fill_at, fill.time)
        return position

    def _stranger(self, stated: ExchangeOrder, origin: Origin, now: int, effects: Effects) -> None:
        state = self._state
        plan = state.plans.get(leg_key(stated.symbol, stated.position_side))
        if plan is not None and _closes_all(stated, plan) and not stated.over:
            self.adopt(stated, plan, now)
        if not remember(state.foreign, stated.client_id, self._settings.foreign_remembered):
            return
        if origin in ("guardian", "operator") and state.halted is None:
            why = f"an order of the {origin} was seen ({stated.symbol} {stated.client_id}): it had to act"
            state.halted = Halt(code=0, why=why, since=now)
            effects.tell([alert("critical", f"halt.{stated.client_id}", f"entries are halted: {why}; re-arm by hand", now)])
        elif of_another_deployment(stated.client_id, self._lineage) and is_at_work(stated, now):
            self._rival(stated, now, effects)
        elif origin == "foreign":
            text = f"{stated.symbol}: order {stated.client_id} is not ours; it is left alone"
            effects.tell([alert("warning", f"foreign.{stated.client_id}", text, now)])
        elif origin == "exchange":
            text = f"{stated.symbol}: the exchange closes the position itself (liquidation, deleveraging or delisting)"
            effects.tell([alert("critical", f"exchange.{stated.client_id}", text, now)])

    def _rival(self, stated: ExchangeOrder, now: int, effects: Effects) -> None:
        """Another deployment trades this account: one of the two must go, and a person says which."""
        why = f"another deployment sends orders to this account ({stated.symbol} {stated.client_id})"
        if self._state.halted is None:
            self._state.halted = Halt(code=0, why=why, since=now)
        text = f"entries are halted: {why}; end one of the two, then re-arm by hand"
        effects.tell([alert("critical", f"rival.{stated.client_id}", text, now)])


def _has_stood(order: LiveOrder) -> bool:
    """The exchange had accepted it."""
    return order.resting or order.status in ("CANCELED", "EXPIRED", "FILLED")


def _after_its_end(plan: Plan, order: LiveOrder, fill: Executed) -> bool:
    """The stop that a trade left to others closed what they held: that is not in the trade's result."""
    return plan.state == "closed" and order.request.close_position and fill.time > plan.closed_at


def _closes_all(stated: ExchangeOrder, plan: Plan) -> bool:
    """A stop that closes the whole position of the trade's leg."""
    return stated.book == "algo" and stated.type == "STOP_MARKET" and stated.close_position and stated.side == plan.exit_side
