"""Sees that price voids an entry that rests, and feeds what traded then (``services.execution.voiding``).

At once from the streamed best bid and ask; and from the minute candles, which have what was traded while nobody listened:
before this process began, while the stream was away, or between two quotes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, Protocol

import structlog

from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.inputs import Traded
from services.execution.plans.admission import Quote
from services.execution.voiding import voids
from shared.domain.intents import OrderIntent
from shared.domain.timeframes import FINEST, MINUTE, Timeframe
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import Kline

log = structlog.get_logger(__name__)

#: Time between two readings of the candles of a symbol in which an entry rests, seconds.
_EVERY_S: Final = 10.0
#: Candles asked for at once: the most that have the least weight.
_PAGE: Final = 99


class CandleReader(Protocol):
    """The call of the exchange port that is used here."""

    async def klines(
        self, symbol: str, timeframe: Timeframe, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]: ...


class PriceWatch:
    """``failed``: called with an error of a reading; it is tried again."""

    def __init__(
        self, source: CandleReader, loop: MoneyLoop, symbols: Sequence[str], failed: Callable[[ExchangeError], None]
    ) -> None:
        self._source = source
        self._loop = loop
        self._symbols = tuple(symbols)
        self._failed = failed
        self._read_until: dict[str, tuple[str, int]] = {}  # symbol → intent, and open time of its last candle read

    def on_quote(self, symbol: str, quote: Quote) -> None:
        """Take best bid and ask."""
        if self._loop.core.watched(symbol) is not None:
            self._look(quote.traded(symbol))

    async def run(self) -> None:
        """Read candles while entries rest, until cancelled."""
        while True:
            for symbol in self._symbols:
                intent = self._loop.core.watched(symbol)
                if intent is not None:
                    await self._read(intent)
            await asyncio.sleep(_EVERY_S)

    async def _read(self, intent: OrderIntent) -> None:
        """Read the candles since the decision that were not read whole, the running one included."""
        symbol, read = intent.symbol, self._read_until.get(intent.symbol)
        start = read[1] if read is not None and read[0] == intent.id else intent.close_time
        try:
            while candles := await self._source.klines(symbol, FINEST, start=start, limit=_PAGE):
                for each in candles:
                    self._look(_traded(each))
                self._read_until[symbol] = intent.id, candles[-1].open_time
                if len(candles) < _PAGE:
                    return
                start = candles[-1].open_time + MINUTE
        except ExchangeError as error:
            self._failed(error)
            log.warning("candles_not_read", symbol=symbol, error=str(error))

    def _look(self, traded: Traded) -> None:
        intent = self._loop.core.watched(traded.symbol)
        if intent is not None and voids(intent, traded):
            self._loop.feed(traded)


def _traded(candle: Kline) -> Traded:
    low, high = Decimal(repr(candle.low)), Decimal(repr(candle.high))
    return Traded(symbol=candle.symbol, low=low, high=high, since=candle.open_time)
