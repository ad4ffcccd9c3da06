"""Every number of the analysis, with the default it ships with. Lengths are in candles, sizes in ATR or percent of price."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class StructureSettings(BaseModel):
    """When a swing counts as broken (ICT-2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    break_on: Literal["close", "wick"] = Field(
        "close", description="What must go beyond the swing: the close (a wick is then only a sweep), or any trade."
    )
    min_displacement_atr: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Body of the breaking candle, in its own direction, in ATR of the candles before; 0 asks for none.",
    )


class FvgSettings(BaseModel):
    """Fair value gaps (ICT-5). A gap must satisfy both size filters; 0 switches one off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_size_percent: float = Field(0.1, ge=0.0, le=50.0, description="Smallest gap in percent of the third candle's close.")
    min_size_atr: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Smallest gap in ATR of the candles before; above 0, no gaps until the ATR is warm.",
    )
    max_age_candles: int = Field(50, ge=1, le=5_000, description="Candles after its confirmation for which a gap lives.")
    fill_steps: int = Field(10, ge=1, le=100, description="Partial-fill events over the whole gap: 10 = one every 10 %.")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled fraction from which a gap counts as filled.")
    full_score_atr: float = Field(1.0, gt=0.0, le=20.0, description="Gap size in ATR that earns the score 1.")


class ScoreWeights(BaseModel):
    """Weights of an order block's validity score (ICT-3). Only their proportion counts; 0 leaves a part out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    displacement: float = Field(0.4, ge=0.0, le=100.0, description="How far price ran from the block, in ATR.")
    fvg: float = Field(0.3, ge=0.0, le=100.0, description="The leg left a fair value gap of its direction.")
    age: float = Field(0.15, ge=0.0, le=100.0, description="How much of its life is left.")
    touches: float = Field(0.15, ge=0.0, le=100.0, description="How few of the allowed touches are used.")

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if self.displacement + self.fvg + self.age + self.touches <= 0.0:
            raise ValueError("at least one weight of the order block score must be above 0")
        return self


class OrderBlockSettings(BaseModel):
    """Order blocks (ICT-3)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["structure_break", "strong_candle"] = Field(
        "structure_break",
        description="What confirms a block: a break of structure, or (the simple variant) one candle that is mostly body.",
    )
    strong_body: float = Field(
        0.7, gt=0.0, le=1.0, description="Body / range from which a candle is strong (simple variant)."
    )
    origin: Literal["candle", "run"] = Field(
        "candle",
        description="The zone is of the last opposite candle, or of the whole run of opposite candles ending in it.",
    )
    zone: Literal["range", "body"] = Field("range", description="The zone spans low to high, or open to close.")
    leg_candles: int = Field(60, ge=3, le=1_000, description="How far back the origin of a leg is looked for.")
    invalidate_on: Literal["close", "wick"] = Field(
        "close", description="What must go beyond the far side to end the block."
    )
    mean_threshold: float = Field(
        0.5, gt=0.0, lt=1.0, description="Depth, as a fraction of the zone, that is an event itself."
    )
    max_touches: int = Field(3, ge=1, le=100, description="Touches a block may have; the touch after the last ends it.")
    max_age_candles: int = Field(100, ge=1, le=10_000, description="Candles after its confirmation for which a block lives.")
    full_displacement_atr: float = Field(
        3.0, gt=0.0, le=50.0, description="Run from the block, in ATR, that earns full marks."
    )
    score: ScoreWeights = Field(default_factory=ScoreWeights, description="Weights of the validity score.")


class AnalysisSettings(BaseModel):
    """Settings of the analysis service; the same for every symbol and timeframe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    swing_length: int = Field(
        5, ge=1, le=100, description="Candles on each side of a swing, and the delay of its confirmation."
    )
    atr_period: int = Field(14, ge=1, le=500, description="Candles of the average true range (Wilder).")
    max_active: int = Field(
        20, ge=1, le=500, description="Live zones of one kind per symbol and timeframe; beyond that the oldest expires."
    )
    structure: StructureSettings = Field(default_factory=StructureSettings, description="Breaks of structure.")
    fvg: FvgSettings = Field(default_factory=FvgSettings, description="Fair value gaps.")
    order_block: OrderBlockSettings = Field(default_factory=OrderBlockSettings, description="Order blocks.")
