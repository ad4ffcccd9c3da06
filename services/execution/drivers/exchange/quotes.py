"""Best bid and ask of the configured symbols: streamed, and queried when an entry is sent while the stream is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

import structlog

from services.execution.plans.admission import Quote
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import BookTicker
from shared.exchange.model.streams import MarketStream, StreamLost, StreamName
from shared.exchange.settings import StreamSettings

log = structlog.get_logger(__name__)

#: Events after which everything else has a turn.
_BREATH = 200


class QuoteSource(Protocol):
    """The calls of the exchange port that are used here."""

    async def book_ticker(self, symbol: str) -> BookTicker: ...
    def market_stream(self, names: Sequence[StreamName]) -> MarketStream: ...
    def together(self, names: Sequence[StreamName]) -> list[list[StreamName]]: ...


class Quotes:
    """``now``: the exchange's time, UTC ms. on_quote: called with every quote of the stream. silence_ms: age beyond which a
    streamed quote is not used. patience: seconds.
    """

    def __init__(
        self,
        source: QuoteSource,
        symbols: Sequence[str],
        now: Callable[[], int],
        settings: StreamSettings,
        *,
        on_quote: Callable[[str, Quote], None],
        silence_ms: int,
        patience: float,
    ) -> None:
        self._source = source
        self._symbols = tuple(symbols)
        self._now = now
        self._settings = settings
        self._on_quote = on_quote
        self._silence_ms = silence_ms
        self._patience = patience
        self._quotes: dict[str, Quote] = {}

    def streamed(self, symbol: str) -> Quote | None:
        """Return best bid and ask as streamed; None while the stream is silent."""
        known = self._quotes.get(symbol)
        return known if known is not None and self._now() - known.time <= self._silence_ms else None

    async def of(self, symbol: str) -> Quote | None:
        """Return best bid and ask of now; None if neither stream nor exchange says them in time."""
        known = self._quotes.get(symbol)
        if (quote := self.streamed(symbol)) is not None:
            return quote
        asked_at = self._now()
        try:
            async with asyncio.timeout(self._patience):
                ticker = await self._source.book_ticker(symbol)
        except (ExchangeError, TimeoutError) as error:
            log.warning("no_quote", symbol=symbol, error=str(error))
            return known
        return _quote(ticker, asked_at)

    async def run(self) -> None:
        """Keep the streams open until cancelled."""
        names = [StreamName("book_ticker", symbol) for symbol in self._symbols]
        async with asyncio.TaskGroup() as group:
            for together in self._source.together(names):
                group.create_task(self._follow(together))

    async def _follow(self, names: Sequence[StreamName]) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                async with self._source.market_stream(names) as stream:
                    received = 0
                    async for each in stream:
                        if isinstance(each.event, BookTicker):
                            quote = _quote(each.event, min(each.event.time, self._now()))
                            self._quotes[each.event.symbol] = quote
                            self._on_quote(each.event.symbol, quote)
                        pause, received = 0.0, received + 1
                        if not received % _BREATH:
                            await asyncio.sleep(0)
            except StreamLost as lost:
                pause = min(max(pause * 2, self._settings.backoff_first_s), self._settings.backoff_longest_s)
                log.info("quote_stream_lost", reason=lost.reason, text=str(lost), seconds=pause)


def _quote(ticker: BookTicker, time: int) -> Quote:
    return Quote(time=time, bid=Decimal(str(ticker.bid)), ask=Decimal(str(ticker.ask)))
