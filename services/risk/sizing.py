"""How much: fixed fractional risk by the distance to the stop, under margin caps (RISK-1).

Prices go to the tick grid first and the size is counted from the rounded ones, so the amount risked is exact. The stop is
rounded *away* from the entry: it never ends up inside the place that the strategy wanted behind it, and the slightly larger
distance makes the size smaller, never the risk larger. Entry and target go to the nearest tick. Fees and slippage come on
top of the amount risked; they are not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import Final

from services.risk.settings import RiskSettings
from shared.domain.decisions import Signal
from shared.domain.instruments import Instrument

#: Divisions round towards zero, so that no cap is exceeded by even the last digit.
_DOWN: Final = Context(prec=50, rounding=ROUND_DOWN)

CAPPED_BY_POSITION: Final = "capped by position margin"
CAPPED_BY_SYMBOL: Final = "capped by symbol margin"
TOO_CLOSE: Final = "stop or target is within one tick of the entry"
UNDER_MINIMUM: Final = "size is under the exchange's minimum"


@dataclass(frozen=True, slots=True)
class Size:
    """Prices in USDT on the tick grid, quantity in base currency on the step grid; 0 = it cannot be traded (see notes)."""

    quantity: Decimal
    entry: Decimal
    stop: Decimal
    target: Decimal
    risk_amount: Decimal
    notes: tuple[str, ...]


def size(
    signal: Signal,
    instrument: Instrument,
    equity: Decimal,
    symbol_notional: Decimal,
    settings: RiskSettings,
    leverage: int,
) -> Size:
    """Size a trade. ``symbol_notional``: what the symbol already holds, including orders in flight, USDT."""
    with localcontext(_DOWN):
        entry, target = instrument.price(signal.entry), instrument.price(signal.target)
        stop = instrument.stop(signal.stop, signal.side)
        below, above = (stop, target) if signal.side == "BUY" else (target, stop)
        if not 0 < below < entry < above:
            return Size(Decimal(0), entry, stop, target, Decimal(0), (TOO_CLOSE,))
        distance = abs(entry - stop)
        equity = max(equity, Decimal(0))
        quantity = settings.risk_per_trade * equity / distance
        notes: list[str] = []
        for cap, taken, note in (
            (settings.position_margin_cap, Decimal(0), CAPPED_BY_POSITION),
            (settings.symbol_margin_cap, symbol_notional, CAPPED_BY_SYMBOL),
        ):
            room = (cap * equity * leverage - taken) / entry
            if quantity > room:
                quantity = room
                notes.append(note)
        quantity = instrument.quantity(max(quantity, Decimal(0)))
        if quantity <= 0 or quantity < instrument.min_quantity or quantity * entry < instrument.min_notional:
            return Size(Decimal(0), entry, stop, target, Decimal(0), (*notes, UNDER_MINIMUM))
        return Size(quantity, entry, stop, target, quantity * distance, tuple(notes))
