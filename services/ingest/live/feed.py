"""The live feed of one partition: streams in; steps and micro messages out (DATA-1, DATA-3, DATA-4).

A source (``shared.runtime.source``): it runs on one replica, and its state is one number, the next minute to leave. Whoever
takes over fetches what has passed since and goes on; a minute that both published is one minute, by its id.

Order at the start: the streams open (so that nothing is missed from here on), the history of every timeframe, the minutes
up to now, and then live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import structlog

from services.ingest.live import metrics, warm_up
from services.ingest.live.book_resync import BookResync
from services.ingest.live.connection import Connection
from services.ingest.live.feed_state import FeedState
from services.ingest.live.fetching import Questions, Unanswered, compare_with_exchange, due_of, rates_since, settled_before
from services.ingest.live.funding import FundingPassed
from services.ingest.live.minutes import Fetch
from services.ingest.live.task_group import TaskGroup
from services.ingest.settings.live import LiveSettings
from shared.bus.port import Bus
from shared.domain.candles import FeedStep
from shared.domain.control import Alert, FundingDue, Severity
from shared.domain.timeframes import FINEST, MINUTE, Timeframe
from shared.exchange.model.market_data import Kline
from shared.exchange.model.streams import Heard, StreamName
from shared.exchange.port import MarketData
from shared.runtime.source import Lease
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)


class OpenExchange(MarketData, Protocol):
    """What the feed needs of an exchange: market data, and to be opened and closed."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...


class Cursor(msgspec.Struct, frozen=True):
    """What a successor must know. ``next_close``: close time of the first step that has not left, ms."""

    next_close: int


