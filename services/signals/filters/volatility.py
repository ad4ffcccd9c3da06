"""Volatility: no entries in a market that is too calm to pay for a trade, or too wild to place a stop in (SIG-6).

1. The volatility of a candle of the strategy's timeframe is the mean true range of ``period`` candles over its close.
2. Its rank is the share of the ``window`` candles before whose volatility was lower (of equal ones, half). It must lie from
   ``lowest_rank`` to ``highest_rank``.
3. The volatility itself must lie from ``lowest`` to ``highest``. While fewer candles followed each other without a gap,
   it is not known, and the signal is stopped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.filters.contract import Filter, FilterSettings
from services.signals.gates import Gate
from services.signals.view import MarketView
from services.signals.view.history import Bars
from shared.domain.decisions import Signal
from shared.domain.facts import FactKind
from shared.domain.timeframes import Timeframe


class VolatilitySettings(FilterSettings):
    """Settings of the volatility filter: which volatility is too low or too high to enter."""

    period: int = Field(14, ge=1, le=100, description="Candles of the strategy's timeframe whose true range is averaged")
    window: int = Field(200, ge=1, le=800, description="Candles before, with whose volatility that of now is compared")
    lowest_rank: float = Field(0.01, ge=0.0, le=1.0, description="Lowest rank among them; 0 = any")
    highest_rank: float = Field(0.99, ge=0.0, le=1.0, description="Highest rank among them; 1 = any")
    lowest: float = Field(0.0, ge=0.0, le=1.0, description="Lowest volatility, fraction of the price; 0 = any")
    highest: float = Field(1.0, gt=0.0, le=1.0, description="Highest volatility, fraction of the price; 1 = any")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if no market could pass."""
        if self.lowest_rank > self.highest_rank or self.lowest > self.highest:
            raise ValueError(
                f"ranks {self.lowest_rank} to {self.highest_rank}, volatility {self.lowest} to {self.highest}: a lowest is "
                "above its highest, so that no market could pass; lower the first or raise the second"
            )
        return self

    @property
    def candles(self) -> int:
        """Return how many candles it looks back: the first only lends its close to the true range of the next."""
        return self.window + self.period + 1


def gates(view: MarketView, signal: Signal, settings: VolatilitySettings) -> tuple[Gate, ...]:
    """Return whether enough candles are there; then the rank of the volatility and itself, against both bounds."""
    bars = view.history(view.timeframe, settings.candles)
    known = Gate(
        "volatility_known", "warming_up", bars is not None, limit=settings.candles, unit="candles",
        text=f"{settings.candles} candles of {view.timeframe} without a gap are {'there' if bars else 'not there yet'}.",
    )  # fmt: skip
    if bars is None:
        return (known,)
    *before, now = volatilities(bars, settings.period)
    rank = rank_of(now, before)
    ranked = f"Volatility ranks {rank:.1%} among the {len(before)} candles before"
    itself = f"The mean true range is {now:.3%} of the price"
    return (
        known,
        _gate("calm_for_now", rank >= settings.lowest_rank, rank, settings.lowest_rank, f"{ranked}; at least"),
        _gate("wild_for_now", rank <= settings.highest_rank, rank, settings.highest_rank, f"{ranked}; at most"),
        _gate("too_calm", now >= settings.lowest, now, settings.lowest, f"{itself}; at least"),
        _gate("too_wild", now <= settings.highest, now, settings.highest, f"{itself}; at most"),
    )


def volatilities(bars: Bars, period: int) -> list[float]:
    """The mean true range of ``period`` candles as fraction of the close, at each candle that has so many before it."""
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(bars.highs[1:], bars.lows[1:], bars.closes, strict=False)  # the last is before nothing
    ]
    closes = bars.closes[period:]
    return [math.fsum(ranges[place : place + period]) / period / close for place, close in enumerate(closes)]


def rank_of(value: float, others: list[float]) -> float:
    """The share of ``others`` that are lower, 0 to 1; of equal ones, half."""
    below = sum(each < value for each in others)
    equal = sum(each == value for each in others)
    return (below + equal / 2.0) / len(others)


def _gate(name: str, passed: bool, value: float, limit: float, text: str) -> Gate:
    unit = "rank" if name.endswith("for_now") else "fraction of price"
    return Gate(name, "volatility_extreme", passed, value, limit, unit, f"{text} {limit:.3%} is accepted.")


def _reads(settings: VolatilitySettings, timeframe: Timeframe) -> Mapping[Timeframe, frozenset[FactKind]]:
    return {timeframe: frozenset()}


def _history(settings: VolatilitySettings, timeframe: Timeframe) -> Mapping[Timeframe, int]:
    return {timeframe: settings.candles}


FILTER: Final = Filter(name="volatility", settings=VolatilitySettings, gates=gates, reads=_reads, history=_history)
