"""What the end of a request means for its order and its trade: a table of the codes that call for more than a repeat.

Pure.
"""

from __future__ import annotations

from typing import Final, Literal

from services.execution.alerts import alert
from services.execution.freezing import price_passed, unprotectable
from services.execution.inputs import Answer
from services.execution.news import NewsReader
from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.plan import Plan
from services.execution.requests import Effects, QueryAccount
from services.execution.settings import LONGEST_PAUSE_MS, ExecutionSettings
from services.execution.state import ExecutionState, Halt
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.timeframes import MINUTE
from shared.exchange.error_codes import ErrorCode

#: What a refused exit calls for.
Remedy = Literal[
    "close",  # the price has passed it: what it was for is done at the market
    "ask",  # the exchange holds something else than we think: ask for the account
    "retry",  # try again after a pause
]
#: Codes of exits whose refusal is not answered by a repeat alone.
REMEDIES: Final[dict[int, Remedy]] = {
    ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER: "close",
    ErrorCode.REDUCE_ONLY_REJECT: "ask",
    ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED: "ask",
}
#: Refusals of a rung after which the trade goes on without it.
_RUNG_ATTEMPTS: Final = 3


class AnswerReader:
    """Applies answers. ``validity_ms``: how long the exchange takes a signed request."""

    def __init__(
        self,
        state: ExecutionState,
        registry: OrderRegistry,
        news: NewsReader,
        settings: ExecutionSettings,
        validity_ms: int,
    ) -> None:
        self._state = state
        self._registry = registry
        self._news = news
        self._settings = settings
        self._validity_ms = validity_ms

    def take(self, answer: Answer, now: int, effects: Effects) -> LiveOrder | None:
        """Apply one answer. Returns the order that it is about; None if that is not remembered."""
        order = self._state.orders.get(answer.client_id)
        if order is None:
            return None
        if answer.action == "halt" and answer.result == "refused":
            self._halt(answer, now, effects)
        if answer.kind == "place":
            self._placed(order, answer, now, effects)
        elif answer.kind == "cancel":
            self._cancelled(order, answer, now, effects)
        else:
            self._queried(order, answer, now, effects)
        return order

    def _placed(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        if answer.result == "done":
            self._apply_orders(order, answer, now, effects)
            plan = self._news.plan_of(order)
            if plan is not None:
                plan.refusals.pop(order.purpose, None)
        elif answer.result == "stands" and answer.order is not None:
            self._stands(order, answer, now, effects)
        elif answer.result == "unknown" or answer.code == ErrorCode.DUPLICATED_CLIENT_ORDER_ID:
            order.move("IN_DOUBT", now)
        elif order.resting:
            order.check = True  # the exchange has shown it: this answer is of another attempt, or wrong
        elif not order.over and order.end("REJECTED", now, answer.code, answer.message):
            self._news.ended(order, effects)
            self._not_taken(order, answer, now, effects)

    def _cancelled(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        if answer.result == "done":
            self._apply_orders(order, answer, now, effects)
            if answer.order is None and order.end("CANCELED", now):
                self._news.ended(order, effects)
        elif answer.result in ("refused", "absent") and not order.over:
            order.cancelling = False
            order.check = True  # it may have filled or triggered a moment before: ask

    def _queried(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        order.querying = False
        if answer.result == "done":
            order.absent = order.queries = 0
            order.unlisted.clear()
            self._apply_orders(order, answer, now, effects)
            if order.in_doubt:
                order.move("NEW", now)  # it is there, and its child has not said more yet
        elif answer.result == "absent":
            self._absent(order, answer, now, effects)
        elif not order.over:
            order.check = True

    def _absent(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        """The exchange knows no such order. That counts when the request can no longer arrive, and twice for one it knew."""
        if order.over:
            return
        if answer.asked_at > order.known_until(self._validity_ms) + self._settings.doubt_margin_ms:
            order.absent += 1
        if order.absent < (1 if order.in_doubt else 2):
            order.check = True
        elif order.end("LOST", now, ErrorCode.NO_SUCH_ORDER, "the exchange knows no such order"):
            self._news.ended(order, effects)

    def _apply_orders(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        for stated in (answer.order, answer.child):
            if stated is not None:
                if order.book == "algo" and stated.book == "plain":
                    self._registry.link(order, stated)
                self._news.order(stated, None, now, effects)
        if answer.kind == "place" and answer.order is None and order.in_doubt and order.move("NEW", now):
            order.updated_at = now

    def _stands(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        """An order that closes the position on this side stands already: from here on the trade follows that one."""
        standing, plan = answer.order, self._news.plan_of(order)
        assert standing is not None, "the caller has looked"
        if order.over or not order.end(
            "REJECTED", now, ErrorCode.CLOSE_POSITION_ORDER_EXISTS, f"{standing.client_id} stands"
        ):
            return
        self._news.ended(order, effects)
        known = self._registry.find(standing)
        if known is not None:
            if plan is not None and known.intent_id != plan.id and not known.done:
                plan.note(known)
                self._state.strays.pop(known.client_id, None)
            self._news.order(standing, None, now, effects)
            return
        if plan is None:
            return
        self._news.adopt(standing, plan, now)
        text = (
            f"{plan.symbol}: {order.request.type} at {order.trigger} not placed: {standing.client_id} at {standing.trigger} "
            "stands there already, and is kept"
        )
        effects.tell([alert("critical", f"stands.{standing.client_id}", text, now)])

    def _halt(self, answer: Answer, now: int, effects: Effects) -> None:
        halted = self._state.halted
        why = f"{answer.sentence or answer.message} ({answer.code} {answer.message})"
        if halted is not None and halted.code:
            if halted.code != answer.code and _new_minute(self._state, answer.code, now):
                text = f"{why}; entries are halted already ({halted.why}). Mend both: stops may be refused too"
                effects.tell([alert("critical", f"halt.{answer.code}", shorten(text, TEXT_LENGTH), now)])
            return
        # Where a person had halted entries, people learn that more is the matter: a refused key places no stop either.
        self._state.halted = Halt(code=answer.code, why=why, since=now if halted is None else halted.since)
        effects.tell([alert("critical", f"halt.{answer.code}.{now}", f"entries are halted: {why}", now)])

    def _not_taken(self, order: LiveOrder, answer: Answer, now: int, effects: Effects) -> None:
        plan = self._news.plan_of(order)
        if plan is None or not plan.live or order.purpose == "entry":
            return
        settings, purpose = self._settings, order.purpose
        refusals = plan.refusals[purpose] = plan.refusals.get(purpose, 0) + 1
        plan.retry_at[purpose] = now + min(settings.retry_ms * 2 ** min(refusals - 1, 8), LONGEST_PAUSE_MS)
        remedy = REMEDIES.get(answer.code, "retry")
        if answer.result == "stands" or remedy == "ask":
            effects.ask(QueryAccount())
        if answer.result != "refused" or answer.action == "retry":
            return
        at = order.trigger or "the market"
        text = f"{plan.symbol}: the {purpose} at {at} was refused: {answer.code} {answer.message}"
        effects.tell([alert("warning", f"refused.{order.client_id}", text, now)])
        if purpose == "target":
            self._rung_refused(order, plan, remedy, now, effects)
        elif purpose in ("stop", "bridge") and remedy == "close":
            price_passed(self._state, plan, now, effects)
        elif purpose == "stop" and remedy == "retry" and refusals > self._settings.stop_retries:
            unprotectable(self._state, plan, f"the exchange takes no stop there (code {answer.code})", now, effects)

    def _rung_refused(self, order: LiveOrder, plan: Plan, remedy: Remedy, now: int, effects: Effects) -> None:
        attempts = [each for each in plan.of(self._state.orders, "target") if each.rung == order.rung]
        if remedy == "close":
            plan.given_up.add(order.rung)
            plan.passed.add(order.rung)
            plan.cut += order.request.quantity or 0
            plan.retry_at[order.purpose] = now
        elif sum(each.status == "REJECTED" and each.reject_code != 0 for each in attempts) >= _RUNG_ATTEMPTS:
            plan.given_up.add(order.rung)
            text = f"{plan.symbol}: rung {order.rung} of the exits is given up; the stop stays, the trade goes on without it"
            effects.tell([alert("warning", f"target_lost.{plan.id}.{order.rung}", text, now)])


def _new_minute(state: ExecutionState, code: int, now: int) -> bool:
    """True once a minute for each code: every stop that is tried again is refused again."""
    minute, key = now // MINUTE, f"halt.{code}"
    if state.alerted.get(key) == minute:
        return False
    state.alerted[key] = minute
    return True
