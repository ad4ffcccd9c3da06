"""exchangeInfo: three real symbols as the exchange described them in 2025, others made from the generator's profiles.

The file beside this module is production's answer of 2025-08-11, less MAX_NUM_ALGO_ORDERS, which went on 2025-12-29.
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
#: What a made-up symbol has where the real ones differ from each other.
_SMALLEST_NOTIONAL: Final = "5"
_LARGEST_LOT, _LARGEST_MARKET_LOT = 1_000_000, 50_000
_PRICE_RANGE: Final = 1_000


def exchange_info(symbols: Iterable[str], document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer of ``GET exchangeInfo`` for these symbols, less ``serverTime``.

    ``document``: an answer of the exchange to take symbols from; default: the shipped one. What it does not have is made up.
    """
    shipped: dict[str, Any] = msgspec.json.decode(_FILE.read_bytes())
    rows = {row["symbol"]: row for row in (*shipped["symbols"], *(document or {}).get("symbols", ()))}
    pattern = shipped["symbols"][0]
    return {**shipped, "symbols": [rows.get(symbol) or _made_up(symbol, pattern) for symbol in symbols]}


def grid_of(row: Mapping[str, Any]) -> Grid:
    """The grids of one element of ``symbols``."""
    filters = {each["filterType"]: each for each in row["filters"]}
    return Grid.of(
        row["symbol"],
        Decimal(filters["PRICE_FILTER"]["tickSize"]),
        Decimal(filters["LOT_SIZE"]["stepSize"]),
        row["pricePrecision"],
        row["quantityPrecision"],
    )


def _made_up(symbol: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
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
