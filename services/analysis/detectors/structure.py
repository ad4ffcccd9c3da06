"""Breaks of structure and changes of character, and the trend that follows from them (ICT-1, ICT-2; ict.md 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.analysis.close import CandleClose
from services.analysis.detectors.swings import Swings
from services.analysis.lifecycle import BIRTH
from services.analysis.settings import StructureSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.ids import derive

Trend = Literal["up", "down", "none"]


class StructureState(msgspec.Struct):
    trend: Trend = "none"
    last: Fact | None = None


class Structure:
    """A close beyond the last confirmed, unbroken swing is a break: once a swing, at that close.

    BOS if it goes with the trend (or there was none yet), CHoCH if it goes against it; then the trend is the break's. A
    close *at* the level is no break. The swing must have been confirmed by an earlier candle.

    With ``break_on = wick`` any trade beyond the level breaks it; a candle that trades beyond both swings breaks neither,
    because its order of highs and lows is unknown. With ``min_displacement_atr`` a weaker candle leaves the swing unbroken,
    and a later, stronger one may still break it; until the ATR is warm nothing breaks.
    """

    __slots__ = ("_min_displacement", "_on_close", "state")

    def __init__(self, settings: StructureSettings) -> None:
        self._on_close = settings.break_on == "close"
        self._min_displacement = settings.min_displacement_atr
        self.state = StructureState()

    def update(self, now: CandleClose, swings: Swings) -> Sequence[Fact]:
        """Nothing, or the broken swing followed by the BOS or CHoCH."""
        high, low = swings.state.high, swings.state.low
        upper, lower = (now.close, now.close) if self._on_close else (now.high, now.low)
        up = high is not None and upper > high.top and high.state == "active"
        down = low is not None and lower < low.bottom and low.state == "active"
        if up == down:
            return ()
        if self._min_displacement:
            body = now.close - now.open if up else now.open - now.close
            if now.atr <= 0.0 or body < self._min_displacement * now.atr:
                return ()
        direction: Direction = "bullish" if up else "bearish"
        swing = swings.broken(now, direction)
        against: Trend = "down" if up else "up"
        kind: FactKind = "choch" if self.state.trend == against else "bos"
        event = Fact(
            id=derive(now.symbol, now.timeframe, kind, direction, swing.formed_at),
            kind=kind,
            direction=direction,
            top=swing.top,
            bottom=swing.bottom,
            formed_at=swing.formed_at,
            confirmed_at=now.close_time,
            changed_at=now.close_time,
            state=BIRTH[kind],
            why=self._why(now, swing, kind, up),
        )
        self.state.trend = "up" if up else "down"
        self.state.last = event
        return (swing, event)

    def _why(self, now: CandleClose, swing: Fact, kind: FactKind, up: bool) -> str:
        name = "Change of character" if kind == "choch" else "Break of structure"
        reached = now.close if self._on_close else (now.high if up else now.low)
        trend = "no trend yet" if self.state.trend == "none" else f"trend {self.state.trend}"
        return (
            f"{name} {'up' if up else 'down'}: candle {at(now.open_time)} {'closed' if self._on_close else 'traded'} at "
            f"{price(reached)}, {'above swing high' if up else 'below swing low'} {price(swing.top)} of "
            f"{at(swing.formed_at)}, with {trend} before."
        )