class Feed:
    """Publishes one partition's closed minutes, micro messages and alerts."""

    def __init__(
        self,
        partition: int,
        symbols: Sequence[str],
        timeframes: Sequence[Timeframe],
        settings: LiveSettings,
        bus: Bus,
        open_exchange: Callable[[], OpenExchange],
        *,
        max_gap_minutes: int,
        chance: Callable[[], float],
    ) -> None:
        self._partition = partition
        self._symbols = tuple(symbols)
        self._timeframes = tuple(timeframes)
        self._settings = settings
        self._bus = bus
        self._open_exchange = open_exchange
        self._max_gap_ms = max_gap_minutes * MINUTE
        self._chance = chance
        self._questions = Questions(settings, chance)
        self._wake = asyncio.Event()
        self._connections: list[Connection] = []
        self._begun = False

    def trouble(self) -> str:
        """The streams that are not live; before the first minute may leave, that (see ``Source``)."""
        found = [trouble for connection in self._connections if (trouble := connection.trouble())]
        return "; ".join(found if self._begun else ["waits for the exchange, or for its history", *found])

    async def run(self, lease: Lease) -> None:
        """Until cancelled. Raises Fenced when another replica has taken over."""
        self._exchange = self._open_exchange()
        self._tasks = TaskGroup(f"feed p{self._partition}")
        try:
            await self._questions.insist("start", self._exchange.start)
            known = await self._known_symbols()
            cursor = self._cursor(lease)
            begin = warm_up.anchor(self._exchange.now(), self._timeframes) if cursor is None else cursor.next_close - MINUTE
            self._state = FeedState(self._partition, known, begin + MINUTE, self._settings)
            self._resync = BookResync(self._state.books, self._exchange, self._questions, self._settings)
            self._connections = self._connect()
            for connection in self._connections:
                self._tasks.start(connection.run(), connection.label)
            self._tasks.start(self._send_flow(), "flow")
            for symbol, rates in (await settled_before(begin, known, self._exchange, self._questions)).items():
                self._state.settle(symbol, rates)
            if cursor is None:
                await self._send_history(begin)
                await lease.save(msgspec.msgpack.encode(Cursor(begin + MINUTE)))
            self._tasks.start(self._send_steps(lease), "steps")
            self._begun = True
            if self._settings.audit_every_minutes:
                self._tasks.start(self._audit_now_and_then(), "audit")
            await self._tasks.first_fault()
        finally:
            await self._tasks.cancel()
            await self._exchange.close()

    # -- beginning ----------------------------------------------------------------------------------------------------

    def _cursor(self, lease: Lease) -> Cursor | None:
        """Where the last one stopped; None when that is unknown, or so long ago that the session begins anew."""
        if lease.state is None:
            return None
        cursor = msgspec.msgpack.decode(lease.state, type=Cursor)
        gap = self._exchange.now() - cursor.next_close
        if gap > self._max_gap_ms:
            log.warning("feed_restarted", partition=self._partition, minutes=gap // MINUTE)
            return None
        log.info("feed_resumed", partition=self._partition, minutes=max(0, gap // MINUTE))
        return cursor

    async def _known_symbols(self) -> tuple[str, ...]:
        """Return the symbols that the exchange lists; the others raise one alert, and are missing at every minute.

        One whose filters cannot be read has candles all the same; what is held there needs them.
        """
        info = await self._questions.insist("exchange info", self._exchange.exchange_info)
        listed = {*info.symbols, *(each.symbol for each in info.left_out)}
        strangers = [symbol for symbol in self._symbols if symbol not in listed]
        for symbol in strangers:
            await self._alert("critical", f"unknown_symbol:{symbol}", f"{symbol} is not a symbol of the exchange: remove it")
        return tuple(symbol for symbol in self._symbols if symbol not in strangers)

    def _connect(self) -> list[Connection]:
        names = [
            StreamName(kind, symbol, FINEST if kind == "kline" else None)
            for symbol in self._state.symbols
            for kind in ("kline", "agg_trade", "mark_price", "liquidation", "book_ticker", "depth")
            if kind != "depth" or self._settings.depth
        ]
        return [
            Connection(
                f"p{self._partition}.{number}",
                self._exchange,
                group,
                self._settings,
                hear=self._hear,
                opened=self._opened,
                caught_up=self._caught_up,
                reachable=lambda: self._questions.answered("time", self._exchange.server_time()),
                chance=self._chance,
            )
            for number, group in enumerate(self._exchange.together(names) if names else [])
        ]

    async def _send_history(self, begin: int) -> None:
        for want in warm_up.wanted(begin, self._timeframes, self._settings.warm_up.candles):

            async def one(symbol: str, want: warm_up.Wanted = want) -> Sequence[Kline]:
                return await self._questions.insist(
                    "history",
                    lambda: self._exchange.klines(symbol, want.timeframe, start=want.first, end=want.last, limit=want.count),
                )

            fetched = await asyncio.gather(*(one(symbol) for symbol in self._state.symbols))
            pieces = warm_up.messages(self._partition, want, fetched, self._settings.warm_up.message_candles)
            for piece in pieces:
                await self._bus.publish([piece])
        log.info("history_sent", partition=self._partition, timeframes=list(self._timeframes))

    # -- events -------------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        """The exchange's clock, ms: as measured, or as its newest event says when that is ahead."""
        return max(self._exchange.now(), self._state.now)

    def _hear(self, heard: Heard) -> None:
        consequence = self._state.hear(heard, self._exchange.now())
        if heard.stream.kind == "kline":
            self._wake.set()
        if consequence is not None:
            self._tasks.follow(self._settle_funding(consequence), "funding")
        if self._state.broken:
            self._resync_books()

    def _opened(self, names: Sequence[StreamName]) -> None:
        self._state.void_books([name.symbol for name in names if name.kind == "depth"])
        self._resync_books()
        self._wake.set()

    def _caught_up(self, names: Sequence[StreamName]) -> bool:
        """Nothing that these streams missed is missing any more."""
        board = self._state.board
        minutes = board.behind(self._now() - self._settings.minutes.close_grace_ms)
        for name in names:
            if name.kind == "kline" and minutes:
                return False
            if name.kind == "depth" and not self._state.books[name.symbol].synced:
                return False
        return True

    def _resync_books(self) -> None:
        broken, self._state.broken = self._state.broken, set()
        for symbol in broken:
            self._tasks.follow(self._resync.resync(symbol), f"book {symbol}")
            for connection in self._connections:
                if any(name.kind == "depth" and name.symbol == symbol for name in connection.names):
                    connection.dog.missed()

    async def _settle_funding(self, passed: FundingDue | FundingPassed) -> None:
        due: FundingDue | None
        if isinstance(passed, FundingDue):
            due = passed
        else:
            rates = await rates_since(passed.symbol, passed.time - MINUTE, self._exchange, self._questions)
            self._state.settle(passed.symbol, rates)
            due = due_of(passed, rates)
        if due is not None:
            await self._bus.publish([due])

    # -- what leaves --------------------------------------------------------------------------------------------------

    async def _send_steps(self, lease: Lease) -> None:
        board = self._state.board
        while True:
            await wait_at_most(self._wake, self._settings.look_every_ms / 1_000)
            self._wake.clear()
            now = self._now()
            for fetch in board.due(now, _own_ms()):
                self._tasks.follow(self._fetch(fetch), f"fetch {fetch.symbol}")
            while steps := self._state.ready(self._now(), _own_ms(), most=100):
                await self._bus.publish(steps)
                await lease.save(msgspec.msgpack.encode(Cursor(board.next_close)))
                for step in steps:
                    self._left(step)
            metrics.BEHIND.labels(str(self._partition)).set(board.behind(now))

    async def _fetch(self, fetch: Fetch) -> None:
        board, symbol = self._state.board, fetch.symbol
        count = (fetch.last - fetch.first) // MINUTE + 2  # one more than wanted: a candle with a later one is closed
        try:
            klines = await self._questions.ask(
                "klines", self._exchange.klines(symbol, FINEST, start=fetch.first, end=fetch.last + MINUTE, limit=count)
            )
        except Unanswered:
            board.failed(fetch, _own_ms(), self._questions.pause_ms(board.failures(symbol) + 1))
        else:
            board.fetched(fetch, klines, self._now(), _own_ms(), self._state.now)
        self._wake.set()

    def _left(self, step: FeedStep) -> None:
        label, audit = str(self._partition), self._state.audit
        audit.left(step)
        metrics.EXPECTED.labels(label).inc(len(self._state.symbols))
        for candle in step.candles:
            metrics.PUBLISHED.labels(label, "backfilled" if candle.backfilled else "closed").inc()
        metrics.ACCURACY.labels(label).set(audit.accuracy)

    async def _audit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._settings.audit_every_minutes * 60)
            for difference in await compare_with_exchange(
                self._state.audit, self._state.symbols, self._exchange, self._questions
            ):
                metrics.WRONG.labels(str(self._partition)).inc()
                text = f"{difference.symbol}: the candle that opened at {difference.open_time} was published otherwise"
                await self._alert("warning", f"candle_wrong:{difference.symbol}", text)
            metrics.ACCURACY.labels(str(self._partition)).set(self._state.audit.accuracy)

    async def _send_flow(self) -> None:
        while True:
            await asyncio.sleep(self._settings.micro_every_ms / 1_000)
            messages = self._state.flow(self._now())
            if messages:
                await self._bus.publish(messages)

    async def _alert(self, severity: Severity, key: str, text: str) -> None:
        await self._bus.publish([Alert(severity=severity, source="ingest", key=key, text=text, time=self._exchange.now())])


def _own_ms() -> int:
    """Our own clock that never jumps, ms."""
    return int(asyncio.get_running_loop().time() * 1_000)
