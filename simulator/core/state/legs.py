"""Keeps a leg of a position exactly, as signed quantity and signed cost instead of an average price.

A partial close realises exactly the part of the cost that it removes, so no rounding is lost and
``change of equity = price moves - fees + funding`` holds to the last digit at any time.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from functools import cache

import msgspec

from simulator.core.model.orders import ZERO


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """Round an amount to at most ``decimals`` decimals, half to even; return it unchanged if it has no more."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals:
        return amount.quantize(_step(decimals), rounding=ROUND_HALF_EVEN)
    return amount


def floored(amount: Decimal, decimals: int) -> Decimal:
    """Round an amount >= 0 down to at most ``decimals`` decimals."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals:
        return amount.quantize(_step(decimals), rounding=ROUND_DOWN)
    return amount


@cache
def _step(decimals: int) -> Decimal:
    """One unit of the last decimal."""
    return Decimal(1).scaleb(-decimals)


class Leg(msgspec.Struct, kw_only=True, array_like=True):
    """One leg. Amounts in USDT.

    quantity: base currency, positive = long. cost: sum of price x quantity, same sign. isolated_wallet: margin of an
    isolated leg, part of the wallet; 0 when crossed. realized: all PnL ever realised in this leg. net: PnL less fees and
    funding since the leg was last flat, for the break-even price. updated: time of the last change, ms.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    realized: Decimal = ZERO
    net: Decimal = ZERO
    updated: int = 0

    def unrealized(self, mark: Decimal) -> Decimal:
        """Return the unrealised PnL at the price ``mark``, USDT."""
        return self.quantity * mark - self.cost

    def trade(self, quantity: Decimal, price: Decimal, decimals: int, *, margin_rate: Decimal) -> Decimal:
        """Apply an execution of the signed ``quantity``; return the PnL that it realises, before fees, USDT.

        An execution against the leg first closes it; the remainder opens the other side. margin_rate: isolated margin
        added for the opened part, fraction of its notional (1 / leverage; 0 when crossed). A close frees its share.
        """
        realized = ZERO
        opening = quantity
        if self.quantity * quantity < 0:
            closing = min(abs(quantity), abs(self.quantity)).copy_sign(self.quantity)
            if closing == self.quantity:
                portion, freed = self.cost, self.isolated_wallet
            else:
                portion = rounded(self.cost * closing / self.quantity, decimals)
                freed = rounded(self.isolated_wallet * closing / self.quantity, decimals)
            realized = closing * price - portion
            self.quantity -= closing
            self.cost -= portion
            self.isolated_wallet -= freed
            opening = quantity + closing
        self.realized += realized
        self.net += realized
        if opening:
            if not self.quantity:
                self.net = ZERO
            self.quantity += opening
            self.cost += opening * price
            self.isolated_wallet += rounded(abs(opening) * price * margin_rate, decimals)
        elif not self.quantity:
            self.net = ZERO
        return realized

    def pay(self, fee: Decimal) -> None:
        """Count the fee of the last execution in the break-even price, unless the leg is flat now."""
        if self.quantity:
            self.net -= fee
