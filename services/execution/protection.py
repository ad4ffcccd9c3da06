"""Which orders a trade needs now: a stop and a target while it holds a position, none when it is flat (EXEC-3, invariant 4).

Exits are ``close_position`` orders: they close what is there when they trigger, so a partly filled entry is covered, and
what fills later too. A position for which the exchange takes no stop is closed at the market.
"""

from __future__ import annotations

from decimal import Decimal

from services.execution.oms import LiveOrder
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from services.execution.trade import LiveTrade, stop_pending
from shared.domain.exchange import CancelOrder, ExchangeRequest, PlaceOrder
from shared.domain.ids import client_order_id
from shared.domain.instruments import Instrument
from shared.domain.message import Symbol
from shared.domain.order_words import OrderType
from shared.domain.orders import Leg, Order


def unprotected(state: ExecutionState) -> list[Symbol]:
    """Symbols of ours with a position and without an accepted stop at the exchange (invariant 4).

    Between the fill of an entry and the answer to its stop a symbol is here of necessity; when no request is outstanding it
    may be here only after the exchange has refused both the stop and the closing, which is a critical alert.
    """
    return [trade.symbol for trade in state.trades.values() if trade.position > 0 and not trade.stop_accepted]


def enter(trade: LiveTrade) -> PlaceOrder:
    """The entry, at the market."""
    intent = trade.intent
    order = Order(
        client_id=client_order_id(intent.id, "entry"),
        symbol=intent.symbol,
        side=intent.side,
        type="MARKET",
        quantity=intent.quantity,
    )
    return _send(trade, order, "entry", "entry")


def due(
    trade: LiveTrade, now: int, settings: ExecutionSettings, instrument: Instrument | None = None
) -> list[ExchangeRequest]:
    """The requests that the trade's state calls for and that are not on their way; they count as sent from here on.

    ``now`` (ms, market time): after its intent has expired an entry is no longer wanted. ``instrument``: the filters as they
    are now; the exchange may have changed them since the intent was approved. None = the intent's prices as they are.
    """
    requests: list[ExchangeRequest] = []
    if trade.state in ("protecting", "open"):
        requests += _protect(trade, settings, instrument)
    elif trade.state == "closing":
        requests += _close(trade, settings, instrument)
    if now > trade.intent.expires_at:
        requests += [_cancel(order) for order in trade.of("entry") if _cancellable(order, settings)]
    for order in trade.orders.values():
        if order.status == "UNKNOWN" and not order.cancelling:
            requests += _ask(trade, order, now, settings)
    return requests


def exhausted(trade: LiveTrade, settings: ExecutionSettings) -> bool:
    """This market step's attempts are used up, and the trade is not where it should be."""
    limit = settings.attempts_per_step
    return any(
        not order.cancelling and (order.status == "UNKNOWN" or (order.resting and order.cancels >= limit))
        for order in trade.orders.values()
    ) or (
        trade.state == "closing"
        and trade.position > 0
        and _vain_closings(trade) >= limit
        and all(order.dead for order in trade.of("close"))
    )


def new_step(trade: LiveTrade) -> list[str]:
    """A market step has come: attempts count anew. Returns the client ids of dead orders that are forgotten with it."""
    for order in trade.orders.values():
        order.asks = order.cancels = 0
    if trade.stop_accepted:
        trade.stop_attempts = 0
    gone = [
        client_id for client_id, order in trade.orders.items() if order.kind != "entry" and order.dead and order.done == 0
    ]
    for client_id in gone:
        del trade.orders[client_id]
    return gone


