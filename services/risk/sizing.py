"""How much: fixed fractional risk by what the stop costs, fees and slippage included, under margin caps (RISK-1).

Prices go to the tick grid first and the size is counted from the rounded ones, so that what is risked is exact. The stop is
rounded *away* from the entry: it never ends up inside the place that the strategy wanted behind it, and the slightly larger
distance makes the size smaller, never the risk larger. Entry, exits and the price that voids a limit entry go to the
nearest tick, the bound to the tick nearer to the price. The size is such that a trade that fills at its bound and leaves at
its stop, with a taker's fee both ways, loses at most the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from itertools import pairwise
from typing import Final

from services.risk.settings import RiskSettings
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.instruments import Instrument
from shared.domain.intents import ExitRung

#: Divisions round towards zero, so that no cap is exceeded by even the last digit.
_DOWN: Final = Context(prec=50, rounding=ROUND_DOWN)
#: Most of the way to the stop, and to the first exit, that slippage at the entry may take.
_LARGEST_PART: Final = Decimal("0.25")

CAPPED_BY_POSITION: Final = "capped by position margin"
CAPPED_BY_SYMBOL: Final = "capped by symbol margin"
CAPPED_BY_FIRST_TRADES: Final = "capped by the first trades of the account in mode live"
TOO_CLOSE: Final = "stop, entry and exits are not at least one tick apart"
UNDER_MINIMUM: Final = "size is under the exchange's minimum"


@dataclass(frozen=True, slots=True)
class Size:
    """Prices in USDT on the tick grid, quantity in base currency on the step grid; 0 = it cannot be traded (see notes).

    bound: the worst price at which it may fill. risk_amount: loss at the stop before costs, risk_budget: the most that it
    may lose there with costs, both USDT. void_at: price at which a limit entry is void; 0 = none.
    """

    quantity: Decimal
    price: Decimal
    bound: Decimal
    stop: Decimal
    exits: tuple[ExitRung, ...]
    risk_amount: Decimal
    risk_budget: Decimal
    notes: tuple[str, ...]
    void_at: Decimal = Decimal(0)


def size(
    signal: Signal,
    instrument: Instrument,
    equity: Decimal,
    symbol_notional: Decimal,
    settings: RiskSettings,
    leverage: int,
    part: Decimal = Decimal(1),
    entry_cap: Decimal | None = None,
) -> Size:
    """Size a trade. ``symbol_notional``: what the symbol already holds, including orders in flight, USDT.

    part: of ``risk_per_trade`` that is risked, 0 to 1. entry_cap: the largest entry that execution takes now, USDT at its
    bound, unless the exchange's smallest order is larger; None = any.
    """
    with localcontext(_DOWN):
        equity = max(equity, Decimal(0))
        budget = settings.risk_per_trade * part * equity
        price, stop = instrument.price(signal.entry.price), instrument.stop(signal.stop, signal.side)
        exits = _rungs(signal.exits, instrument)
        bound = _bound(signal, instrument, price, stop, exits, settings)
        void_at = _void_at(signal, instrument, price)

        def sized(quantity: Decimal, *notes: str) -> Size:
            return Size(quantity, price, bound, stop, exits, quantity * abs(price - stop), budget, notes, void_at)

        if not _apart(signal, price, stop, exits):
            return sized(Decimal(0), TOO_CLOSE)
        quantity = budget / _loss_of_one(price, bound, stop, settings)
        notes: list[str] = []
        for cap, taken, note in (
            (settings.position_margin_cap, Decimal(0), CAPPED_BY_POSITION),
            (settings.symbol_margin_cap, symbol_notional, CAPPED_BY_SYMBOL),
        ):
            room = (cap * equity * leverage - taken) / max(price, bound)
            if quantity > room:
                quantity = room
                notes.append(note)
        if entry_cap is not None and quantity * bound > entry_cap:
            least = instrument.covering(instrument.min_notional / min(price, bound))
            quantity = min(quantity, max(entry_cap / bound, least))
            notes.append(CAPPED_BY_FIRST_TRADES)
        quantity = instrument.quantity(max(quantity, Decimal(0)))
        if quantity <= 0 or quantity < instrument.min_quantity or quantity * min(price, bound) < instrument.min_notional:
            return sized(Decimal(0), *notes, UNDER_MINIMUM)
        return sized(quantity, *notes)


def costs(size: Size, settings: RiskSettings, funding: Decimal = Decimal(0)) -> Decimal:
    """What fees and expected slippage of both ways cost, as a fraction of the distance to the stop (R).

    funding: that is paid too, fraction of the notional; what is received makes nothing cheaper.
    """
    traded = (settings.taker_fee + settings.expected_slippage) * (size.price + size.stop)
    return (traded + max(funding, Decimal(0)) * size.price) / abs(size.price - size.stop)


def _rungs(exits: Sequence[Exit], instrument: Instrument) -> tuple[ExitRung, ...]:
    """The ladder on the tick grid. What doubles add to its shares beyond the whole is taken from its last rungs."""
    rungs, left = [], Decimal(1)
    for each in exits:
        share = min(Decimal(repr(each.share)), left)
        if share > 0:
            rungs.append(ExitRung(price=instrument.price(each.price), share=share))
        left -= share
    return tuple(rungs)


def _bound(
    signal: Signal,
    instrument: Instrument,
    price: Decimal,
    stop: Decimal,
    exits: Sequence[ExitRung],
    settings: RiskSettings,
) -> Decimal:
    """The worst price at which the entry may fill, rounded towards ``price``. A limit order fills at its own or better."""
    if not isinstance(signal.entry, MarketEntry):
        return price
    slippage = min(
        settings.max_slippage * price,
        _LARGEST_PART * abs(price - stop),
        _LARGEST_PART * abs(exits[0].price - price),
    )
    slippage = slippage // instrument.tick_size * instrument.tick_size
    return price + slippage if signal.side == "BUY" else price - slippage


def _void_at(signal: Signal, instrument: Instrument, price: Decimal) -> Decimal:
    """Where a limit entry is void, on the nearest tick, as exits are; at least a tick beyond the entry. 0 = nowhere."""
    if not isinstance(signal.entry, LimitEntry) or signal.entry.void_at is None:
        return Decimal(0)
    void_at, tick = instrument.price(signal.entry.void_at), instrument.tick_size
    return max(void_at, price + tick) if signal.side == "BUY" else min(void_at, price - tick)


def _apart(signal: Signal, price: Decimal, stop: Decimal, exits: Sequence[ExitRung]) -> bool:
    """Stop, entry and exits lie in this order (mirrored for a sell), at least a tick apart and above zero."""
    sign = 1 if signal.side == "BUY" else -1
    prices = [stop, price, *(each.price for each in exits)]
    return min(prices) > 0 and all(sign * one < sign * other for one, other in pairwise(prices))


def _loss_of_one(price: Decimal, bound: Decimal, stop: Decimal, settings: RiskSettings) -> Decimal:
    """What one unit loses that fills at its bound and leaves at its stop, USDT."""
    return abs(price - stop) + abs(bound - price) + settings.taker_fee * (bound + stop)
