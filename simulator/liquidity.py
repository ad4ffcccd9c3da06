"""What a taker pays: the last price, half the spread, slippage, and deeper layers for more than a layer holds (BT-1).

A layer holds ``participation`` of the volume of the symbol's last candle. What was taken since that candle counts: an order
split in two pays what the whole would have paid. After ``max_layers`` the rest fills in one last layer, at its price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Final

from shared.domain.decisions import Side
from shared.domain.instruments import Instrument
from simulator.settings import SimulatorSettings

_BPS: Final = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Layer:
    """``quantity`` in base currency is had at ``price`` (USDT, on the tick grid)."""

    price: Decimal
    quantity: Decimal


def on_tick(price: Decimal, instrument: Instrument, *, up: bool) -> Decimal:
    """The next price on the tick grid at or above (``up``) or below ``price``, at least one tick."""
    ticks = (price / instrument.tick_size).quantize(Decimal(1), rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return max(ticks, Decimal(1)) * instrument.tick_size


def worsened(price: Decimal, side: Side, bps: Decimal, instrument: Instrument) -> Decimal:
    """``price`` moved against the taker by ``bps``, then to the grid, against the taker too."""
    buying = side == "buy"
    factor = 1 + bps / _BPS if buying else 1 - bps / _BPS
    return on_tick(price * factor, instrument, up=buying)


def capacity(volume: float, settings: SimulatorSettings, instrument: Instrument) -> Decimal:
    """What a candle of this volume leaves to us, on the step grid: one layer for takers, all there is for resting limits."""
    available = Decimal(repr(volume)) * settings.participation
    return (available / instrument.step_size).quantize(Decimal(1), rounding=ROUND_DOWN) * instrument.step_size


def layers(
    base: Decimal,
    side: Side,
    quantity: Decimal,
    *,
    volume: float,
    taken: Decimal,
    settings: SimulatorSettings,
    instrument: Instrument,
) -> list[Layer]:
    """How ``quantity`` is had from ``base`` on, best price first, ``taken`` of the candle's liquidity being gone already."""
    size = capacity(volume, settings, instrument)
    depth = int(taken // size) if size else settings.max_layers
    room = size * (depth + 1) - taken
    found: list[Layer] = []
    while quantity > 0:
        depth = min(depth, settings.max_layers)
        share = quantity if depth == settings.max_layers else min(quantity, room)
        bps = settings.half_spread_bps + settings.slippage_bps + depth * settings.layer_slippage_bps
        found.append(Layer(worsened(base, side, bps, instrument), share))
        quantity -= share
        depth, room = depth + 1, size
    return found
