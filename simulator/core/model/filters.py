"""A symbol's filters: the prices, quantities and notionals that it allows (exchangeInfo, docs/binance.md §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.domain.instruments import Instrument


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of one symbol. Prices and notionals in USDT, quantities in base currency; None = no such limit.

    multiplier_up, multiplier_down: PERCENT_PRICE, factors on the mark price. trigger_protect: largest difference of mark and
    last price at which a price-protected order triggers, fraction. market_take_bound: how far from the mark price a market
    order may fill, fraction. liquidation_fee: clearance fee, fraction of the notional; None = that of the settings.
    max_orders: most open orders of the symbol; None = that of the settings. price_digits, quantity_digits: most decimals
    that a price or quantity may have, whatever tick and step are; None = no such rule.
    """

    symbol: str
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_step_size: Decimal
    market_min_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    multiplier_up: Decimal | None = None
    multiplier_down: Decimal | None = None
    trigger_protect: Decimal | None = None
    market_take_bound: Decimal | None = None
    liquidation_fee: Decimal | None = None
    max_orders: int | None = None
    price_digits: int | None = None
    quantity_digits: int | None = None

    @classmethod
    def of_instrument(cls, instrument: Instrument, *, max_price: Decimal, max_quantity: Decimal) -> Filters:
        """Make filters from an instrument of the configuration, which has tick, step and minima only."""
        return cls(
            symbol=instrument.symbol,
            tick_size=instrument.tick_size,
            min_price=instrument.tick_size,
            max_price=max_price,
            step_size=instrument.step_size,
            min_quantity=instrument.min_quantity,
            max_quantity=max_quantity,
            market_step_size=instrument.step_size,
            market_min_quantity=instrument.min_quantity,
            market_max_quantity=max_quantity,
            min_notional=instrument.min_notional,
        )

    @classmethod
    def of_exchange_info(cls, symbol: Mapping[str, Any]) -> Filters:
        """Make filters from one element of exchangeInfo's ``symbols``. Raises KeyError if a filter is missing."""
        by_type: dict[str, Mapping[str, Any]] = {each["filterType"]: each for each in symbol["filters"]}
        price, lot = by_type["PRICE_FILTER"], by_type["LOT_SIZE"]
        market = by_type.get("MARKET_LOT_SIZE", lot)
        percent = by_type.get("PERCENT_PRICE", {})
        orders = by_type.get("MAX_NUM_ORDERS", {}).get("limit")
        return cls(
            symbol=str(symbol["symbol"]),
            tick_size=Decimal(price["tickSize"]),
            min_price=Decimal(price["minPrice"]),
            max_price=Decimal(price["maxPrice"]),
            step_size=Decimal(lot["stepSize"]),
            min_quantity=Decimal(lot["minQty"]),
            max_quantity=Decimal(lot["maxQty"]),
            market_step_size=Decimal(market["stepSize"]),
            market_min_quantity=Decimal(market["minQty"]),
            market_max_quantity=Decimal(market["maxQty"]),
            min_notional=Decimal(by_type["MIN_NOTIONAL"]["notional"]),
            multiplier_up=_decimal(percent.get("multiplierUp")),
            multiplier_down=_decimal(percent.get("multiplierDown")),
            trigger_protect=_decimal(symbol.get("triggerProtect")),
            market_take_bound=_decimal(symbol.get("marketTakeBound")),
            liquidation_fee=_decimal(symbol.get("liquidationFee")),
            max_orders=None if orders is None else int(orders),
            price_digits=_whole(symbol.get("pricePrecision")),
            quantity_digits=_whole(symbol.get("quantityPrecision")),
        )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
