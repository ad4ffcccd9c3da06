"""Fees that were paid in another asset than USDT (BNB, on Binance): their value in USDT. Pure.

An account that holds BNB may pay its fees in it, and gets them a tenth cheaper. A trade's result counts them in USDT, at the
mark price of the asset as it was last asked for: at the first such fee, and with every statement of the account after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.orders import Fill

#: As many digits as wallets have at the venue.
_EXACT: Final = Decimal("0.00000001")


class FeePrices:
    """Prices of fee assets in USDT. None: the venue has none, and the fee cannot be counted."""

    def __init__(self) -> None:
        self._prices: dict[str, Decimal | None] = {}
        self._told: set[str] = set()

    @property
    def assets(self) -> tuple[str, ...]:
        """Every asset that a fee was paid in so far; sorted."""
        return tuple(sorted(self._prices))

    def missing(self, fills: Iterable[Fill]) -> tuple[str, ...]:
        """Assets of these fills that were never asked for; sorted."""
        return tuple(sorted({fill.commission_asset for fill in fills if fill.commission_asset} - self._prices.keys()))

    def learn(self, prices: Mapping[str, Decimal | None]) -> None:
        """The answer of the venue."""
        self._prices.update(prices)

    def valued(self, fill: Fill) -> Fill:
        """With its fee in USDT, as far as the asset's price is known."""
        price = self._prices.get(fill.commission_asset)
        if price is None:
            return fill
        return msgspec.structs.replace(fill, fee=(fill.commission * price).quantize(_EXACT))

    def not_counted(self, fills: Iterable[Fill]) -> tuple[str, ...]:
        """Assets of these fills without a price; each is named once."""
        new = {fill.commission_asset for fill in fills if fill.commission_asset and fill.commission} - self._told
        new -= {asset for asset, price in self._prices.items() if price is not None}
        self._told |= new
        return tuple(sorted(new))