def _protect(trade: LiveTrade, settings: ExecutionSettings, instrument: Instrument | None) -> list[ExchangeRequest]:
    requests: list[ExchangeRequest] = []
    if not trade.stop_accepted and not stop_pending(trade, settings.attempts_per_step):
        trade.stops += 1
        trade.stop_attempts += 1
        leg = _stop_leg(trade.stops)
        stop = trade.intent.stop if instrument is None else instrument.stop(trade.intent.stop, trade.intent.side)
        requests.append(_send(trade, _exit(trade, leg, "STOP_MARKET", stop), leg, "stop"))
    if not trade.target_sent:
        trade.target_sent = True
        target = trade.intent.target if instrument is None else instrument.price(trade.intent.target)
        requests.append(_send(trade, _exit(trade, "target", "TAKE_PROFIT_MARKET", target), "target", "target"))
    return requests


def _close(trade: LiveTrade, settings: ExecutionSettings, instrument: Instrument | None) -> list[ExchangeRequest]:
    """Stop what still enters, close what is held, then take away the exits: in this order nothing is naked for longer."""
    requests: list[ExchangeRequest] = [_cancel(order) for order in trade.of("entry") if _cancellable(order, settings)]
    if (
        trade.position > 0
        and _vain_closings(trade) < settings.attempts_per_step
        and all(order.dead for order in trade.of("close"))
    ):
        trade.closes += 1
        leg = f"close-{trade.closes}"
        requests.append(_send(trade, _market_close(trade, leg, instrument), leg, "close"))
    exits = [*trade.of("stop"), *trade.of("target")]
    if trade.position == 0:
        exits += trade.of("close")
    return requests + [_cancel(order) for order in exits if _cancellable(order, settings)]


def _vain_closings(trade: LiveTrade) -> int:
    """This market step's closing orders that came to nothing; one that filled in part is progress, and is followed up."""
    return sum(order.dead and order.done == 0 for order in trade.of("close"))


def _ask(trade: LiveTrade, order: LiveOrder, now: int, settings: ExecutionSettings) -> list[ExchangeRequest]:
    """The query of an unknown order. Placing it again tells what became of it, or places it if it never arrived; what is not
    wanted any more is asked for by its cancel, which can only tell or end it."""
    superseded = order.kind == "stop" and order.leg != _stop_leg(trade.stops)
    expired = order.kind == "entry" and now > trade.intent.expires_at
    if trade.state == "closing" or superseded or expired:
        return [_cancel(order)] if order.cancels < settings.attempts_per_step else []
    if order.asks >= settings.attempts_per_step:
        return []
    order.asks += 1
    order.move("SENT")
    return [PlaceOrder(order=order.order)]


def _stop_leg(number: int) -> str:
    return "stop" if number == 1 else f"stop-{number}"


def _cancellable(order: LiveOrder, settings: ExecutionSettings) -> bool:
    return order.resting and not order.cancelling and order.cancels < settings.attempts_per_step


def _cancel(order: LiveOrder) -> CancelOrder:
    order.cancelling = True
    order.cancels += 1
    return CancelOrder(symbol=order.order.symbol, client_id=order.order.client_id)


def _send(trade: LiveTrade, order: Order, leg: str, kind: Leg) -> PlaceOrder:
    trade.orders[order.client_id] = LiveOrder(order=order, leg=leg, kind=kind)
    return PlaceOrder(order=order)


def _exit(trade: LiveTrade, leg: str, kind: OrderType, trigger: Decimal) -> Order:
    return Order(
        client_id=client_order_id(trade.intent.id, leg),
        symbol=trade.symbol,
        side=trade.exit_side,
        type=kind,
        quantity=Decimal(0),  # the exchange refuses a quantity beside close_position (-4137)
        trigger=trigger,
        close_position=True,
    )


def _market_close(trade: LiveTrade, leg: str, instrument: Instrument | None) -> Order:
    """The order that closes what is held. A rest below the step is closed too: reduce-only sells no more than there is."""
    return Order(
        client_id=client_order_id(trade.intent.id, leg),
        symbol=trade.symbol,
        side=trade.exit_side,
        type="MARKET",
        quantity=trade.position if instrument is None else instrument.covering(trade.position),
        reduce_only=True,
    )
