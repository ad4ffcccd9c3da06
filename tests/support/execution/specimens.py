"""Execution as it must not be: each specimen brings one fault of the review back, and a checker must see it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from services.execution.core import ExecutionCore
from services.execution.inputs import Answer, Executions, News, Paid, Statement, Traded
from services.execution.plans import admission
from services.execution.plans.admission import EntryRefusal, Quote
from services.execution.requests import CancelOrder, Effects, PlaceOrder
from services.execution.state import ExecutionState, Freeze
from shared.approval.risk_orders import RiskOrderJudge
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.exchange.model.user_events import MarginCall, OrderUpdate


class HasNoClock(ExecutionCore):
    """Fault 1: the age of an intent is judged by its own close time."""

    def handle(self, taken: Any, now: int) -> Effects:
        return super().handle(taken, taken.close_time if isinstance(taken, VerdictBundle) else now)

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        order = self.state.orders[client_id]
        plan = self.state.plans[f"{order.request.symbol}:BOTH"]
        refused = super().confirm(client_id, quote, plan.intent.decided_at)
        return None if refused is not None and refused[0] in ("expired", "account_stale") else refused


class BelievesStatementsAtOnce(ExecutionCore):
    """Fault 2: two equal statements within a second are the truth, whatever the orders say."""

    def _wire(self, state: ExecutionState) -> None:
        super()._wire(state)
        hasty = self._settings.model_copy(update={"write_off_ms": 1_000, "write_off_statements": 1})
        self._reconciler._settings = hasty


class WaitsForStatements(ExecutionCore):
    """Fault 3: what is heard of orders is applied with the next statement."""

    def handle(self, taken: Any, now: int) -> Effects:
        held: list[News] = self.__dict__.setdefault("held", [])
        if isinstance(taken, News) and isinstance(taken.event, OrderUpdate):
            held.append(taken)
            return Effects()
        effects = super().handle(taken, now)
        while isinstance(taken, Statement) and held:
            more = super().handle(held.pop(0), now)
            effects.requests += more.requests
            effects.messages += more.messages
        return effects


class WaitsForAnswers(ExecutionCore):
    """Fault 5: news of an order wait until its request is answered."""

    def handle(self, taken: Any, now: int) -> Effects:
        held: list[News] = self.__dict__.setdefault("held", [])
        if isinstance(taken, News) and isinstance(taken.event, OrderUpdate):
            order = self.state.orders.get(taken.event.order.client_id)
            if order is not None and order.status == "SENT":
                held.append(taken)
                return Effects()
        effects = super().handle(taken, now)
        while isinstance(taken, Answer) and held:
            more = super().handle(held.pop(0), now)
            effects.requests += more.requests
            effects.messages += more.messages
        return effects


class SendsAgain(ExecutionCore):
    """Fault 7: an order whose outcome is not known is sent again under its id."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        if isinstance(taken, Answer) and taken.kind == "place" and taken.result == "unknown":
            order = self.state.orders[taken.client_id]
            order.status = "SENT"
            effects.requests.append(PlaceOrder(order.request))
        return effects

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        return None


class ForgetsItsDead(ExecutionCore):
    """Fault 8: a fill of an order whose trade is over is nobody's."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, News) and isinstance(taken.event, OrderUpdate) and taken.event.fill is not None:
            if self._dead(taken.event.order.client_id):
                return Effects()
        elif isinstance(taken, Executions):
            dead = {each.id for each in taken.orders if self._dead(each.client_id)}
            kept = tuple(each for each in taken.trades if each.order_id not in dead)
            taken = msgspec.structs.replace(taken, trades=kept, orders=())
        return super().handle(taken, now)

    def _dead(self, client_id: str) -> bool:
        order = self.state.orders.get(client_id)
        known = {plan.id for plan in self.state.plans.values()}
        return client_id.startswith("icte") and (order is None or order.intent_id not in known)


class AsksNoPrice(ExecutionCore):
    """Fault 10: neither the price at the moment of sending nor the risk after the fill is asked."""

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        refused = super().confirm(client_id, quote, now)
        return None if refused is not None and refused[0] not in admission.AT_ADMISSION else refused

    def handle(self, taken: Any, now: int) -> Effects:
        for plan in self.state.plans.values():
            plan.judged = True
        return super().handle(taken, now)


class TriesForEver(ExecutionCore):
    """Fault 11: a symbol that takes no stop is entered again and again."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        self.state.frozen = {each: why for each, why in self.state.frozen.items() if why.reason != "unprotectable"}
        return effects


class ClosesAgain(ExecutionCore):
    """A cut or close that was not answered within a second is taken as never arrived, and another one is sent."""

    def handle(self, taken: Any, now: int) -> Effects:
        for order in self.state.orders.values():
            if order.purpose == "close" and order.in_doubt and now - order.signed_at >= 1_000:
                order.end("LOST", now)
        return super().handle(taken, now)


