"""A stage: candles and facts of several timeframes around one close, that a test changes piece by piece, and can mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from services.signals import judging
from services.signals.contract import Enabled, Strategy
from services.signals.view import MarketView
from services.signals.view.memory import MOMENTS
from services.signals.view.scope import Scope
from shared.domain.candles import Candle
from shared.domain.decisions import Reason, Signal
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import DURATION, Timeframe, closing_at, open_time
from tests.support.signals.scenes import DAWN

SYMBOL: Final = "BTCUSDT"
#: All prices are multiples of a power of two, so that mirrored prices are exact.
MIDDLE: Final = 100.0
_SIDES: Final[dict[str, FactKind]] = {
    "previous_day_high": "previous_day_low", "previous_week_high": "previous_week_low", "session_high": "session_low",
    "equal_highs": "equal_lows",
}  # fmt: skip
_OTHER_KIND: Final[dict[str, FactKind]] = {**_SIDES, **{low: high for high, low in _SIDES.items()}}  # type: ignore[dict-item]  # kinds
_OTHER_WAY: Final[dict[str, Any]] = {"bullish": "bearish", "bearish": "bullish", "none": "none", "up": "down", "down": "up"}


def fact(kind: FactKind, direction: Direction, bottom: float, top: float, confirmed_at: int, **changes: Any) -> Fact:
    """A living fact, known at a close (UTC ms); its id is its kind unless said otherwise."""
    fields: dict[str, Any] = {"formed_at": confirmed_at, "changed_at": confirmed_at, "state": "active", "score": 0.75}
    return Fact(
        **({"id": kind} | fields | changes),
        kind=kind,
        direction=direction,
        bottom=bottom,
        top=top,
        confirmed_at=confirmed_at,
    )


def ago(at: int, timeframe: Timeframe, candles: int) -> int:
    """The close that many candles before the newest one of a timeframe, UTC ms."""
    return open_time(at, timeframe) - candles * DURATION[timeframe]


@dataclass(frozen=True)
class Stage:
    """What one symbol shows at the close ``at`` (UTC ms); ``moments`` by timeframe, ``used`` as the core remembers them."""

    at: int = DAWN
    analyses: Mapping[Timeframe, Analysis] = field(default_factory=dict)
    moments: Mapping[Timeframe, tuple[Fact, ...]] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    candles: int = 1_000

    def ask(self, strategy: Strategy[Any], **settings: Any) -> Signal | tuple[Reason, ...]:
        """What the strategy says, asked as the core asks it: whatever it does wrong is among the reasons."""
        enabled = Enabled(strategy, strategy.settings.model_validate(settings))
        view = self.seen(enabled.scope)
        judgement, fault = judging.ask(enabled, view)
        assert fault is None, fault
        return judgement.signal if judgement.signal is not None else judgement.reasons

    def seen(self, scope: Scope) -> MarketView:
        """The view of a strategy that reads ``scope``."""
        moments: dict[Timeframe, dict[FactKind, list[Fact]]] = {}
        for frame, facts in self.moments.items():
            for each in facts:
                moments.setdefault(frame, {}).setdefault(each.kind, []).append(each)
        return MarketView(
            SYMBOL,
            self.at,
            closing_at(self.at, tuple(self.analyses)),
            self.analyses,
            dict.fromkeys(self.analyses, self.candles),
            self.used,
            scope=scope,
            moments=moments,
        )

    def facts(self) -> dict[str, Fact]:
        """Every fact by its id."""
        found = [each for analysis in self.analyses.values() for each in analysis.active]
        return {each.id: each for each in (*found, *(each for facts in self.moments.values() for each in facts))}

    def candle(self, timeframe: Timeframe, opened: float, high: float, low: float, close: float) -> Stage:
        """With this candle as the newest of a timeframe."""
        candle = Candle(
            symbol=SYMBOL, timeframe=timeframe, open_time=ago(self.at, timeframe, 1), open=opened, high=high, low=low,
            close=close, volume=1.0,
        )  # fmt: skip
        known = self.analyses.get(timeframe)
        shown = (
            Analysis(symbol=SYMBOL, timeframe=timeframe, candle=candle, trend="none", atr=1.0, events=(), active=())
            if known is None
            else msgspec.structs.replace(known, candle=candle)
        )
        return replace(self, analyses={**self.analyses, timeframe: shown})

    def trend(self, timeframe: Timeframe, trend: str) -> Stage:
        """With this trend."""
        return self._analysis(timeframe, trend=trend)

    def plus(self, timeframe: Timeframe, *facts: Fact) -> Stage:
        """With facts more: moments among the moments, the others active."""
        active = tuple(each for each in facts if each.kind not in MOMENTS)
        past = tuple(each for each in facts if each.kind in MOMENTS)
        windows = tuple(each for each in past if each.kind in ("kill_zone", "silver_bullet"))
        moments = {**self.moments, timeframe: (*self.moments.get(timeframe, ()), *past)}
        shown = self._analysis(timeframe, active=(*self.analyses[timeframe].active, *active, *windows))
        return replace(shown, moments=moments)

    def drop(self, *ids: str) -> Stage:
        """Without these facts."""
        assert set(ids) <= self.facts().keys(), ids
        return self._each(lambda each: None if each.id in ids else each)

    def change(self, which: str, **changes: Any) -> Stage:
        """With one fact changed."""
        assert which in self.facts(), which
        return self._each(lambda each: msgspec.structs.replace(each, **changes) if each.id == which else each)

    def mirrored(self) -> Stage:
        """The same with prices turned upside down around ``MIDDLE``: highs are lows, buys are sells."""
        turned = self._each(_turn)
        analyses = {
            frame: msgspec.structs.replace(
                each, trend=_OTHER_WAY.get(each.trend, each.trend), candle=turned_candle(each.candle)
            )
            for frame, each in turned.analyses.items()
        }
        return replace(turned, analyses=analyses)

    def _analysis(self, timeframe: Timeframe, **changes: Any) -> Stage:
        changed = msgspec.structs.replace(self.analyses[timeframe], **changes)
        return replace(self, analyses={**self.analyses, timeframe: changed})

    def _each(self, change: Any) -> Stage:
        def all_of(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
            return tuple(changed for each in facts if (changed := change(each)) is not None)

        analyses = {
            frame: msgspec.structs.replace(each, active=all_of(each.active)) for frame, each in self.analyses.items()
        }
        return replace(self, analyses=analyses, moments={frame: all_of(facts) for frame, facts in self.moments.items()})


def _turn(each: Fact) -> Fact:
    return msgspec.structs.replace(
        each,
        kind=_OTHER_KIND.get(each.kind, each.kind),
        direction=_OTHER_WAY[each.direction],
        top=2 * MIDDLE - each.bottom,
        bottom=2 * MIDDLE - each.top,
    )


def turned_candle(candle: Candle, middle: float = MIDDLE) -> Candle:
    """The candle upside down around a price, as the exchange would write it: to ten digits."""
    turned = [float(f"{2 * middle - price:.10g}") for price in (candle.open, candle.low, candle.high, candle.close)]
    return msgspec.structs.replace(candle, open=turned[0], high=turned[1], low=turned[2], close=turned[3])
