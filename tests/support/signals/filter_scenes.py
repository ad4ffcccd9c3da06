"""Scenes for the tests of filters: signals, and 1m analyses with the windows that are open at a moment in New York."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.signals.view import MarketView
from services.signals.view.history import History
from shared.domain.candles import Candle
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.facts import Analysis, Fact
from shared.domain.timeframes import MINUTE, closing_at
from tests.support.signals.scenes import CLOSE, analysis, candle, fact

NEW_YORK = ZoneInfo("America/New_York")


def new_york(moment: str) -> int:
    """UTC ms of a wall-clock time in New York: ``2026-07-01 09:30``, a Wednesday."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK).timestamp()) * 1000


def market(entry: float, stop: float, *, at: int = CLOSE, target: float | None = None, close_by: int = 0) -> Signal:
    return _signal(MarketEntry(price=entry), stop, at, target, close_by)


def limit(entry: float, stop: float, *, at: int = CLOSE, target: float | None = None, rests: int = 5) -> Signal:
    return _signal(LimitEntry(price=entry, rests_until=at + rests * MINUTE), stop, at, target, 0)


def window(kind: str, label: str, since: int, at: int) -> Fact:
    """A window of time that is open at ``at``, or a key open, of ``since``."""
    return fact(
        kind, "none", 100.0, 100.0, id=f"{label}-{since}", label=label, formed_at=since, confirmed_at=since, changed_at=at
    )


def minute(at: int, *active: Fact, symbol: str = "BTCUSDT", **prices: float) -> Analysis:
    """The 1m analysis of the candle that closes at ``at``."""
    return analysis(*active, of=candle(at, "1m", symbol, **prices))


def flat(at: int, price: float, *, low: float | None = None, high: float | None = None, state: str = "closed") -> Candle:
    """A 1m candle that opens and closes at a price, and reached as far as ``low`` and ``high``."""
    reach = {"low": price if low is None else low, "high": price if high is None else high}
    return candle(at, "1m", open=price, close=price, state=state, **reach)


def market_view(*minutes: Analysis, at: int = CLOSE, bars: Sequence[tuple[float, float, float]] = ()) -> MarketView:
    """What filters see at ``at``: the newest 1m analysis, and (high, low, close) of 15m candles."""
    history = History(
        last_open=at, highs=[each[0] for each in bars], lows=[each[1] for each in bars], closes=[each[2] for each in bars]
    )
    return MarketView(
        "BTCUSDT", at, closing_at(at), {each.timeframe: each for each in minutes}, {}, history={"15m": history},
        timeframe="15m",
    )  # fmt: skip


def _signal(entry: MarketEntry | LimitEntry, stop: float, at: int, target: float | None, close_by: int) -> Signal:
    price = entry.price
    return Signal(
        id=f"signal-{at}",
        symbol="BTCUSDT",
        strategy="ob_fvg",
        side="BUY" if stop < price else "SELL",
        entry=entry,
        stop=stop,
        exits=(Exit(price=2.0 * price - stop if target is None else target),),
        score=5.0,
        close_time=at,
        valid_until=at + MINUTE,
        rests_on=(),
        why="",
        close_by=close_by,
    )
