"""Prices in ticks, quantities in steps: whole numbers inside, the exchange's decimal strings at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self


@dataclass(frozen=True, slots=True)
class Grid:
    """The two grids of a symbol.

    ``tick`` and ``step`` in USDT and base currency; ``price_digits`` and ``quantity_digits``: decimals that the exchange
    prints, which may be more than the tick has (BTCUSDT: tick 0.10, printed 61800.20).
    """

    symbol: str
    tick: Decimal
    step: Decimal
    price_digits: int
    quantity_digits: int

    @classmethod
    def of(cls, symbol: str, tick: Decimal, step: Decimal, price_digits: int = 0, quantity_digits: int = 0) -> Self:
        """The grid with at least as many printed decimals as tick and step have. Raises ValueError for a grid of zero."""
        if tick <= 0 or step <= 0:
            raise ValueError(f"{symbol}: tick {tick} and step {step} must be above zero; read them from exchangeInfo")
        return cls(
            symbol, tick, step, max(price_digits, _decimals(tick)), max(quantity_digits, _decimals(step))
        )  # fmt: skip

    def ticks(self, price: Decimal | float) -> int:
        """The nearest tick to ``price``, at least one."""
        return max(1, _nearest(price, self.tick))

    def steps(self, quantity: Decimal | float) -> int:
        """The nearest number of steps to ``quantity``."""
        return _nearest(quantity, self.step)

    def price(self, ticks: int) -> Decimal:
        """USDT."""
        return ticks * self.tick

    def quantity(self, steps: int) -> Decimal:
        """Base currency."""
        return steps * self.step

    def quote(self, tick_steps: int) -> Decimal:
        """A sum of ticks x steps in USDT."""
        return tick_steps * self.tick * self.step

    def print_price(self, ticks: int) -> str:
        """As the exchange writes it: ``61800.20``."""
        return f"{ticks * self.tick:.{self.price_digits}f}"

    def print_quantity(self, steps: int) -> str:
        """As the exchange writes it: ``0.014``."""
        return f"{steps * self.step:.{self.quantity_digits}f}"

    def print_quote(self, tick_steps: int) -> str:
        """As the exchange writes turnover: ``1.23450``, with the decimals of price and quantity together."""
        return f"{self.quote(tick_steps):.{self.price_digits + self.quantity_digits}f}"


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _nearest(value: Decimal | float, unit: Decimal) -> int:
    number = Decimal(repr(value)) if isinstance(value, float) else value
    return int((number / unit).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
