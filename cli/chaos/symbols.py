"""The ten symbols of the drill, and the candles of a market that stands still until the drill moves it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from shared.domain.timeframes import MINUTE
from simulator.market.profiles import profile

SYMBOLS: Final = (
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT", "AVAXUSDT", "LINKUSDT", "LTCUSDT",
)  # fmt: skip
#: Turnover of a minute, USDT: deep enough that an entry of the drill moves nothing.
_TURNOVER: Final = 20_000_000.0
#: Symbols whose tick the simulator has from the exchange, and fits no price drawn from their name.
_SHIPPED: Final = {"SOLUSDT": Decimal("150.00")}


def price_of(symbol: str) -> Decimal:
    """Return the price at which a symbol stands, USDT."""
    if symbol in _SHIPPED:
        return _SHIPPED[symbol]
    known = profile(symbol)
    return Decimal(str(known.price)).quantize(Decimal(1).scaleb(-min(known.price_digits, 2 if known.price > 1 else 9)))


def write_candles(directory: Path, first: int, minutes: int) -> dict[str, Path]:
    """Write a file of flat one-minute candles for each symbol, from ``first`` (open time, UTC ms) on."""
    files = {}
    for symbol in SYMBOLS:
        price = price_of(symbol)
        volume = max(1, round(_TURNOVER / float(price)))
        path = directory / f"{symbol}.csv"
        rows = [f"{first + number * MINUTE},{price},{price},{price},{price},{volume}" for number in range(minutes)]
        path.write_text("open_time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
        files[symbol] = path
    return files
