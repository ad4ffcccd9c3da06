"""What a taker pays.

Without a quote: the last price, half the spread, slippage, and deeper layers for more than a layer holds. A layer holds
``participation`` of the volume of the symbol's last candle (endless when only trades are known). With a quote: the best
price for the size that is quoted, then deeper layers of that size; without sizes it costs the slippage and is endless. What
was taken since the candle or the quote counts: an order split in two pays what the whole would have paid. After
``max_layers`` the rest fills in one last layer, at its price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Final

from simulator.core.model.enums import Side
from simulator.core.model.orders import ZERO
from simulator.core.state.symbol_book import SymbolBook
from simulator.settings import SimulatorSettings

_BPS: Final = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Layer:
    """``quantity`` in base currency is had at ``price`` (USDT, on the tick grid)."""

    price: Decimal
    quantity: Decimal


def on_tick(price: Decimal, tick_size: Decimal, *, up: bool) -> Decimal:
    """The next price on the tick grid at or above (``up``) or below ``price``, at least one tick."""
    ticks = (price / tick_size).quantize(Decimal(1), rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return max(ticks, Decimal(1)) * tick_size


def worsened(price: Decimal, side: Side, bps: Decimal, tick_size: Decimal) -> Decimal:
    """``price`` moved against the taker by ``bps``, then to the grid, against the taker too."""
    buying = side == "BUY"
    factor = 1 + bps / _BPS if buying else 1 - bps / _BPS
    return on_tick(price * factor, tick_size, up=buying)


def capacity(volume: float, settings: SimulatorSettings, step_size: Decimal) -> Decimal:
    """What a candle of this volume leaves to us, on the step grid: one layer for takers, all there is for resting limits."""
    return on_step(Decimal(repr(volume)) * settings.participation, step_size)


def on_step(quantity: Decimal, step_size: Decimal) -> Decimal:
    """The largest quantity on the step grid that does not exceed ``quantity``."""
    return (quantity / step_size).quantize(Decimal(1), rounding=ROUND_DOWN) * step_size


def best_price(book: SymbolBook, side: Side, settings: SimulatorSettings) -> Decimal:
    """The best price of the other side: the quote's, else the last price and half the spread."""
    best = book.best(side)
    return best if best is not None else worsened(book.last_price, side, settings.half_spread_bps, book.filters.tick_size)


def layers(book: SymbolBook, side: Side, quantity: Decimal, base: Decimal, settings: SimulatorSettings) -> list[Layer]:
    """How ``quantity`` is had now, best price first; at ``base`` at best."""
    best = book.best(side)
    size: Decimal | None
    if best is None:
        size = None if book.volume is None else capacity(book.volume, settings, book.filters.step_size)
        first = settings.half_spread_bps + settings.slippage_bps
    else:
        base = max(best, base) if side == "BUY" else min(best, base)
        quoted = book.ask_quantity if side == "BUY" else book.bid_quantity
        size = None if quoted is None else on_step(quoted, book.filters.step_size)
        first = settings.slippage_bps if size is None else ZERO
    if size is None:
        return [Layer(worsened(base, side, first, book.filters.tick_size), quantity)]
    depth = int(book.taken_quantity // size) if size else settings.max_layers
    room = size * (depth + 1) - book.taken_quantity
    found: list[Layer] = []
    while quantity > 0:
        depth = min(depth, settings.max_layers)
        share = quantity if depth == settings.max_layers else min(quantity, room)
        found.append(Layer(worsened(base, side, first + depth * settings.layer_slippage_bps, book.filters.tick_size), share))
        quantity -= share
        depth, room = depth + 1, size
    return found


def average(found: list[Layer]) -> Decimal:
    """Mean price of the layers, USDT."""
    quantity = sum((layer.quantity for layer in found), ZERO)
    return sum((layer.price * layer.quantity for layer in found), ZERO) / quantity
