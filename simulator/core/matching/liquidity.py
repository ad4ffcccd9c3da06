"""Computes the prices that a taker pays, as layers of limited quantity, each worse than the one before.

Without a quote, the first layer costs the last price, half the spread and slippage. A layer holds ``participation`` of the
volume of the symbol's last candle (unlimited if only trades are known). With a quote, the first layer costs the best
price and every layer holds the quoted size; if the quote has no sizes, one unlimited layer costs the best price and
slippage. Quantity taken since the last candle or quote counts, so an order split in two pays as much as in one piece.
After ``max_layers`` the remainder fills in one last layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Final

from shared.domain.order_words import Side
from simulator.core.model.orders import ZERO
from simulator.core.state.symbol_book import SymbolBook
from simulator.settings import SimulatorSettings

_BPS: Final = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Layer:
    """Liquidity at one price: ``quantity`` in base currency at ``price`` in USDT, a multiple of the tick."""

    price: Decimal
    quantity: Decimal


def on_tick(price: Decimal, tick_size: Decimal, *, up: bool) -> Decimal:
    """Round a price to the tick, up or down; at least one tick."""
    ticks = (price / tick_size).quantize(Decimal(1), rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return max(ticks, Decimal(1)) * tick_size


def worsened(price: Decimal, side: Side, bps: Decimal, tick_size: Decimal) -> Decimal:
    """Make a price worse for the taker by ``bps`` (1/10,000), then round it to the tick, again against the taker."""
    buying = side == "BUY"
    factor = 1 + bps / _BPS if buying else 1 - bps / _BPS
    return on_tick(price * factor, tick_size, up=buying)


def capacity(volume: float, settings: SimulatorSettings, step_size: Decimal) -> Decimal:
    """Return our share of a candle's volume, base currency, rounded down to the step.

    It is the size of one layer for takers, and the most that all resting limits together fill in the candle.
    """
    return on_step(Decimal(repr(volume)) * settings.participation, step_size)


def on_step(quantity: Decimal, step_size: Decimal) -> Decimal:
    """Round a quantity down to the step."""
    return (quantity / step_size).quantize(Decimal(1), rounding=ROUND_DOWN) * step_size


def best_price(book: SymbolBook, side: Side, settings: SimulatorSettings) -> Decimal:
    """Return the best price for a taker of this side: the quote's, without a quote the last price and half the spread."""
    best = book.best(side)
    return best if best is not None else worsened(book.last_price, side, settings.half_spread_bps, book.filters.tick_size)


def layers(book: SymbolBook, side: Side, quantity: Decimal, base: Decimal, settings: SimulatorSettings) -> list[Layer]:
    """Return the layers that fill ``quantity`` now, best price first. No price is better than ``base`` (USDT)."""
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
    """Return the quantity-weighted mean price of the layers, USDT. There must be at least one."""
    quantity = sum((layer.quantity for layer in found), ZERO)
    return sum((layer.price * layer.quantity for layer in found), ZERO) / quantity
