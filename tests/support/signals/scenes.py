"""Scenes for the signals tests: candles, facts and bundles around one 15m close, written as a trader would say them."""

from __future__ import annotations

from collections.abc import Iterable

from services.signals.view import MarketView
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, AnalysisBundle, Fact
from shared.domain.timeframes import DURATION, MINUTE, TIMEFRAMES, Timeframe, closing_at

#: A 4h boundary, so that many timeframes close together: 2024-01-02 00:00 UTC is a day's boundary too.
DAWN = 1_704_153_600_000
CLOSE = DAWN + 15 * MINUTE
QUARTER = DURATION["15m"]


def candle(at: int, timeframe: Timeframe = "15m", symbol: str = "BTCUSDT", **changes: object) -> Candle:
    fields: dict[str, object] = {"open": 103.0, "high": 104.0, "low": 100.5, "close": 101.5, "volume": 10.0}
    return Candle(symbol=symbol, timeframe=timeframe, open_time=at - DURATION[timeframe], **(fields | changes))  # type: ignore[arg-type]  # a table row


def fact(kind: str, direction: str, bottom: float, top: float, **changes: object) -> Fact:
    known = CLOSE - 4 * QUARTER
    fields: dict[str, object] = {
        "id": f"{kind}-{direction}-{bottom}",
        "formed_at": known,
        "confirmed_at": known,
        "changed_at": known,
        "state": "active",
        "score": 0.8,
    }
    return Fact(kind=kind, direction=direction, bottom=bottom, top=top, **(fields | changes))  # type: ignore[arg-type]  # a table row


def block(direction: str = "bullish", bottom: float = 100.0, top: float = 101.0, **changes: object) -> Fact:
    return fact("order_block", direction, bottom, top, **changes)


def gap(direction: str = "bullish", bottom: float = 100.8, top: float = 102.0, **changes: object) -> Fact:
    return fact("fvg", direction, bottom, top, **changes)


def analysis(*active: Fact, trend: str = "up", atr: float = 1.0, of: Candle | None = None) -> Analysis:
    shown = of if of is not None else candle(CLOSE)
    return Analysis(
        symbol=shown.symbol,
        timeframe=shown.timeframe,
        candle=shown,
        trend=trend,  # type: ignore[arg-type]  # a table row
        atr=atr,
        events=(),
        active=active,
    )


def view(shown: Analysis, *, at: int = CLOSE, candles: int = 100, used: tuple[str, ...] = ()) -> MarketView:
    return MarketView(shown.symbol, at, closing_at(at), {shown.timeframe: shown}, {shown.timeframe: candles}, used)


def mirror(original: Fact, around: float = 103.0) -> Fact:
    """The same fact with prices turned upside down."""
    return Fact(
        id=original.id,
        kind=original.kind,
        direction="bearish" if original.direction == "bullish" else "bullish",
        bottom=2 * around - original.top,
        top=2 * around - original.bottom,
        formed_at=original.formed_at,
        confirmed_at=original.confirmed_at,
        changed_at=original.changed_at,
        state=original.state,
        score=original.score,
    )


def bundle(
    timeframe: Timeframe, at: int, symbols: Iterable[str] = ("BTCUSDT",), *active: Fact, partition: int = 0
) -> AnalysisBundle:
    analyses = tuple(analysis(*active, of=candle(at, timeframe, symbol)) for symbol in symbols)
    return AnalysisBundle(partition=partition, timeframe=timeframe, close_time=at, analyses=analyses)


def bundles_of(at: int, timeframes: tuple[Timeframe, ...] = TIMEFRAMES, *active: Fact) -> list[AnalysisBundle]:
    """Every bundle of one close, finest first."""
    return [bundle(timeframe, at, ("BTCUSDT",), *active) for timeframe in closing_at(at, timeframes)]