class AsksForEver(ExecutionCore):
    """An order of which no query says anything is queried and nothing else: its symbol never thaws."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for order in self.state.orders.values():
            order.unlisted.clear()
        return effects


class DoesNotKnow4130(ExecutionCore):
    """Fault 12: that a stop stands already is a refusal like any other."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, Answer) and taken.result == "stands":
            taken = msgspec.structs.replace(taken, result="refused", order=None)
        return super().handle(taken, now)


class TakesAnySignature(ExecutionCore):
    """Fault 13: whatever is on the queue is sent."""

    def _wire(self, state: ExecutionState) -> None:
        super()._wire(state)
        self._entries._approved = lambda intent, signature: True


class FlattensForAnybody(ExecutionCore):
    """An order to close everything is obeyed whoever made it: what comes without a signature is given one."""

    def _wire(self, state: ExecutionState) -> None:
        super()._wire(state)
        self._risk_orders._judge = RiskOrderJudge(lambda order: True, timed=False)

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, VerdictBundle) and taken.order is not None:
            taken = msgspec.structs.replace(taken, order=msgspec.structs.replace(taken.order, signature="any"))
        elif isinstance(taken, RiskOrder):
            taken = msgspec.structs.replace(taken, signature="any")
        return super().handle(taken, now)


class FlattensAgain(ExecutionCore):
    """Each copy of an order is obeyed, also after everything was closed."""

    def handle(self, taken: Any, now: int) -> Effects:
        self.state.flattened.clear()
        return super().handle(taken, now)


class FreezesForGood(ExecutionCore):
    """Fault 16: a doubt of two seconds freezes a symbol until a person re-arms."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for symbol, why in self.state.frozen.items():
            if why.reason == "doubt":
                self.state.frozen[symbol] = Freeze(reason="unprotectable", since=why.since, text=why.text)
        return effects


class FundsOnlyTheLiving(ExecutionCore):
    """Fault 17: a payment that is told after the trade is over is lost from its result."""

    def handle(self, taken: Any, now: int) -> Effects:
        past, self.state.past = self.state.past, ({} if isinstance(taken, Paid) else self.state.past)
        effects = super().handle(taken, now)
        self.state.past = past
        return effects


class DeafToMarginCalls(ExecutionCore):
    """Fault 18: the exchange's warning is ignored."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, News) and isinstance(taken.event, MarginCall):
            return Effects()
        return super().handle(taken, now)


class TakesHedgeLegs(ExecutionCore):
    """Fault 18: a leg of hedge mode is entered like any position."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, VerdictBundle):
            replace = msgspec.structs.replace
            verdicts = tuple(
                replace(each, intent=replace(each.intent, leg="BOTH")) if each.intent is not None else each
                for each in taken.verdicts
            )
            taken = replace(taken, verdicts=verdicts)
        return super().handle(taken, now)


class LosesItsStops(ExecutionCore):
    """Invariant 4: every second stop is counted as sent and is not sent."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for request in list(effects.requests):
            if isinstance(request, PlaceOrder) and request.order.protects:
                order = self.state.orders[request.order.client_id]
                if order.purpose in ("stop", "close"):
                    order.status = "NEW"
                    effects.requests.remove(request)
        return effects


class Untidy(ExecutionCore):
    """Invariant 4: cancels are counted as sent and are not sent."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        effects.requests = [each for each in effects.requests if not isinstance(each, CancelOrder)]
        return effects


class ObeysTheBundle(ExecutionCore):
    """Silenced by a forgery: bundles up to the newest close that any bundle has named are dropped."""

    def handle(self, taken: Any, now: int) -> Effects:
        if isinstance(taken, VerdictBundle) and taken.close_time <= max(self.state.decided, default=0):
            return Effects()
        return super().handle(taken, now)


class TakesAnyStopForItsOwn(ExecutionCore):
    """A stop that stood before the trade's counts as that one, moved by a person."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for plan in self.state.plans.values():
            kept = [self.state.orders[each].trigger for each in plan.kept if each in self.state.orders]
            plan.moved_to = kept[0] if kept else plan.moved_to
            plan.kept.clear()
        return effects


class LeavesNoStop(ExecutionCore):
    """The stop ends with the trade, whatever others hold beside it."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for client_id in self.state.strays:
            order = self.state.orders.get(client_id)
            if order is not None and order.resting and not order.cancelling:
                effects.ask(self._sender.cancel(order, now))
        return effects


class RestsForEver(ExecutionCore):
    """What price has voided rests on until its time is over."""

    def handle(self, taken: Any, now: int) -> Effects:
        return Effects() if isinstance(taken, Traded) else super().handle(taken, now)


class SellsAll(ExecutionCore):
    """It closes all that is held, and not only what is ours."""

    def handle(self, taken: Any, now: int) -> Effects:
        effects = super().handle(taken, now)
        for at, request in enumerate(effects.requests):
            if isinstance(request, PlaceOrder) and request.order.type == "MARKET":
                held = abs(self.state.leg(request.order.symbol).stated)
                effects.requests[at] = PlaceOrder(msgspec.structs.replace(request.order, quantity=held or Decimal(1)))
        return effects
