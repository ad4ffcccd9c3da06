"""Settings of order blocks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Frozen
from services.analysis.settings.blocks import BlockLife


class ScoreWeights(Frozen):
    """Weights of an order block's validity score (ICT-3). Only their proportion counts; 0 leaves a part out."""

    reaction: float = Field(0.25, ge=0.0, le=100.0, description="How far price ran from the block, in ATR.")
    displacement: float = Field(0.2, ge=0.0, le=100.0, description="The largest body of the leg, in ATR.")
    fvg: float = Field(0.25, ge=0.0, le=100.0, description="The leg left a fair value gap of its direction.")
    age: float = Field(0.15, ge=0.0, le=100.0, description="How much of its life is left.")
    touches: float = Field(0.15, ge=0.0, le=100.0, description="How few of the allowed touches are used.")

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if self.reaction + self.displacement + self.fvg + self.age + self.touches <= 0.0:
            raise ValueError("at least one weight of the order block score must be above 0")
        return self


class OrderBlockSettings(BlockLife):
    """Order blocks (ICT-3)."""

    rule: Literal["structure_break", "strong_candle"] = Field(
        "structure_break",
        description="What confirms a block: a break of structure, or (the simple variant) one candle that is mostly body.",
    )
    strong_body: float = Field(
        0.7, gt=0.0, le=1.0, description="Body / range from which a candle is strong (simple variant)."
    )
    mode: Literal["origin", "extreme"] = Field(
        "origin",
        description=(
            "Which candle of a leg that broke structure is the block: the last opposite one before it, or the one with "
            "the furthest low (of a leg up) or high (of a leg down), whatever its colour."
        ),
    )
    origin: Literal["candle", "run"] = Field(
        "candle",
        description="The zone is of the last opposite candle, or of the whole run of opposite candles ending in it.",
    )
    zone: Literal["range", "body"] = Field("range", description="The zone spans low to high, or open to close.")
    leg_candles: int = Field(60, ge=3, le=1_000, description="How far back the origin of a leg is looked for.")
    full_reaction_atr: float = Field(3.0, gt=0.0, le=50.0, description="Run from the block, in ATR, that earns full marks.")
    full_displacement_atr: float = Field(
        1.5, gt=0.0, le=50.0, description="Largest body of the leg, in ATR, that earns full marks."
    )
    score: ScoreWeights = Field(default_factory=ScoreWeights, description="Weights of the validity score.")
