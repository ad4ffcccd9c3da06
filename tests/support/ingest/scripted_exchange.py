"""An exchange in the test's hands: its clock, its history, its streams, and everything that can go wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from shared.domain.timeframes import DURATION, MINUTE, Timeframe
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import BookTicker, Depth, ExchangeInfo, FundingRate, Kline, SymbolRules
from shared.exchange.model.streams import Heard, KlineEvent, LossReason, MarketEvent, StreamKind, StreamLost, StreamName
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, kline


class ScriptedStream:
    """One open connection."""

    def __init__(self, exchange: ScriptedExchange, names: Sequence[StreamName]) -> None:
        self.names = tuple(names)
        self.inbox: asyncio.Queue[Heard | StreamLost] = asyncio.Queue()
        self._exchange = exchange

    async def __aenter__(self) -> ScriptedStream:
        self._exchange.attempts += 1
        if self._exchange.refusing:
            raise StreamLost("refused", "as scripted")
        self._exchange.open.append(self)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self in self._exchange.open:
            self._exchange.open.remove(self)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while True:
            heard = await self.inbox.get()
            if isinstance(heard, StreamLost):
                raise heard
            yield heard


class ScriptedExchange:
    """``time``: the exchange's clock, ms. ``deaf``: REST fails; ``unanswered``: so many calls did.

    Unrealistic: the candles are those of ``live_scenes.kline``; it answers at once, has no limits, no latency and no orders,
    and one depth and funding rate for ever; a frame arrives in the order in which the script says it, and never twice.
    """

    def __init__(self, time: int, symbols: Sequence[str] = (BTC, ETH)) -> None:
        self.time = time
        self.symbols = tuple(symbols)
        self.open: list[ScriptedStream] = []
        self.attempts = 0
        self.refusing = False
        self.deaf = False
        self.unanswered = 0
        self.asked: list[tuple[str, Timeframe, int, int]] = []
        self.closed = 0

    # -- the script ---------------------------------------------------------------------------------------------------

    def say(self, event: MarketEvent, kind: str, symbol: str) -> None:
        """Send a frame to every connection that carries the stream."""
        name = StreamName(kind, symbol, "1m" if kind == "kline" else None)  # type: ignore[arg-type]  # a StreamKind
        for stream in self.open:
            if name in stream.names:
                stream.inbox.put_nowait(Heard(name, event, asyncio.get_running_loop().time()))

    def close_minute(self, minute: int, *symbols: str) -> None:
        """Time goes on to the end of the minute, and the streams of these symbols (all of them without any) say so."""
        self.time = max(self.time, MONDAY + (minute + 1) * MINUTE)
        for symbol in symbols or self.symbols:
            self.say(KlineEvent(time=self.time, kline=kline(minute, symbol)), "kline", symbol)

    def cut(self, reason: LossReason = "closed") -> None:
        """Every connection ends."""
        for stream in self.open:
            stream.inbox.put_nowait(StreamLost(reason, "as scripted"))

    @property
    def heard(self) -> bool:
        """Every frame so far has been taken from its connection."""
        return all(stream.inbox.empty() for stream in self.open)

    # -- the port -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._answer("time")

    async def close(self) -> None:
        self.closed += 1

    def now(self) -> int:
        return self.time

    async def server_time(self) -> int:
        self._answer("time")
        return self.time

    async def exchange_info(self) -> ExchangeInfo:
        self._answer("exchangeInfo")
        one = Decimal(1)
        rules = {
            symbol: SymbolRules(
                symbol=symbol, status="TRADING", contract="PERPETUAL", base=symbol[:3], quote="USDT", tick_size=one,
                min_price=one, max_price=one, step_size=one, min_quantity=one, max_quantity=one, market_max_quantity=one,
                min_notional=one, price_up=one, price_down=one, max_orders=200, listed_at=0,
            )
            for symbol in self.symbols
        }  # fmt: skip
        return ExchangeInfo(time=self.time, symbols=rules, limits=())

    async def klines(
        self, symbol: str, timeframe: Timeframe, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]:
        self._answer("klines")
        assert start is not None
        assert end is not None
        self.asked.append((symbol, timeframe, start, end))
        every = DURATION[timeframe]
        rows = []
        for opened in range(start, min(end, self.time - 1) + 1, every):
            row = kline((opened - MONDAY) // MINUTE, symbol, timeframe=timeframe)
            rows.append(msgspec.structs.replace(row, closed=opened + every <= self.time))
        return tuple(rows[:limit])

    async def depth(self, symbol: str, limit: int = 1000) -> Depth:
        self._answer("depth")
        return Depth(symbol=symbol, time=self.time, last_update=100, bids=((99.0, 3.0),), asks=((101.0, 1.0),))

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        self._answer("fundingRate")
        assert start is not None
        return (FundingRate(symbol=symbol, time=start + MINUTE, rate=Decimal("0.0007")),)

    async def book_ticker(self, symbol: str) -> BookTicker:
        raise AssertionError("the feed has the stream for it")

    def market_stream(
        self,
        names: Sequence[StreamName],
        *,
        silent_after: float | None = None,
        cadence: Mapping[StreamKind, float] | None = None,
    ) -> ScriptedStream:
        return ScriptedStream(self, names)

    def together(self, names: Sequence[StreamName]) -> list[list[StreamName]]:
        public = [name for name in names if name.kind in ("book_ticker", "depth")]
        return [group for group in ([name for name in names if name not in public], public) if group]

    def _answer(self, call: str) -> None:
        if self.deaf:
            self.unanswered += 1
            raise ExchangeError("retry", -1001, "as scripted", call=call)
