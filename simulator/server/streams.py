"""Names of market streams: what each is, how often it comes, and on which routed path (docs/binance.md §1.2, §4.6)."""

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
#: Every symbol at once, as one stream.
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
#: Kinds that come once a second instead of at once.
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
    """``every``: ms between two messages on the market's clock, 0 = at once. ``levels``: of a partial depth."""

    name: str
    kind: StreamKind
    symbol: str
    every: int = 0
    interval: str = ""
    levels: int = 0

    @property
    def category(self) -> Category:
        """The routed path that carries it."""
        return CATEGORY[self.kind]


def parse(name: str) -> Stream | None:
    """The stream of this name; None for what is none: the exchange acknowledges it and stays silent."""
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
    """Whether a connection on this path ever gets the stream; one without a routed path only gets public data."""
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
