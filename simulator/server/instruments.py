"""Builds exchangeInfo: three real symbols as the exchange listed them in 2025, others from the generator's profiles.

The JSON file beside this module is the production answer of 2025-08-11 for three symbols, without MAX_NUM_ALGO_ORDERS,
which the exchange removed on 2025-12-29.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from simulator.market.profiles import profile
from simulator.tape.grid import Grid

_FILE: Final = Path(__file__).with_name("exchange_info.json")
_QUOTE: Final = "USDT"
#: Values of invented symbols where the real symbols differ from each other; notional in USDT, lots in base currency.
_SMALLEST_NOTIONAL: Final = "5"
_LARGEST_LOT, _LARGEST_MARKET_LOT = 1_000_000, 50_000
_PRICE_RANGE: Final = 1_000


def exchange_info(symbols: Iterable[str], document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer of ``GET exchangeInfo`` for these symbols, without ``serverTime``.

    document: an exchangeInfo answer whose symbols take precedence over the shipped file's; None = shipped file only.
    Symbols in neither are invented.
    """
    shipped: dict[str, Any] = msgspec.json.decode(_FILE.read_bytes())
    rows = {row["symbol"]: row for row in (*shipped["symbols"], *(document or {}).get("symbols", ()))}
    pattern = shipped["symbols"][0]
    return {**shipped, "symbols": [rows.get(symbol) or _invented(symbol, pattern) for symbol in symbols]}


def grid_of(row: Mapping[str, Any]) -> Grid:
    """Read price tick, quantity step and printed decimals from one element of exchangeInfo's ``symbols``."""
    filters = {each["filterType"]: each for each in row["filters"]}
    return Grid.of(
        row["symbol"],
        Decimal(filters["PRICE_FILTER"]["tickSize"]),
        Decimal(filters["LOT_SIZE"]["stepSize"]),
        row["pricePrecision"],
        row["quantityPrecision"],
    )


def _invented(symbol: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
    known = profile(symbol)
    tick = Decimal(1).scaleb(-known.price_digits)
    step = Decimal(1).scaleb(-known.volume_digits)
    base = symbol.removesuffix(_QUOTE) or symbol
    row = copy.deepcopy(dict(pattern))
    row.update(
        symbol=symbol, pair=symbol, baseAsset=base, pricePrecision=known.price_digits, quantityPrecision=known.volume_digits
    )
    values: dict[str, dict[str, str]] = {
        "PRICE_FILTER": {
            "tickSize": f"{tick:f}",
            "minPrice": f"{tick:f}",
            "maxPrice": f"{Decimal(repr(known.price)) * _PRICE_RANGE:f}",
        },
        "LOT_SIZE": {"stepSize": f"{step:f}", "minQty": f"{step:f}", "maxQty": str(_LARGEST_LOT)},
        "MARKET_LOT_SIZE": {"stepSize": f"{step:f}", "minQty": f"{step:f}", "maxQty": str(_LARGEST_MARKET_LOT)},
        "MIN_NOTIONAL": {"notional": _SMALLEST_NOTIONAL},
    }
    for each in row["filters"]:
        each.update(values.get(each["filterType"], {}))
    return row
