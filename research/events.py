"""What ``ict analyse`` writes: one line an event, in the order in which it became knowable (ICT-15)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from research.market import Market
from services.analysis.base.finding import Finding
from services.analysis.core import AnalysisCore
from services.analysis.engine import Engine
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle, CandleBundle
from shared.domain.facts import Analysis, AnalysisBundle, Fact
from shared.domain.timeframes import DURATION, Timeframe

#: Candles given to the engine at once.
_PORTION: Final = 4_096


class Told(NamedTuple):
    """One event: the close (UTC ms) at which it became knowable, its symbol, and what it says as canonical JSON."""

    confirmed_at: int
    symbol: str
    line: bytes


def told(symbol: str, timeframe: Timeframe, fact: Fact) -> Told:
    """A fact as an event of its own.

    ``confirmed_at`` is the close that made *this event* knowable; ``since`` the one that made the fact known at first, which
    is earlier when the event is a change of its state.
    """
    said: dict[str, Any] = msgspec.structs.asdict(fact)
    said["since"] = said.pop("confirmed_at")
    said["confirmed_at"] = said.pop("changed_at")
    said["symbol"] = symbol
    said["timeframe"] = timeframe
    return Told(fact.changed_at, symbol, canonical(said))


def canonical(said: object) -> bytes:
    """JSON with sorted keys and no spaces: the same content is the same bytes."""
    return msgspec.json.encode(said, order="sorted")


def replay(candles: Iterable[Candle], settings: AnalysisSettings) -> Iterator[Fact]:
    """The engine's facts over candles of one symbol and timeframe, as they happen, in memory that does not grow."""
    for engine, findings in findings_of(candles, settings):
        yield from engine.facts(findings)


def findings_of(candles: Iterable[Candle], settings: AnalysisSettings) -> Iterator[tuple[Engine, list[Finding]]]:
    """The same as findings, portion by portion, with the engine that can make facts of them."""
    engine: Engine | None = None
    portion: list[Candle] = []
    for candle in candles:
        if engine is None:
            engine = Engine(candle.symbol, candle.timeframe, settings)
        if candle.state == "disputed":
            yield engine, _run(engine, portion)
            engine.update(candle)
            portion = []
            continue
        portion.append(candle)
        if len(portion) == _PORTION:
            yield engine, _run(engine, portion)
            portion = []
    if engine is not None:
        yield engine, _run(engine, portion)


def _run(engine: Engine, candles: list[Candle]) -> list[Finding]:
    return engine.run(
        [candle.open_time for candle in candles],
        [candle.open for candle in candles],
        [candle.high for candle in candles],
        [candle.low for candle in candles],
        [candle.close for candle in candles],
        [candle.volume for candle in candles],
    )


def stream(market: Market, settings: AnalysisSettings, on_close: Callable[[int], None]) -> Iterator[Told]:
    """Every event of every symbol, by time, then symbol, then the engine's own order. ``on_close`` hears of progress.

    Symbols that the settings pair are read against each other as they are live; that costs them the quick way.
    """
    if any(read_in_pairs(market, symbol, settings) for symbol in market.symbols):
        return _together(market, settings, on_close)
    apart = (_alone(market, symbol, settings, on_close) for symbol in market.symbols)
    return heapq.merge(*apart, key=lambda event: event[:2])


def _alone(market: Market, symbol: str, settings: AnalysisSettings, on_close: Callable[[int], None]) -> Iterator[Told]:
    def watched() -> Iterator[Candle]:
        for candle in market.candles(symbol):
            on_close(candle.close_time)
            yield candle

    for fact in replay(watched(), settings):
        yield told(symbol, market.timeframe, fact)


def read_in_pairs(market: Market, symbol: str, settings: AnalysisSettings) -> bool:
    """True when the settings pair this symbol with another one of the market."""
    pairs = settings.cross.pairs if settings.cross.enabled else ()
    return any(symbol in (pair.first, pair.second) and {pair.first, pair.second} <= set(market.symbols) for pair in pairs)


def _together(market: Market, settings: AnalysisSettings, on_close: Callable[[int], None]) -> Iterator[Told]:
    for analysis in analyses(market, settings, on_close):
        for fact in analysis.events:
            yield told(analysis.symbol, market.timeframe, fact)


def analyses(market: Market, settings: AnalysisSettings, on_close: Callable[[int], None]) -> Iterator[Analysis]:
    """All symbols through the live core, as one partition that gets the missing symbols at every close."""
    timeframe = market.timeframe
    core = AnalysisCore(0, timeframe, settings)
    due: int | None = None
    for close_time, candles in market.closes():
        while due is not None and due < close_time:
            core.handle(
                CandleBundle(partition=0, timeframe=timeframe, close_time=due, candles=(), missing=market.symbols), due
            )
            due += DURATION[timeframe]
        due = close_time + DURATION[timeframe]
        there = {candle.symbol for candle in candles}
        missing = tuple(symbol for symbol in market.symbols if symbol not in there)
        bundle = CandleBundle(partition=0, timeframe=timeframe, close_time=close_time, candles=candles, missing=missing)
        on_close(close_time)
        for message in core.handle(bundle, close_time):
            if isinstance(message, AnalysisBundle):
                yield from message.analyses
