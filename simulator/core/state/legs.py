"""A leg of a position, exactly kept: signed quantity and signed cost, never an average price.

Sums of exact numbers are exact, and what a partial close takes out of the cost is what it realises, to the last digit.
Therefore ``change of equity = price moves - fees + funding`` holds exactly, at any moment.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from simulator.core.model.orders import ZERO


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """``amount`` with at most ``decimals`` decimals; one that has fewer is left as it is."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals:
        return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return amount


class Leg(msgspec.Struct, kw_only=True, array_like=True):
    """``quantity`` in base currency, positive = long; ``cost`` in USDT, of the same sign.

    ``isolated_wallet``: margin set aside for an isolated leg, part of the wallet. ``realized``: all PnL realised here;
    ``net``: PnL minus fees and funding since the leg was last flat, for the break-even price.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    realized: Decimal = ZERO
    net: Decimal = ZERO
    updated: int = 0

    def unrealized(self, mark: Decimal) -> Decimal:
        """PnL at ``mark``, USDT."""
        return self.quantity * mark - self.cost

    def trade(self, quantity: Decimal, price: Decimal, fee: Decimal, decimals: int, *, margin_rate: Decimal) -> Decimal:
        """Book an execution of the signed ``quantity``; the PnL that it realises, before ``fee``, USDT.

        A trade against the leg closes first; what is left of it opens the other side. ``margin_rate``: isolated margin set
        aside for what opens, as a fraction of its notional (1 / leverage; 0 when crossed). A close sets its share free.
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
        self.net += realized - fee
        if opening:
            if not self.quantity:
                self.net = -fee
            self.quantity += opening
            self.cost += opening * price
            self.isolated_wallet += rounded(abs(opening) * price * margin_rate, decimals)
        elif not self.quantity:
            self.net = ZERO
        return realized
