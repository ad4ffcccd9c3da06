"""Takes a trade up again when everything but the exchange's own books was lost. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.oms.registry import OrderRegistry
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
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
    _entered(plan, f"{stop.client_id[:30]}-in", price, stop, registry, side, now)
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


def _entered(
    plan: Plan, client_id: str, price: Decimal, stop: ExchangeOrder, registry: OrderRegistry, side: Side, now: int
) -> None:
    """Note an entry that has filled: a placeholder for the orders that are no longer known."""
    quantity = plan.intent.quantity
    entry = registry.adopt(
        ExchangeOrder(
            symbol=stop.symbol,
            id=0,
            client_id=client_id,
            book="plain",
            side=side,
            type="MARKET",
            status="FILLED",
            quantity=quantity,
            executed=quantity,
            updated_at=stop.updated_at,
            average_price=price,
            position_side=stop.position_side,
        ),
        "entry",
        plan.id,
        now,
    )
    entry.executed = quantity
    plan.note(entry)
    plan.opened_at = stop.updated_at
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
