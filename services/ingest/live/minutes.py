"""From streamed and fetched klines to one complete step a minute, in order, and nothing before what is older (DATA-3).

A minute of a symbol runs, and is closed by the stream's closing frame. Where that frame does not come, the candle is fetched
by REST; where the exchange itself has none, the symbol is declared missing at this minute. A step leaves when every symbol
of the partition has one of these, and never before the step of the minute before. While the exchange cannot be heard at all,
nothing leaves: after the outage every minute is fetched, and leaves in order.

Pure. ``now``: the exchange's clock, ms: minutes are due by it. ``own``: ms of our own clock that never jumps: retries wait
by it, so that neither a wrong clock nor a simulated one that runs fast changes how hard the exchange is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from services.ingest.settings.live import MinutesSettings
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.order_flow import traded_flow
from shared.domain.timeframes import MINUTE
from shared.exchange.model.market_data import Kline

MinuteState = Literal[
    "running",  # the minute is not over, or its closing frame is awaited
    "closed",  # the stream closed it
    "backfilled",  # REST brought it
    "missing",  # the exchange has none, or it could not be had in time
    "published",  # the step has left: later frames change nothing
]
MinuteEvent = Literal["close", "fetch", "absent", "publish"]
#: state → event → state, of one minute of one symbol. What is closed again with other numbers: the last counts.
TRANSITIONS: Final[dict[MinuteState, dict[MinuteEvent, MinuteState]]] = {
    "running": {"close": "closed", "fetch": "backfilled", "absent": "missing"},
    "closed": {"close": "closed", "publish": "published"},
    "backfilled": {"close": "closed", "publish": "published"},
    "missing": {"close": "closed", "fetch": "backfilled", "publish": "published"},
    "published": {},
}
#: What was done with a kline from a stream.
Hearing = Literal[
    "running",  # taken: the minute as it stands
    "closed",  # taken: the minute is over
    "revised",  # taken: it was closed before, with other numbers
    "repeated",  # dropped: nothing new
    "late",  # dropped: its minute was published
    "unknown",  # dropped: not one of the partition's symbols, or not a whole minute
    "overflow",  # dropped: too many wait; it will be fetched
]


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the exchange for these minutes: from ``first`` to ``last`` (open times, ms, both included)."""

    symbol: str
    first: int
    last: int


class Waiting(msgspec.Struct, kw_only=True):
    """One symbol. ``held``: closed and fetched candles by open time. ``absent``: minutes that the exchange does not have, or
    that were given up. ``fetching``: a fetch is on its way. ``failing_since``: own time of the first failure in a row."""

    held: dict[int, RawCandle] = msgspec.field(default_factory=dict)
    absent: set[int] = msgspec.field(default_factory=set)
    running: Kline | None = None
    fetching: bool = False
    retry_at: int = 0
    failures: int = 0
    failing_since: int = 0


def raw_of(kline: Kline, *, backfilled: bool) -> RawCandle:
    """An exchange's kline as a source delivers it."""
    return RawCandle(
        symbol=kline.symbol,
        open_time=kline.open_time,
        open=kline.open,
        high=kline.high,
        low=kline.low,
        close=kline.close,
        volume=kline.volume,
        backfilled=backfilled,
        flow=traded_flow(kline.volume, kline.taker_volume, kline.trades),
    )


