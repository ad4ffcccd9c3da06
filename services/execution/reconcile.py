"""Statements and executions by query against what is known: they reconcile, and never override an order's own word (EXEC-4).

The exchange is the truth for quantities. What differs is first asked about; it counts only after a time by the clock and
several statements that were asked for after the last fill, because statements may lag behind the order news. What was
lost in a crash is rebuilt from the exchange: orders of ours are recognised by their ids.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution import transfers
from services.execution.alerts import alert
from services.execution.inputs import Executions, Moved, Paid, Statement
from services.execution.news import NewsReader
from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.ladder import rung_at
from services.execution.plans.plan import Plan
from services.execution.plans.rebuilt import rebuilt
from services.execution.positions import LegPosition
from services.execution.requests import Effects, QueryExecutions
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, leg_key, remember
from shared.domain.account import FundingPayment
from shared.domain.client_ids import origin_of
from shared.domain.order_words import PositionSide, Side
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AccountUpdate, Executed

_ZERO: Final = Decimal(0)
#: Executions are asked for from a little before the last agreement on: our reading of the exchange's clock may be fast.
_OVERLAP_MS: Final = 5_000
#: How far before a position's last change they are asked for when nothing is remembered.
_LOOK_BACK_MS: Final = 3_600_000
#: Times ``write_off_ms`` after which the exchange's statements count although no question for executions was answered.
_UNANSWERED: Final = 6


class Reconciler:
    """Applies statements, executions and fundings to the state."""

    def __init__(
        self,
        state: ExecutionState,
        registry: OrderRegistry,
        news: NewsReader,
        settings: ExecutionSettings,
        lineage: str,
    ) -> None:
        self._state = state
        self._registry = registry
        self._news = news
        self._settings = settings
        self._lineage = lineage

    def statement(self, stated: Statement, now: int, effects: Effects) -> bool:
        """Apply a statement of the whole account, and ask about what it does not explain; False if it is an older one."""
        state = self._state
        if stated.asked_at < state.stated_at:
            return False
        state.wallet, state.equity, state.stated_at = stated.wallet, stated.equity, stated.asked_at
        state.transfers_from = state.transfers_from or stated.asked_at
        state.fee_prices |= stated.fee_prices
        named = {leg_key(each.symbol, each.side): each for each in stated.legs}
        for each in stated.legs:
            state.leg(each.symbol, each.side)
        for key, position in state.positions.items():
            position.state(named.get(key), stated.asked_at)
        if stated.names_orders:
            self._orders(stated, now, effects)
        for position in list(state.positions.values()):
            self.compare(position, now, effects, statement_asked_at=stated.asked_at)
            if not position.apart_since:
                position.accounted_until = max(position.accounted_until, stated.asked_at - _OVERLAP_MS)
        apart = any(position.apart_since for position in state.positions.values())
        if not apart and not any(plan.missing_fills(state.orders) for plan in state.plans.values()):
            state.agreed_at = max(state.agreed_at, stated.asked_at - _OVERLAP_MS)
        return True

    def account(self, event: AccountUpdate, now: int, effects: Effects) -> None:
        """Apply what the user stream says of wallet and positions."""
        for change in event.wallets:
            if change.asset == "USDT" and event.time >= self._state.stated_at:
                self._state.wallet = change.wallet
            if change.asset == "USDT" and event.reason in transfers.TRANSFERS and change.change:
                transfers.streamed(self._state, change, event.time)
        for each in event.positions:
            position = self._state.leg(each.symbol, each.side)
            position.change(each, event.time)
            self.compare(position, now, effects)

    def executions(self, stated: Executions, now: int, effects: Effects) -> None:
        """Book executions that were asked for; those that are known change nothing."""
        by_id = {order.id: order for order in stated.orders}
        for key in self._state.legs(stated.symbol):
            if key in self._state.positions:
                self._state.positions[key].answered_at = max(self._state.positions[key].answered_at, stated.asked_at)
        for order in stated.orders:
            self._news.order(order, None, now, effects)
        for trade in stated.trades:
            owner = self._registry.of_order_id(stated.symbol, trade.order_id)
            known = by_id.get(trade.order_id)
            of = _order_of(owner, known, trade.order_id, stated.symbol, trade.side, trade.position_side, trade.time)
            fill = Executed(
                trade_id=trade.id, quantity=trade.quantity, price=trade.price, commission=trade.commission,
                commission_asset=trade.commission_asset, realized=trade.realized, maker=trade.maker, time=trade.time,
            )  # fmt: skip
            self._news.execution(of, fill, now, effects)

    def income(self, stated: Paid | Moved) -> None:
        """Book what the income history tells, each row once."""
        if isinstance(stated, Moved):
            transfers.listed(self._state, stated)
        else:
            self._paid(stated)

    def _paid(self, stated: Paid) -> None:
        """Book funding payments, each once: to the trade that is held in the symbol, and for the next statement."""
        for payment in stated.payments:
            identity = payment.id or f"{payment.symbol}:{payment.time}"
            if not remember(self._state.paid, f"funding:{identity}", self._settings.fills_remembered):
                continue
            self._state.funding.append(payment)
            plan = self._plan_of(payment)
            if plan is not None:
                plan.fund(payment.amount)
            if plan is not None and not plan.live:  # reported again: this one replaces the earlier one
                self._state.closed.append(plan.report(self._state.orders))

    def _plan_of(self, payment: FundingPayment) -> Plan | None:
        """The trade that was held when a payment was due; it may have ended since."""
        live = self._state.plans.get(leg_key(payment.symbol, "BOTH"))
        if live is not None and live.opened_at and payment.time >= live.opened_at:
            return live
        past = (plan for plan in reversed(self._state.past.values()) if plan.symbol == payment.symbol)
        return next((each for each in past if 0 < each.opened_at <= payment.time <= each.closed_at), None)

    def compare(self, position: LegPosition, now: int, effects: Effects, *, statement_asked_at: int = 0) -> None:
        """Compare a leg with our trade in it; ask for executions that may explain a difference, in the end believe it."""
        plan, settings = self._state.plans.get(leg_key(position.symbol, position.leg)), self._settings
        if plan is not None and position.foreign * plan.sign < 0:
            self._even_out(position, plan)
        if plan is not None and plan.taken_before:
            self._give_back(position, plan)
        if position.compare(self._own_quantity(plan), now, statement_asked_at=statement_asked_at):
            return
        for_ms = now - position.apart_since
        if for_ms >= settings.hold_ms and now - position.asked_at >= settings.query_every_ms:
            position.asked_at = now
            agreed = self._state.agreed_at
            since = agreed - _OVERLAP_MS if agreed else (position.changed_at or position.stated_at) - _LOOK_BACK_MS
            effects.ask(QueryExecutions(position.symbol, max(0, since)))
        answered = position.answered_at >= position.apart_since or for_ms >= _UNANSWERED * settings.write_off_ms
        stated = position.apart_statements >= settings.write_off_statements
        believed = answered and stated and for_ms >= settings.write_off_ms
        if believed and not (plan is not None and any(order.unsettled for order in plan.of(self._state.orders))):
            self._believe(position, plan, now, effects)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _own_quantity(self, plan: Plan | None) -> Decimal:
        return plan.sign * plan.net(self._state.orders) if plan is not None else _ZERO

    def _even_out(self, position: LegPosition, plan: Plan) -> None:
        """One leg holds one side: what others hold against our trade has closed a part of it.

        They held it before our trade opened, as far as is known here; perhaps it was gone by then.
        """
        part = min(abs(position.foreign), plan.remaining(self._state.orders))
        plan.taken += part
        plan.taken_before += part
        position.foreign += plan.sign * part

    def _give_back(self, position: LegPosition, plan: Plan) -> None:
        """A trade holds all that it opened, so what others traded before was in the position that it came upon."""
        if plan.sign * (position.stated - position.foreign - self._own_quantity(plan)) == plan.taken_before:
            plan.give_back()

    def _believe(self, position: LegPosition, plan: Plan | None, now: int, effects: Effects) -> None:
        """The exchange's statement counts: what our trade no longer holds is written off, the rest belongs to others."""
        apart = position.stated - position.foreign - self._own_quantity(plan)
        text = f"{position.symbol}: the exchange states {position.stated}, and no execution explains {apart:+} of it"
        against = position.take(apart)  # first what others held
        if plan is not None and against * plan.sign < 0:
            gone = min(abs(against), plan.remaining(self._state.orders))
            plan.write_off(gone, now)
            against += plan.sign * gone
            text += f"; {gone} of trade {plan.id} is written off, and its result is incomplete"
        elif against:
            against -= self._unwritten(position, plan, against)
        position.foreign += against
        effects.tell([alert("critical", f"unexplained.{position.symbol}.{now}", text, now)])
        position.compare(self._own_quantity(self._state.plans.get(leg_key(position.symbol, position.leg))), now)

    def _unwritten(self, position: LegPosition, live: Plan | None, apart: Decimal) -> Decimal:
        """Give back to a trade what was written off of it and is stated again; returns how much of ``apart`` that is."""
        state = self._state
        past = (each for each in reversed(state.past.values()) if leg_key(each.symbol, each.intent.leg) == position.key)
        plan = live if live is not None else next((each for each in past if each.written and each.sign * apart > 0), None)
        if plan is None or not plan.written or plan.sign * apart < 0:
            return _ZERO
        back = min(plan.written, abs(apart))
        plan.unwrite(back)
        if live is None:
            state.plans[position.key] = state.past.pop(plan.id)
        return plan.sign * back

    def _orders(self, stated: Statement, now: int, effects: Effects) -> None:
        """Open orders by query: ours as they are now, strangers, and ours that it does not show."""
        listed = set[str]()
        for each in stated.orders:
            order = self._registry.find(each)
            if order is not None and order.over and stated.asked_at <= order.ended_at:
                continue  # it ended since
            unknown = order is None and origin_of(each.client_id, self._lineage) == "ours"
            order = self._news.order(each, None, now, effects) or self._registry.find(each)
            if order is not None and (unknown or not order.intent_id) and not order.over:
                self._found(order, each, stated.asked_at, now, effects)
            if order is not None:
                listed.add(order.client_id)
                order.absent = 0
                order.unlisted.clear()
        for order in self._tended():
            if stated.listed is not None and order.request.symbol not in stated.listed:
                continue  # its open orders could not be read: that says nothing
            if order.client_id in listed or not (order.resting or order.in_doubt):
                continue
            order.not_listed(stated.asked_at, self._settings.write_off_statements)
            late = stated.asked_at > max(order.updated_at, order.signed_at) + self._settings.hold_ms
            if order.resting and late and not order.querying:
                order.check = True

    def _tended(self) -> list[LiveOrder]:
        """The orders of the trades that live, and those that no trade tends any more."""
        state = self._state
        strays = (state.orders[client_id] for client_id in state.strays if client_id in state.orders)
        tended = [*(order for plan in state.plans.values() for order in plan.of(state.orders)), *strays]
        return list({order.client_id: order for order in tended}.values())

    def _found(self, order: LiveOrder, stated: ExchangeOrder, as_of: int, now: int, effects: Effects) -> None:
        """An order of ours that is not remembered: part of the trade in its leg, rebuilt if need be, else an orphan."""
        state, key = self._state, leg_key(stated.symbol, stated.position_side)
        plan, position = state.plans.get(key), state.leg(stated.symbol, stated.position_side)
        reduces = position.stated > 0 if stated.side == "SELL" else position.stated < 0
        if plan is None and reduces and order.purpose in ("stop", "bridge"):
            plan = state.plans[key] = rebuilt(stated, position, self._registry, as_of, now)
            position.foreign = _ZERO
            text = f"{stated.symbol}: the trade of {position.stated} is taken up again from its stop at {stated.trigger}"
            effects.tell([alert("warning", f"rebuilt.{stated.client_id}", text, now)])
        if plan is None or order.purpose == "entry" or stated.side != plan.exit_side:
            return  # nobody tends it: it is ended
        state.strays.pop(order.client_id, None)
        plan.note(order)
        if order.purpose == "stop" and order.trigger != plan.stop:
            plan.moved_to = order.trigger
        elif order.purpose == "target":
            order.rung = rung_at(plan, stated.trigger, None)
        if plan.rebuilt_at:
            plan.taken -= order.done  # the position that the trade was rebuilt from had lost it already


def _order_of(
    owner: LiveOrder | None,
    known: ExchangeOrder | None,
    order_id: int,
    symbol: str,
    side: Side,
    leg: PositionSide,
    time: int,
) -> ExchangeOrder:
    """As much as is known of the order that an execution belongs to. Its status is left as it is."""
    if known is not None:
        return known
    request = owner.request if owner is not None else None
    return ExchangeOrder(
        symbol=symbol,
        id=order_id,
        client_id=owner.client_id if owner is not None else f"order-{order_id}",
        book="plain",
        side=side,
        type="MARKET",
        status="NEW",
        quantity=(request.quantity or _ZERO) if request is not None else _ZERO,
        executed=_ZERO,
        updated_at=time,
        position_side=leg,
    )
