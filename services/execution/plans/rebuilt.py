"""Makes a trade of what is held: everything but the exchange's own books was lost, or others hold it. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from shared.domain.ids import derive
from shared.domain.intents import ExitRung, OrderIntent
from shared.domain.order_words import PositionSide, Side
from shared.exchange.model.orders import ExchangeOrder

_ZERO: Final = Decimal(0)
#: Exits of a trade whose ladder is not remembered lie out of reach: it rides until its stop.
_FAR: Final = Decimal(100)


def rebuilt(stop: ExchangeOrder, position: LegPosition, registry: OrderRegistry, as_of: int, now: int) -> Plan:
    """Return the trade that a stop of ours protects: all that is held in its leg, until that stop. Its ladder is lost.

    as_of: when the position was asked for (exchange ms); fills until then are in it.
    """
    side: Side = "BUY" if position.stated > 0 else "SELL"
    price = position.entry or stop.trigger
    intent = _intent(f"rebuilt-{stop.client_id}", stop, side, abs(position.stated), price)
    plan = Plan(intent=intent, stop=stop.trigger, state="protecting", rebuilt_at=as_of, naked_since=now)
    plan.given_up.add(1)
    _entered(plan, f"{stop.client_id[:30]}-in", price, registry, stop.updated_at, now)
    return plan


def forgotten(entry: LiveOrder, price: Decimal, time: int, now: int) -> Plan:
    """Return the trade of an entry of ours that filled after it was forgotten: nothing is known of it, so it is closed."""
    request = entry.request
    intent = _intent_of(
        f"forgotten-{entry.client_id}",
        request.symbol,
        request.position_side,
        request.side,
        entry.done,
        price,
        time,
    )
    plan = Plan(intent=intent, stop=intent.stop, state="protecting", exit_wanted="flatten", naked_since=now)
    plan.unwanted = plan.judged = True
    plan.given_up.add(1)
    plan.note(entry)
    return plan


def taken_over(position: LegPosition, command: str, registry: OrderRegistry, now: int) -> Plan:
    """Return a trade that closes what others hold in a leg, because ``command`` says so. It holds just that, no more."""
    side: Side = "BUY" if position.foreign > 0 else "SELL"
    price = position.entry or position.mark or Decimal(1)
    identity = derive("taken over", command, position.key, now)
    as_of = max(position.stated_at, position.last_fill_at)
    intent = _intent_of(f"taken-{identity}", position.symbol, position.leg, side, abs(position.foreign), price, as_of)
    plan = Plan(intent=intent, stop=intent.stop, state="protecting", exit_wanted="command", naked_since=now)
    plan.unwanted, plan.rebuilt_at = True, as_of
    plan.given_up.add(1)
    _entered(plan, f"taken-{identity}", price, registry, as_of, now)
    return plan


def _entered(plan: Plan, client_id: str, price: Decimal, registry: OrderRegistry, at: int, now: int) -> None:
    """Note an entry that has filled ``at`` (ms); it stands for the orders that are no longer known."""
    intent, quantity = plan.intent, plan.intent.quantity
    entry = registry.adopt(
        ExchangeOrder(
            symbol=intent.symbol,
            id=0,
            client_id=client_id,
            book="plain",
            side=intent.side,
            type="MARKET",
            status="FILLED",
            quantity=quantity,
            executed=quantity,
            updated_at=at,
            average_price=price,
            position_side=intent.leg,
        ),
        "entry",
        plan.id,
        now,
    )
    entry.executed = quantity
    plan.note(entry)
    plan.opened_at = at
    plan.entry_value, plan.entry_executed = price * quantity, quantity
    plan.judged = True


def _intent(identity: str, stop: ExchangeOrder, side: Side, quantity: Decimal, price: Decimal) -> OrderIntent:
    return _intent_of(identity, stop.symbol, stop.position_side, side, quantity, price, stop.updated_at, stop.trigger)


def _intent_of(
    identity: str,
    symbol: str,
    leg: PositionSide,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    time: int,
    trigger: Decimal = _ZERO,
) -> OrderIntent:
    """An intent that says what is known. The stop may lie beyond the entry price, where it was moved into profit."""
    far = price * _FAR if side == "BUY" else price / _FAR
    near = price / _FAR if side == "BUY" else price * _FAR
    behind = trigger if trigger and (trigger < price if side == "BUY" else trigger > price) else near
    return OrderIntent(
        id=identity,
        signal_id="",
        symbol=symbol,
        leg=leg,
        side=side,
        quantity=quantity,
        price=price,
        bound=price,
        stop=behind,
        exits=(ExitRung(price=far),),
        close_time=time,
        decided_at=time,
        valid_until=time,
        risk_amount=_ZERO,
        risk_budget=_ZERO,
    )
