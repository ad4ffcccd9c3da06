"""The exchange's filters of a symbol (tick, step, minimum), and rounding to them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from shared.domain.message import Symbol
from shared.domain.order_words import Side

_ONE: Final = Decimal(1)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of one symbol. Prices in USDT, quantities in base currency, ``min_notional`` in USDT.

    market_max_quantity: the most that one order trades at the market, also one that waits for a trigger; None = not known.
    Limit orders are bounded higher, and an order that closes the whole position is not.
    """

    symbol: Symbol
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    market_max_quantity: Decimal | None = None

    def price(self, value: float | Decimal) -> Decimal:
        """Return the nearest price on the tick grid; a tie goes to the even tick."""
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return (number / self.tick_size).quantize(_ONE, rounding=ROUND_HALF_EVEN) * self.tick_size

    def stop(self, value: float | Decimal, side: Side) -> Decimal:
        """Return a stop's price on the tick grid, not nearer to the entry than ``value``. ``side``: that of the entry."""
        number = Decimal(repr(value)) if isinstance(value, float) else value
        rounding = ROUND_FLOOR if side == "BUY" else ROUND_CEILING
        return (number / self.tick_size).quantize(_ONE, rounding=rounding) * self.tick_size

    def quantity(self, value: Decimal) -> Decimal:
        """Return the largest quantity on the step grid that does not exceed ``value``."""
        return (value / self.step_size).quantize(_ONE, rounding=ROUND_DOWN) * self.step_size

    def covering(self, value: Decimal) -> Decimal:
        """Return the smallest quantity on the step grid that is not below ``value``, and not below the minimum."""
        steps = (value / self.step_size).quantize(_ONE, rounding=ROUND_CEILING)
        return max(steps * self.step_size, self.min_quantity)

    def market_parts(self, value: Decimal, limit: int = 10) -> list[Decimal]:
        """Split a quantity on the step grid into what one market order takes, as evenly as may be.

        The first ``limit`` parts only; a maximum under twice the minimum is not believed.
        """
        if self.market_max_quantity is None or value <= self.market_max_quantity:
            return [value]
        most = self.quantity(self.market_max_quantity)
        if most < max(2 * self.min_quantity, self.step_size):
            return [value]
        count = int((value / most).to_integral_value(ROUND_CEILING))
        parts = list[Decimal]()
        for number in range(min(count, limit)):
            steps = (value / (count - number) / self.step_size).to_integral_value(ROUND_CEILING)
            parts.append(steps * self.step_size)
            value -= parts[-1]
        return parts
