"""The account of a one-way, cross-margin user: positions, wallet, fees, realised PnL, funding, margin. All Decimal.

A position is kept as its signed quantity and its signed cost (sum of quantity x price), never as an average price: sums of
exact numbers are exact, and what a partial close takes out of the cost is what it realises, to the last digit. Therefore
``change of equity = price moves - fees + funding`` holds exactly, at any moment (BT-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

ZERO = Decimal(0)


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """``amount`` with at most ``decimals`` decimals; one that has fewer is left as it is."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals:
        return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return amount


class Holding(msgspec.Struct, kw_only=True):
    """``quantity`` in base currency, positive = long; ``cost`` in USDT, of the same sign."""

    quantity: Decimal
    cost: Decimal

    def unrealized(self, mark: Decimal) -> Decimal:
        """PnL at ``mark``, USDT."""
        return self.quantity * mark - self.cost


class Account(msgspec.Struct, kw_only=True):
    """``wallet`` in USDT; ``holdings`` has the symbols that are not flat. ``decimals``: see SimulatorSettings."""

    wallet: Decimal
    decimals: int
    holdings: dict[str, Holding] = msgspec.field(default_factory=dict)

    def quantity(self, symbol: str) -> Decimal:
        """Signed position, 0 when flat."""
        holding = self.holdings.get(symbol)
        return holding.quantity if holding is not None else ZERO

    def trade(self, symbol: str, quantity: Decimal, price: Decimal, fee_rate: Decimal) -> tuple[Decimal, Decimal]:
        """Book an execution of the signed ``quantity`` at ``price``; (realised PnL before fees, fee) in USDT.

        A trade against the position closes first; what is left of it opens the other side.
        """
        holding = self.holdings.get(symbol)
        if holding is None:
            holding = self.holdings[symbol] = Holding(quantity=ZERO, cost=ZERO)
        realized = ZERO
        opening = quantity
        if holding.quantity * quantity < 0:
            closing = min(abs(quantity), abs(holding.quantity)).copy_sign(holding.quantity)
            whole = closing == holding.quantity
            portion = holding.cost if whole else rounded(holding.cost * closing / holding.quantity, self.decimals)
            realized = closing * price - portion
            holding.quantity -= closing
            holding.cost -= portion
            opening = quantity + closing
        holding.quantity += opening
        holding.cost += opening * price
        if not holding.quantity:
            del self.holdings[symbol]
        fee = rounded(abs(quantity) * price * fee_rate, self.decimals)
        self.wallet += realized - fee
        return realized, fee

    def fund(self, symbol: str, mark: Decimal, rate: Decimal) -> Decimal:
        """Pay or receive funding on the position at ``mark``: a long pays a positive rate. What was received, USDT."""
        amount = -rounded(self.quantity(symbol) * mark * rate, self.decimals)
        self.wallet += amount
        return amount

    def equity(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Wallet and unrealised PnL at ``marks``, USDT."""
        return self.wallet + sum((held.unrealized(marks[symbol]) for symbol, held in self.holdings.items()), ZERO)

    def notional(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Sum of |quantity| x mark over all positions, USDT."""
        return sum((abs(held.quantity) * marks[symbol] for symbol, held in self.holdings.items()), ZERO)

    def liquidation_price(self, symbol: str, marks: Mapping[str, Decimal], maintenance_rate: Decimal) -> Decimal | None:
        """Where the symbol's price takes equity to maintenance, all others standing at ``marks``; None = nowhere.

        ``wallet + others + q*p - cost = rate * (|q|*p + others' notional)``, solved for p (cross margin, one tier; the
        formula is Binance FAQ b3c689's with cum = 0).
        """
        held = self.holdings[symbol]
        margin = self._margin_beside(symbol, marks) - maintenance_rate * (
            self.notional(marks) - abs(held.quantity) * marks[symbol]
        )
        price = (held.cost - margin) / (held.quantity - maintenance_rate * abs(held.quantity))
        return price if price > 0 else None

    def bankruptcy_price(self, symbol: str, marks: Mapping[str, Decimal]) -> Decimal:
        """Where the symbol's price takes equity to zero, all others standing at ``marks``."""
        held = self.holdings[symbol]
        return (held.cost - self._margin_beside(symbol, marks)) / held.quantity

    def _margin_beside(self, symbol: str, marks: Mapping[str, Decimal]) -> Decimal:
        return self.equity(marks) - self.holdings[symbol].unrealized(marks[symbol])
