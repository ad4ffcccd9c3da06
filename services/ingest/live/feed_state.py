"""State of one partition's feed: takes every stream event, gives micro messages, mark prices and funding.

Pure, and on the hot path: thousands of events a second, each a few microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from services.ingest.live.audit import Audit
from services.ingest.live.book import LocalBook
from services.ingest.live.funding import FundingPassed, FundingWatch
from services.ingest.live.metrics import BOOKS, EVENTS, FORCED, KLINES, LAG
from services.ingest.live.micro import MicroMeter
from services.ingest.live.minute_flow import MinuteFlow
from services.ingest.live.minutes import MinuteBoard
from services.ingest.settings.live import FeedKind, LiveSettings
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.control import FundingDue, MarkPrices
from shared.domain.message import Message
from shared.domain.settled_rates import SettledRates
from shared.domain.timeframes import MINUTE
from shared.exchange.model.market_data import AggTrade, BookTicker, FundingRate, MarkPrice
from shared.exchange.model.streams import DepthEvent, Heard, KlineEvent, LiquidationEvent

#: What follows from an event, for the shell to do.
Consequence = FundingDue | FundingPassed
#: Settled funding rates remembered for each symbol: a week of hourly ones and more.
_RATES: Final = 256


class FeedState:
    """Candles, order books, order flow and funding of one partition's symbols.

    now: newest event time of the exchange, ms; 0 before the first event.
    """

    def __init__(self, partition: int, symbols: Sequence[str], next_close: int, settings: LiveSettings) -> None:
        self.symbols = tuple(symbols)
        self._partition = partition
        self.board = MinuteBoard(partition, symbols, next_close, settings.minutes)
        self.audit = Audit(symbols, max(1, 4 * settings.audit_every_minutes))
        self.books = {symbol: LocalBook(settings.book) for symbol in symbols} if settings.depth else {}
        self.broken: set[str] = set()
        self.now = 0
        self._meters = {symbol: MicroMeter(symbol, settings.micro_max_age_ms) for symbol in symbols}
        self._fundings = {symbol: FundingWatch(symbol, settings.silence.mark_price or 60_000) for symbol in symbols}
        self._minutes = {symbol: MinuteFlow() for symbol in symbols}
        self._rates = {symbol: SettledRates(_RATES) for symbol in symbols}
        self._events = {(symbol, kind): EVENTS.labels(symbol, kind) for symbol in symbols for kind in get_args(FeedKind)}
        self._lags = {kind: LAG.labels(kind) for kind in get_args(FeedKind)}
        self._hearings = {hearing: KLINES.labels(hearing) for hearing in ("running", "closed", "revised", "repeated")}

    def hear(self, heard: Heard, now: int) -> Consequence | None:
        """Apply one stream event; return what the caller must publish or fetch. ``now``: the exchange's clock, ms."""
        event, stream = heard.event, heard.stream
        counter = self._events.get((stream.symbol, stream.kind))
        if counter is None:
            return None  # a stream that nobody asked for
        counter.inc()
        if isinstance(event, LiquidationEvent):
            FORCED.labels(event.symbol, event.side).inc()
            self._meters[event.symbol].liquidation(event)
            return None
        if event.time > self.now:
            self.now = event.time
        self._lags[stream.kind].observe(max(0, now - event.time) / 1_000)
        if isinstance(event, BookTicker):
            self._meters[event.symbol].ticker(event)
        elif isinstance(event, AggTrade):
            self._meters[event.symbol].trade(event)
        elif isinstance(event, DepthEvent):
            if event.symbol in self.books and self.books[event.symbol].diff(event) == "gap":
                BOOKS.labels(event.symbol, "gap").inc()
                self.broken.add(event.symbol)
        elif isinstance(event, KlineEvent):
            hearing = self.board.hear(event.kline)
            (self._hearings.get(hearing) or KLINES.labels(hearing)).inc()
        elif isinstance(event, MarkPrice):
            return self._settled(self._fundings[event.symbol].hear(event))
        return None

    def settle(self, symbol: str, rates: Sequence[FundingRate]) -> None:
        """Take funding rates of the past as the exchange lists them; with none, the one that was waited for was not paid."""
        for each in rates:
            self._rates[symbol].settle(each.time, float(each.rate))
        if not rates:
            self._rates[symbol].give_up()

    def ready(self, now: int, own: int, most: int) -> list[FeedStep]:
        """The steps that leave now, see ``MinuteBoard.ready``; each candle with what is known of its minute beside it."""
        steps = self.board.ready(now, own, most)
        return [msgspec.structs.replace(step, candles=tuple(map(self._dressed, step.candles))) for step in steps]

    def _dressed(self, candle: RawCandle) -> RawCandle:
        """The candle with spread and imbalance of its minute, and the last funding settled before its close."""
        rates = self._rates[candle.symbol]
        due = self._fundings[candle.symbol].due
        if 0 < due < candle.open_time + MINUTE:
            rates.wait_for(due)  # its time has passed, and no mark price has said so yet
        candle = self._minutes[candle.symbol].dressed(candle)
        funding = rates.known(candle.open_time + MINUTE)
        return candle if funding is None else msgspec.structs.replace(candle, funding=funding)

    def _settled(self, consequence: Consequence | None) -> Consequence | None:
        if isinstance(consequence, FundingDue):
            self._rates[consequence.symbol].settle(consequence.time, float(consequence.rate))
        elif consequence is not None:
            self._rates[consequence.symbol].wait_for(consequence.time)
        return consequence

    def void_books(self, symbols: Sequence[str]) -> None:
        """Reset the order books of these symbols: their depth streams were interrupted."""
        for symbol in symbols:
            if symbol in self.books:
                self.books[symbol].reset()
                self.broken.add(symbol)

    def flow(self, now: int) -> list[Message]:
        """Return each symbol's newest micro message, and the mark prices that are new; called once a second."""
        micros = [self._meters[symbol].take(now, self.books.get(symbol)) for symbol in self.symbols]
        for micro in micros:
            if micro is not None:
                self._minutes[micro.symbol].take(micro)
        messages: list[Message] = [micro for micro in micros if micro is not None]
        marks = tuple(mark for mark in (self._fundings[symbol].take() for symbol in self.symbols) if mark is not None)
        if marks:
            messages.append(MarkPrices(partition=self._partition, time=now, prices=marks))
        return messages
