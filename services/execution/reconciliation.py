"""The exchange is the truth for quantities: what the account holds against what our trades say (EXEC-4, invariant 7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.execution.alerts import alert
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from services.execution.trade import LiveTrade
from shared.domain.control import Alert
from shared.exchange.error_codes import ErrorCode

#: Codes of a stop that came too late, because the market had passed its price, or that never arrived.
_OF_THIS_STOP_ALONE: Final = frozenset(
    {
        ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER,
        ErrorCode.STRATEGY_INVALID_TRIGGER_PRICE,
        ErrorCode.CANCEL_REJECTED,
        ErrorCode.NO_SUCH_ORDER,
    }
)


def freeze(state: ExecutionState, symbol: str, why: str, time: int) -> list[Alert]:
    """Take no further intent for the symbol until re-armed by hand; alerted once until then."""
    if symbol in state.frozen:
        return []
    state.frozen[symbol] = why
    return [
        alert("critical", f"frozen.{symbol}", f"{symbol} is frozen: {why}; check the exchange, then re-arm by hand", time)
    ]


def unprotectable(state: ExecutionState, trade: LiveTrade, time: int) -> list[Alert]:
    """Freeze the symbol of a trade whose stops the exchange refused: the next entry there would stand without one too.

    A stop that the price had passed already says nothing about the next trade, nor does one that was lost in silence.
    """
    codes = [order.reject_code for order in trade.of("stop") if order.reject_code]
    if not codes or codes[-1] in _OF_THIS_STOP_ALONE:
        return []
    return freeze(state, trade.symbol, f"the exchange takes no stop there (code {codes[-1]})", time)


def reconcile(state: ExecutionState, time: int, settings: ExecutionSettings) -> list[Alert]:
    """At a market step: compare every symbol of which nothing is in flight; freeze where the two differ.

    A position that the account no longer shows for ``steps_before_write_off`` steps in a row is believed to be gone: its
    trade ends as ``external`` and its exits are cancelled, so that none is left behind (invariant 4).
    """
    account = state.account
    held = {position.symbol: position.quantity for position in account.positions} if account is not None else {}
    alerts: list[Alert] = []
    for symbol in sorted(held.keys() | state.trades.keys()):
        trade = state.trades.get(symbol)
        if trade is not None and trade.in_flight:
            continue
        actual = held.get(symbol, Decimal(0))
        expected = trade.signed_position if trade is not None else Decimal(0)
        if actual != expected:
            alerts += freeze(state, symbol, f"the account holds {actual}, our trades say {expected}", time)
        if trade is not None:
            alerts += _flat(trade, actual, time, settings)
    return alerts


def _flat(trade: LiveTrade, actual: Decimal, time: int, settings: ExecutionSettings) -> list[Alert]:
    missing = trade.state == "closing" and any(order.executed < order.filled for order in trade.orders.values())
    if actual != 0 or not (trade.position > 0 or missing):
        trade.flat_steps = 0
        return []
    trade.flat_steps += 1
    if trade.flat_steps < settings.steps_before_write_off:
        return []
    trade.write_off(time)
    text = f"{trade.symbol}: the position is gone and fills are missing: the result of trade {trade.intent.id} is incomplete"
    return [alert("critical", f"unaccounted.{trade.intent.id}", text, time)]
