"""Converts prices to ticks and quantities to steps (whole numbers), and back to the exchange's decimal strings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self


@dataclass(frozen=True, slots=True)
class Grid:
    """Price tick and quantity step of a symbol.

    tick: USDT. step: base currency. price_digits, quantity_digits: decimals that the exchange prints, which may be more
    than the tick has (BTCUSDT: tick 0.10, printed 61800.20).
    """

    symbol: str
    tick: Decimal
    step: Decimal
    price_digits: int
    quantity_digits: int

    @classmethod
    def of(cls, symbol: str, tick: Decimal, step: Decimal, price_digits: int = 0, quantity_digits: int = 0) -> Self:
        """Make a grid; the printed decimals are raised to those of tick and step. Raises ValueError if either is zero."""
        if tick <= 0 or step <= 0:
            raise ValueError(f"{symbol}: tick {tick} and step {step} must be above zero; read them from exchangeInfo")
        return cls(
            symbol, tick, step, max(price_digits, _decimals(tick)), max(quantity_digits, _decimals(step))
        )  # fmt: skip

    def ticks(self, price: Decimal | float) -> int:
        """Convert a price (USDT) to the nearest number of ticks, at least 1."""
        return max(1, _nearest(price, self.tick))

    def steps(self, quantity: Decimal | float) -> int:
        """Convert a quantity (base currency) to the nearest number of steps."""
        return _nearest(quantity, self.step)

    def price(self, ticks: int) -> Decimal:
        """Convert ticks to a price, USDT."""
        return ticks * self.tick

    def quantity(self, steps: int) -> Decimal:
        """Convert steps to a quantity, base currency."""
        return steps * self.step

    def quote(self, tick_steps: int) -> Decimal:
        """Convert a turnover in ticks x steps to USDT."""
        return tick_steps * self.tick * self.step

    def print_price(self, ticks: int) -> str:
        """Print a price as the exchange does: ``61800.20``."""
        return f"{ticks * self.tick:.{self.price_digits}f}"

    def print_quantity(self, steps: int) -> str:
        """Print a quantity as the exchange does: ``0.014``."""
        return f"{steps * self.step:.{self.quantity_digits}f}"

    def print_quote(self, tick_steps: int) -> str:
        """Print a turnover as the exchange does: ``1.23450``, with the decimals of price and quantity added up."""
        return f"{self.quote(tick_steps):.{self.price_digits + self.quantity_digits}f}"


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _nearest(value: Decimal | float, unit: Decimal) -> int:
    number = Decimal(repr(value)) if isinstance(value, float) else value
    return int((number / unit).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