class MinuteBoard:
    """One partition. ``next_close``: close time (UTC ms) of the first step that is still to leave."""

    def __init__(self, partition: int, symbols: Sequence[str], next_close: int, settings: MinutesSettings) -> None:
        if next_close % MINUTE:
            raise ValueError(f"{next_close} is not on a whole minute: a feed begins at one")
        self._partition = partition
        self._symbols = tuple(symbols)
        self._settings = settings
        self._waiting = {symbol: Waiting() for symbol in symbols}
        self._open = next_close - MINUTE
        self.counts: dict[str, int] = {}

    @property
    def next_close(self) -> int:
        """Close time of the next step."""
        return self._open + MINUTE

    def running(self) -> Mapping[str, Kline]:
        """The newest running candle of each symbol that has one."""
        return {symbol: waiting.running for symbol, waiting in self._waiting.items() if waiting.running is not None}

    def behind(self, now: int) -> int:
        """Whole minutes that are over and have not left."""
        return max(0, (now - self._open) // MINUTE)

    def state(self, symbol: str, open_time: int) -> MinuteState:
        """Where one minute of one symbol stands."""
        waiting = self._waiting[symbol]
        if open_time < self._open:
            return "published"
        candle = waiting.held.get(open_time)
        if candle is not None:
            return "backfilled" if candle.backfilled else "closed"
        return "missing" if open_time in waiting.absent else "running"

    # -- what is heard and fetched ------------------------------------------------------------------------------------

    def hear(self, kline: Kline) -> Hearing:
        """Take a one-minute kline of the stream."""
        hearing = self._hear(kline)
        self.counts[hearing] = self.counts.get(hearing, 0) + 1
        return hearing

    def _hear(self, kline: Kline) -> Hearing:
        waiting = self._waiting.get(kline.symbol)
        at = kline.open_time
        if waiting is None or at % MINUTE or kline.timeframe != "1m":
            return "unknown"
        if at < self._open:
            return "late"
        if not kline.closed:
            known = waiting.running
            if (known is not None and at < known.open_time) or at in waiting.held:
                return "repeated"
            waiting.running = kline
            return "running"
        candle, known_closed = raw_of(kline, backfilled=False), waiting.held.get(at)
        if known_closed is not None and not known_closed.backfilled:
            if known_closed == candle:
                return "repeated"
            waiting.held[at] = candle
            return "revised"
        if known_closed is None and len(waiting.held) >= self._settings.max_pending and at != self._open:
            return "overflow"
        waiting.held[at] = candle
        waiting.absent.discard(at)
        return "closed"

    def due(self, now: int, own: int) -> list[Fetch]:
        """What must be asked for now; each fetch must be answered by ``fetched`` or ``failed``."""
        last_over = now - self._settings.close_grace_ms - MINUTE  # open times up to here are overdue
        fetches = []
        for symbol, waiting in self._waiting.items():
            if waiting.fetching or own < waiting.retry_at:
                continue
            span = self._wanted(waiting, last_over)
            if span is not None:
                waiting.fetching = True
                fetches.append(Fetch(symbol=symbol, first=span[0], last=span[1]))
        return fetches

    def _wanted(self, waiting: Waiting, last_over: int) -> tuple[int, int] | None:
        """First and last overdue minute that this symbol lacks, within one answer; None when it lacks none.

        Only within reach of the next step: an answer that cannot leave yet would only be held.
        """
        last = min(last_over, self._open + (self._settings.fetch_limit - 1) * MINUTE)
        last -= last % MINUTE
        first = self._open
        while first <= last and (first in waiting.held or first in waiting.absent):
            first += MINUTE
        while last > first and (last in waiting.held or last in waiting.absent):
            last -= MINUTE
        return (first, last) if first <= last else None

    def fetched(self, fetch: Fetch, klines: Sequence[Kline], now: int, own: int, heard: int = 0) -> None:
        """The exchange's answer. What it does not contain it does not have: missing once it is old enough, else asked again.

        A row counts as closed when the answer has a later one, when the streams (``heard``: newest time of theirs) are past
        its end, or when it has been over for ``missing_after_ms``: a clock that is wrong by seconds closes no candle. A row
        that may still run is asked for again. A closing frame that came meanwhile stays.
        """
        waiting, settings = self._waiting[fetch.symbol], self._settings
        waiting.fetching, waiting.failures, waiting.retry_at = False, 0, 0
        unfinished: set[int] = set()
        newest = max((kline.open_time for kline in klines), default=0)
        for kline in klines:
            at = kline.open_time
            if kline.symbol != fetch.symbol or not fetch.first <= at <= fetch.last or at % MINUTE:
                continue
            over = at + MINUTE
            if not (at < newest or over <= heard or (kline.closed and over + settings.missing_after_ms <= now)):
                unfinished.add(at)
            elif at >= self._open and at not in waiting.held:
                waiting.held[at] = raw_of(kline, backfilled=True)
                waiting.absent.discard(at)
                self.counts["backfilled"] = self.counts.get("backfilled", 0) + 1
        for at in range(max(fetch.first, self._open), fetch.last + MINUTE, MINUTE):
            if at in waiting.held:
                continue
            if now - (at + MINUTE) >= settings.missing_after_ms and at not in unfinished:
                waiting.absent.add(at)
            else:
                waiting.retry_at = own + settings.retry_ms

    def failed(self, fetch: Fetch, own: int, pause_ms: int) -> None:
        """The exchange did not answer; it is asked again after the pause."""
        waiting = self._waiting[fetch.symbol]
        waiting.fetching = False
        if not waiting.failures:
            waiting.failing_since = own
        waiting.failures += 1
        waiting.retry_at = own + pause_ms

    def failures(self, symbol: str) -> int:
        """Fetches of the symbol that failed in a row."""
        return self._waiting[symbol].failures

    # -- what leaves --------------------------------------------------------------------------------------------------

    def ready(self, now: int, own: int, most: int = 1_000) -> list[FeedStep]:
        """The steps that are complete, in order, at most ``most`` of them; they have left with this."""
        steps: list[FeedStep] = []
        while len(steps) < most:
            candles = self._complete(now, own)
            if candles is None:
                break
            steps.append(FeedStep(partition=self._partition, close_time=self.next_close, candles=candles))
            for waiting in self._waiting.values():
                waiting.held.pop(self._open, None)
                waiting.absent.discard(self._open)
                if waiting.running is not None and waiting.running.open_time <= self._open:
                    waiting.running = None
            self._open += MINUTE
        return steps

    def _complete(self, now: int, own: int) -> tuple[RawCandle, ...] | None:
        """The candles of the next step, or None while one is awaited.

        A partition without symbols publishes steps without candles.
        """
        at = self._open
        if not self._symbols:
            return () if now >= self.next_close else None
        found: list[RawCandle] = []
        awaited: list[Waiting] = []
        for waiting in self._waiting.values():
            candle = waiting.held.get(at)
            if candle is not None:
                found.append(candle)
            elif at not in waiting.absent:
                awaited.append(waiting)
        patience = self._settings.give_up_after_ms
        given_up = found and all(each.failures and own - each.failing_since >= patience for each in awaited)
        if awaited and not given_up:
            return None
        missing = len(self._symbols) - len(found)
        if missing:
            self.counts["missing"] = self.counts.get("missing", 0) + missing
        return tuple(found)
