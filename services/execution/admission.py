"""Which intents may become orders: the signature first, then what execution itself knows (invariant 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from services.execution.alerts import alert
from services.execution.state import ExecutionState
from shared.domain.approval import approved
from shared.domain.control import Alert, Severity
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, closed
from shared.domain.orders import OrderIntent

#: Why execution refuses an intent: closed vocabulary, the first that applies, in this order.
IntentRefusal = Literal[
    "bad_signature",  # the risk gate did not approve exactly this intent
    "repeated",  # the intent was taken before
    "expired",  # stale when it came
    "halted",  # stopped by command; re-armed by hand
    "symbol_frozen",  # our books and the exchange disagree there; re-armed by hand
    "unknown_symbol",  # no filters are known for the symbol
    "symbol_closed",  # the exchange, or a setting of the account there, permits no entry now
    "symbol_busy",  # a trade of ours lives in the symbol; its exits would close this one too
    "invalid_prices",  # off the grid, or stop and target not on their sides: entered, it could not be protected
]

_SAYING: Final[dict[IntentRefusal, tuple[Severity, str]]] = {
    "bad_signature": ("critical", "its signature is not the risk gate's; check who can write to the order topic"),
    "repeated": ("warning", "it was taken before"),
    "expired": ("warning", "it is stale"),
    "halted": ("warning", "execution is halted; re-arm by hand"),
    "symbol_frozen": ("warning", "the symbol is frozen; check the position at the exchange, then re-arm by hand"),
    "unknown_symbol": ("critical", "no filters are known for the symbol; add it to the instruments"),
    "symbol_closed": ("warning", "the symbol takes no entries now"),
    "symbol_busy": ("warning", "a trade lives in this symbol"),
    "invalid_prices": ("critical", "its prices or quantity are off the exchange's grid, or on the wrong sides"),
}


def refusal(
    intent: OrderIntent,
    signature: str,
    close_time: int,
    state: ExecutionState,
    instruments: Mapping[str, Instrument],
    approval_key: str,
) -> IntentRefusal | None:
    """Why the intent, delivered for the close at ``close_time`` (ms), may not be entered; None when it may."""
    instrument = instruments.get(intent.symbol)
    if not approved(intent, signature, approval_key):
        return "bad_signature"
    if intent.id in state.intents:
        return "repeated"
    if close_time > intent.expires_at:
        return "expired"
    if state.halted:
        return "halted"
    if intent.symbol in state.frozen:
        return "symbol_frozen"
    if instrument is None:
        return "unknown_symbol"
    if _closure(intent, close_time, state) is not None:
        return "symbol_closed"
    if intent.symbol in state.trades:
        return "symbol_busy"
    if not _tradable(intent, instrument):
        return "invalid_prices"
    return None


def refused(intent: OrderIntent, why: IntentRefusal, time: int, state: ExecutionState) -> Alert:
    """The alert of a refusal; that of a closed symbol says why it is closed."""
    severity, saying = _SAYING[why]
    if why == "symbol_closed" and (closure := _closure(intent, time, state)) is not None:
        saying = f"{saying}: {closure.text}"
    return alert(severity, f"refused.{why}.{intent.id}", f"{intent.symbol}: intent {intent.id} is not sent: {saying}", time)


def _closure(intent: OrderIntent, close_time: int, state: ExecutionState) -> Closure | None:
    return closed(state.closures, intent.symbol, max(close_time, state.stepped_until))


def _tradable(intent: OrderIntent, instrument: Instrument) -> bool:
    on_grid = all(price > 0 and price % instrument.tick_size == 0 for price in (intent.stop, intent.target))
    sized = intent.quantity >= instrument.min_quantity and intent.quantity % instrument.step_size == 0
    below, above = (intent.stop, intent.target) if intent.side == "BUY" else (intent.target, intent.stop)
    return on_grid and sized and below < above
