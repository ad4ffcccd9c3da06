"""Defines the settings of liquidity: equal highs and lows, pools, sweeps, turtle soup."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept, Frozen


class EqualLevelsSettings(Concept):
    """Settings that decide when two highs, or two lows, count as equal."""

    length: int = Field(3, ge=1, le=100, description="Candles on each side of a pivot that may be one of the equals")
    atr_period: int = Field(200, ge=2, le=2_000, description="Period of the average true range of tolerance_atr, candles")
    tolerance_atr: float = Field(0.1, ge=0.0, le=5.0, description="How far two equals may lie apart, ATR over atr_period")
    tolerance_percent: float = Field(
        0.0,
        ge=0.0,
        le=5.0,
        description=(
            "How far two equals may lie apart, percent of price; the larger tolerance counts, and "
            "this one alone until the ATR is warm"
        ),
    )
    max_pivots: int = Field(10, ge=1, le=200, description="Most single pivots of one side that wait for an equal")
    max_age_candles: int = Field(
        500, ge=1, le=10_000, description="Life of equal highs or lows after their last member, candles"
    )


class ImportanceWeights(Frozen):
    """Weights of a pool's importance, which is the weighted mean of three parts."""

    touches: float = Field(0.5, ge=0.0, le=1.0, description="Weight of the swings that stand at a pool; 0 = left out")
    age: float = Field(0.2, ge=0.0, le=1.0, description="Weight of a pool's age; 0 = left out")
    volume: float = Field(0.3, ge=0.0, le=1.0, description="Weight of the volume traded where a pool was made; 0 = left out")

    @model_validator(mode="after")
    def _something(self) -> Self:
        """Raise ValueError if all weights are 0."""
        if self.touches + self.age + self.volume <= 0.0:
            raise ValueError("touches, age and volume are all 0: give at least one of them a weight")
        return self


class PoolSettings(Concept):
    """Settings of liquidity pools: orders expected beyond swings."""

    merge_atr: float = Field(
        0.25, ge=0.0, le=5.0, description="Largest distance at which a swing joins a pool that it is not beyond, ATR"
    )
    max_age_candles: int = Field(
        500, ge=1, le=10_000, description="Life of a pool after the last swing that joined it, candles"
    )
    return_within: int = Field(
        1,
        ge=1,
        le=3,
        description="Candles within which a close must be back for a sweep, else it is a break; 1 = the same candle",
    )
    full_touches: int = Field(4, ge=2, le=50, description="Swings at which the score's part of touches is full")
    full_age_candles: int = Field(200, ge=1, le=10_000, description="Age at which the score's part of age is full, candles")
    full_volume: float = Field(
        3.0,
        gt=0.0,
        le=100.0,
        description="Volume of a swing's candle at which the score's part of volume is full, multiple of the average",
    )
    volume_period: int = Field(50, ge=2, le=2_000, description="Period of the average volume, candles")
    weights: ImportanceWeights = Field(default_factory=ImportanceWeights, description="What makes a pool important")


class SweepSettings(Concept):
    """Settings of sweeps: price goes beyond a level and closes back."""

    min_depth_atr: float = Field(
        0.0, ge=0.0, le=5.0, description="How far beyond the level price must have been, ATR; 0 = any distance"
    )


class TurtleSoupSettings(Concept):
    """Settings of turtle soup: a false break of an extreme of many candles."""

    lookback: int = Field(20, ge=3, le=500, description="Candles whose extreme is swept")
    separation: int = Field(4, ge=1, le=100, description="Fewest candles between that extreme and the sweep")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if separation is more than lookback: nothing could be found."""
        if self.separation > self.lookback:
            raise ValueError(f"separation {self.separation} is more than lookback {self.lookback}: nothing could be found")
        return self
