"""What the exchange's events mean: updates and fills go to the order they belong to, strangers are named, not adopted."""

from __future__ import annotations

from services.execution.alerts import alert
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, remember
from services.execution.trade import LiveTrade
from shared.domain.control import Alert
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequest
from shared.domain.orders import Fill, Order


def take(state: ExecutionState, events: ExchangeEvents, settings: ExecutionSettings) -> list[Alert]:
    """Enter orders, fills, funding and the account into the state."""
    if state.account is None or events.account.time >= state.account.time:
        state.account = events.account
    alerts: list[Alert] = []
    for order in events.orders:
        alerts += _order(state, order, events.time, settings)
    for fill in events.fills:
        alerts += _fill(state, fill, events.time, settings)
    for payment in events.funding:
        trade = state.trades.get(payment.symbol)
        if trade is not None:
            trade.fund(payment)
    return alerts


def answered(state: ExecutionState, requests: tuple[ExchangeRequest, ...]) -> None:
    """The exchange has answered these: what it did not mention is unknown, and cancels are no longer on their way."""
    for request in requests:
        symbol, client_id = (
            (request.symbol, request.client_id)
            if isinstance(request, CancelOrder)
            else (request.order.symbol, request.order.client_id)
        )
        trade = state.trades.get(symbol)
        order = trade.orders.get(client_id) if trade is not None else None
        if order is None:
            continue
        if isinstance(request, CancelOrder):
            order.cancelling = False
        elif order.status == "SENT":
            order.move("UNKNOWN")


def _order(state: ExecutionState, update: Order, time: int, settings: ExecutionSettings) -> list[Alert]:
    trade = state.trades.get(update.symbol)
    order = trade.orders.get(update.client_id) if trade is not None else None
    if order is None:
        if trade is not None and _liquidates(trade, update, settings):
            return []
        return _stranger(state, update.client_id, update.symbol, time, settings)
    cancel_answered = order.cancelling
    if not order.hear(update) or order.status != "REJECTED" or cancel_answered or order.kind not in ("stop", "close"):
        return []  # a refused entry or target is told with the trade's own step
    text = f"{update.symbol}: order {order.leg} was refused: {update.reject_code} {update.reject_reason}"
    return [alert("warning", f"rejected.{update.client_id}", text, time)]


def _fill(state: ExecutionState, fill: Fill, time: int, settings: ExecutionSettings) -> list[Alert]:
    trade = state.trades.get(fill.symbol)
    if trade is not None and (fill.client_id in trade.orders or _liquidates(trade, fill, settings)):
        if trade.fill(fill, settings.fills_remembered) and fill.client_id not in trade.orders:
            remember(state.gone, fill.client_id, settings.ids_remembered)
        return []
    return _stranger(state, fill.client_id, fill.symbol, time, settings)


def _liquidates(trade: LiveTrade, news: Order | Fill, settings: ExecutionSettings) -> bool:
    """The exchange itself reduces our position."""
    return news.client_id.startswith(settings.liquidation_prefixes) and news.side == trade.exit_side and trade.entered > 0


def _stranger(state: ExecutionState, client_id: str, symbol: str, time: int, settings: ExecutionSettings) -> list[Alert]:
    if client_id in state.gone or not remember(state.foreign, client_id, settings.foreign_remembered):
        return []
    text = f"{symbol}: order {client_id} is not ours; it is left alone"
    return [alert("warning", f"foreign.{client_id}", text, time)]
