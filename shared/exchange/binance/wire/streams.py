"""Names Binance's market streams, assigns each to its route, and decodes their frames. Pure.

Since April 2026 a connection carries the streams of one route only. A subscription on the wrong route is acknowledged, but
no frame arrives (docs/binance.md §1.2).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.timeframes import TIMEFRAMES, Timeframe
from shared.exchange.binance.wire.enums import Unreadable, side_of
from shared.exchange.model.market_data import AggTrade, BookTicker, Kline, MarkPrice
from shared.exchange.model.streams import (
    DayTicker,
    DepthEvent,
    KlineEvent,
    LiquidationEvent,
    MarketEvent,
    StreamKind,
    StreamName,
)

Route = Literal["public", "market"]

ROUTES: Final[dict[StreamKind, Route]] = {
    "book_ticker": "public",
    "depth": "public",
    "kline": "market",
    "agg_trade": "market",
    "mark_price": "market",
    "liquidation": "market",
}
_SUFFIX: Final[dict[StreamKind, str]] = {
    "book_ticker": "bookTicker",
    "depth": "depth@100ms",
    "agg_trade": "aggTrade",
    "mark_price": "markPrice@1s",
    "liquidation": "forceOrder",
}


def wire_name(name: StreamName) -> str:
    """Return Binance's name of a stream, such as ``btcusdt@kline_1m``; it stands in the address and in every frame."""
    suffix = f"kline_{name.timeframe}" if name.kind == "kline" else _SUFFIX[name.kind]
    return f"{name.symbol.lower()}@{suffix}"


class _KlineBody(msgspec.Struct, frozen=True):
    t: int
    i: str
    o: float
    c: float
    h: float
    l: float  # noqa: E741  the wire's name
    v: float
    n: int
    x: bool
    q: float
    V: float


class _Kline(msgspec.Struct, frozen=True, tag_field="e", tag="kline"):
    E: int
    s: str
    k: _KlineBody

    def value(self) -> MarketEvent:
        k = self.k
        if k.i not in _FRAMES:
            raise Unreadable(f"kline of {self.s}: interval {k.i!r}")
        kline = Kline(
            symbol=self.s, timeframe=_FRAMES[k.i], open_time=k.t, open=k.o, high=k.h, low=k.l, close=k.c, volume=k.v,
            quote_volume=k.q, trades=k.n, taker_volume=k.V, closed=k.x,
        )  # fmt: skip
        return KlineEvent(time=self.E, kline=kline)


_FRAMES: Final[dict[str, Timeframe]] = {timeframe: timeframe for timeframe in TIMEFRAMES}


class _AggTrade(msgspec.Struct, frozen=True, tag_field="e", tag="aggTrade"):
    s: str
    a: int
    p: float
    q: float
    T: int
    m: bool

    def value(self) -> MarketEvent:
        return AggTrade(symbol=self.s, id=self.a, price=self.p, quantity=self.q, time=self.T, buyer_maker=self.m)


class _Trade(msgspec.Struct, frozen=True, tag_field="e", tag="trade"):
    s: str
    t: int
    p: float
    q: float
    T: int
    m: bool

    def value(self) -> MarketEvent:
        return AggTrade(symbol=self.s, id=self.t, price=self.p, quantity=self.q, time=self.T, buyer_maker=self.m)


class _Ticker(msgspec.Struct, frozen=True, tag_field="e", tag="24hrTicker"):
    E: int
    s: str
    c: float
    o: float
    h: float
    l: float  # noqa: E741  the wire's name
    v: float
    q: float

    def value(self) -> MarketEvent:
        return DayTicker(
            symbol=self.s, time=self.E, last=self.c, open=self.o, high=self.h, low=self.l, volume=self.v, quote_volume=self.q
        )


class _BookTicker(msgspec.Struct, frozen=True, tag_field="e", tag="bookTicker"):
    s: str
    u: int
    b: float
    B: float
    a: float
    A: float
    T: int

    def value(self) -> MarketEvent:
        return BookTicker(
            symbol=self.s, time=self.T, bid=self.b, bid_quantity=self.B, ask=self.a, ask_quantity=self.A, update=self.u
        )


class _Depth(msgspec.Struct, frozen=True, tag_field="e", tag="depthUpdate"):
    s: str
    T: int
    U: int
    u: int
    pu: int
    b: tuple[tuple[float, float], ...]
    a: tuple[tuple[float, float], ...]

    def value(self) -> MarketEvent:
        return DepthEvent(symbol=self.s, time=self.T, first=self.U, last=self.u, previous=self.pu, bids=self.b, asks=self.a)


class _MarkPrice(msgspec.Struct, frozen=True, tag_field="e", tag="markPriceUpdate"):
    E: int
    s: str
    p: Decimal
    i: Decimal
    r: str
    T: int

    def value(self) -> MarketEvent:
        rate = Decimal(self.r) if self.r else Decimal(0)  # delivery contracts send an empty string
        return MarkPrice(symbol=self.s, time=self.E, mark=self.p, index=self.i, funding_rate=rate, next_funding=self.T)


class _ForcedBody(msgspec.Struct, frozen=True):
    s: str
    S: str
    ap: float
    z: float
    T: int


class _Forced(msgspec.Struct, frozen=True, tag_field="e", tag="forceOrder"):
    o: _ForcedBody

    def value(self) -> MarketEvent:
        o = self.o
        return LiquidationEvent(symbol=o.s, time=o.T, side=side_of(o.S), quantity=o.z, price=o.ap)


_Event = _Kline | _AggTrade | _Trade | _Ticker | _BookTicker | _Depth | _MarkPrice | _Forced


class _Wrapped(msgspec.Struct, frozen=True):
    stream: str
    data: _Event


_frames: Final = msgspec.json.Decoder(_Wrapped, strict=False)
_events: Final = msgspec.json.Decoder(_Event, strict=False)


def read_frame(frame: bytes | str) -> tuple[str, MarketEvent]:
    """Decode a frame of a combined stream; return Binance's name of the stream, and the event.

    Raises Unreadable if the frame is not as documented.
    """
    try:
        wrapped = _frames.decode(frame)
    except msgspec.DecodeError as error:
        raise Unreadable(f"market frame: {error}") from error
    return wrapped.stream, wrapped.data.value()


def name_of(event: MarketEvent) -> StreamName | None:
    """Return the stream that carries such an event; None for events of streams that are not subscribed."""
    if isinstance(event, KlineEvent):
        return StreamName("kline", event.kline.symbol, event.kline.timeframe)
    kind = _KINDS.get(type(event))
    return StreamName(kind, event.symbol) if kind is not None else None


_KINDS: Final[dict[type[MarketEvent], StreamKind]] = {
    AggTrade: "agg_trade",
    MarkPrice: "mark_price",
    BookTicker: "book_ticker",
    DepthEvent: "depth",
    LiquidationEvent: "liquidation",
}


def read_event(frame: bytes | str) -> MarketEvent:
    """Decode an event that is not wrapped with its stream's name. Raises Unreadable if it is not as documented."""
    try:
        event: _Event = _events.decode(frame)
    except msgspec.DecodeError as error:
        raise Unreadable(f"market event: {error}") from error
    return event.value()
