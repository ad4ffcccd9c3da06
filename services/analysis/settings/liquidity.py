"""Settings of liquidity: equal highs and lows, pools, sweeps, turtle soup."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept, Frozen


class EqualLevelsSettings(Concept):
    """When highs, or lows, count as equal (ICT-8)."""

    length: int = Field(3, ge=1, le=100, description="Candles on each side of a pivot that may be one of the equals.")
    atr_period: int = Field(200, ge=2, le=2_000, description="Candles of the average true range that the tolerance is of.")
    tolerance_atr: float = Field(0.1, ge=0.0, le=5.0, description="How far two equals may lie apart, in that ATR.")
    tolerance_percent: float = Field(
        0.0,
        ge=0.0,
        le=5.0,
        description="The same in percent of price; the larger counts, and this one while the ATR is cold.",
    )
    max_pivots: int = Field(10, ge=1, le=200, description="Single pivots of one side that wait for an equal.")
    max_age_candles: int = Field(500, ge=1, le=10_000, description="Life of equal highs or lows after their last member.")


class ImportanceWeights(Frozen):
    """What makes a pool important; the score is the weighted mean of the three."""

    touches: float = Field(0.5, ge=0.0, le=1.0, description="Share of the swings that stand at it.")
    age: float = Field(0.2, ge=0.0, le=1.0, description="Share of the time that it has stood there.")
    volume: float = Field(0.3, ge=0.0, le=1.0, description="Share of the volume traded where it was made.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.touches + self.age + self.volume <= 0.0:
            raise ValueError("touches, age and volume are all 0: give at least one of them a weight")
        return self


class PoolSettings(Concept):
    """Liquidity resting beyond swings (ICT-8)."""

    merge_atr: float = Field(
        0.25, ge=0.0, le=5.0, description="A swing this near to a pool, in ATR, and not beyond it, joins it."
    )
    max_age_candles: int = Field(500, ge=1, le=10_000, description="Life of a pool after the last swing that joined it.")
    return_within: int = Field(
        1,
        ge=1,
        le=3,
        description="Candles within which a close must be back for a sweep (1: the same one); else a break.",
    )
    full_touches: int = Field(4, ge=2, le=50, description="Swings at which the score's share of touches is full.")
    full_age_candles: int = Field(200, ge=1, le=10_000, description="Age at which its share of age is full.")
    full_volume: float = Field(
        3.0,
        gt=0.0,
        le=100.0,
        description="Volume of a swing's candle, in average volumes, at which its share is full.",
    )
    volume_period: int = Field(50, ge=2, le=2_000, description="Candles of the average volume.")
    weights: ImportanceWeights = Field(default_factory=ImportanceWeights, description="What makes a pool important.")


class SweepSettings(Concept):
    """Liquidity taken and left again (ICT-8)."""

    min_depth_atr: float = Field(0.0, ge=0.0, le=5.0, description="How far beyond the level price must have been, in ATR.")


class TurtleSoupSettings(Concept):
    """A false break of an extreme that stood for long (ICT-8)."""

    lookback: int = Field(20, ge=3, le=500, description="Candles whose extreme is swept.")
    separation: int = Field(4, ge=1, le=100, description="Candles, at least, between that extreme and the sweep.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.separation > self.lookback:
            raise ValueError(f"separation {self.separation} is more than lookback {self.lookback}: nothing could be found")
        return self
