"""Parses market-stream names: kind, interval of messages and routed path of each (docs/binance.md §1.2, §4.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from simulator.tape.intervals import INTERVALS

Category = Literal["public", "market", "private"]
StreamKind = Literal[
    "kline",
    "continuousKline",
    "aggTrade",
    "trade",
    "bookTicker",
    "depth",
    "partialDepth",
    "markPrice",
    "forceOrder",
    "ticker",
    "miniTicker",
]
CATEGORY: Final[dict[StreamKind, Category]] = {
    "kline": "market",
    "continuousKline": "market",
    "aggTrade": "market",
    "trade": "public",
    "bookTicker": "public",
    "depth": "public",
    "partialDepth": "public",
    "markPrice": "market",
    "forceOrder": "market",
    "ticker": "market",
    "miniTicker": "market",
}
#: Symbol of a stream that covers every symbol.
ALL: Final = "*"

_PLAIN: Final[dict[str, StreamKind]] = {
    "aggTrade": "aggTrade",
    "trade": "trade",
    "bookTicker": "bookTicker",
    "forceOrder": "forceOrder",
    "ticker": "ticker",
    "miniTicker": "miniTicker",
    "markPrice": "markPrice",
}
#: Kinds that send once a second instead of at each event.
_EVERY_SECOND: Final = ("ticker", "miniTicker")

_INTERVAL: Final = "|".join(INTERVALS)
_ONE: Final = re.compile(
    rf"(?P<symbol>[^\W_A-Z]+)(?:_perpetual@continuousKline_(?P<continuous>{_INTERVAL})"
    rf"|@kline_(?P<kline>{_INTERVAL})"
    r"|@(?P<plain>aggTrade|trade|bookTicker|forceOrder|ticker|miniTicker)"
    r"|@markPrice(?P<mark>@1s)?"
    r"|@depth(?P<levels>5|10|20)?(?:@(?P<speed>100|250|500)ms)?)"
)
_EVERY: Final = re.compile(r"!(?P<plain>bookTicker|forceOrder@arr|ticker@arr|miniTicker@arr|markPrice@arr)(?P<mark>@1s)?")
_KLINE_MS: Final = 250
_SECOND: Final = 1_000
_MARK_MS: Final = 3_000
_DEPTH_MS: Final = 250


@dataclass(frozen=True, slots=True)
class Stream:
    """A market stream.

    every: ms between two messages, market's clock; 0 = a message at each event. levels: number of levels of partial depth.
    """

    name: str
    kind: StreamKind
    symbol: str
    every: int = 0
    interval: str = ""
    levels: int = 0

    @property
    def category(self) -> Category:
        """Return the routed path on which the stream is sent."""
        return CATEGORY[self.kind]


def parse(name: str) -> Stream | None:
    """Parse a stream name. None for an unknown one, which the exchange acknowledges but never sends."""
    if name.startswith("!"):
        return _of_every_symbol(name)
    found = _ONE.fullmatch(name)
    if found is None:
        return None
    symbol = found["symbol"].upper()
    if found["continuous"]:
        return Stream(name, "continuousKline", symbol, _KLINE_MS, found["continuous"])
    if found["kline"]:
        return Stream(name, "kline", symbol, _KLINE_MS, found["kline"])
    if found["plain"]:
        plain = _PLAIN[found["plain"]]
        return Stream(name, plain, symbol, _SECOND if plain in _EVERY_SECOND else 0)
    if "@markPrice" in name:
        return Stream(name, "markPrice", symbol, _SECOND if found["mark"] else _MARK_MS)
    every = int(found["speed"] or _DEPTH_MS)
    if found["levels"]:
        return Stream(name, "partialDepth", symbol, every, levels=int(found["levels"]))
    return Stream(name, "depth", symbol, every)


def carries(path: Category | Literal["unrouted"], stream: Stream) -> bool:
    """Return True if connections on this path get the stream. The unrouted path gets public data only."""
    return stream.category == ("public" if path == "unrouted" else path)


def _of_every_symbol(name: str) -> Stream | None:
    found = _EVERY.fullmatch(name)
    if found is None:
        return None
    plain = _PLAIN[found["plain"].removesuffix("@arr")]
    if found["mark"] and plain != "markPrice":
        return None
    if plain == "markPrice":
        return Stream(name, "markPrice", ALL, _SECOND if found["mark"] else _MARK_MS)
    return Stream(name, plain, ALL, _SECOND if plain in _EVERY_SECOND else 0)
