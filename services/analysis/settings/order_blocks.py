"""Defines the settings of order blocks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Frozen
from services.analysis.settings.blocks import BlockLife


class ScoreWeights(Frozen):
    """Weights of an order block's validity score. Only their proportion counts; 0 leaves a part out."""

    reaction: float = Field(0.25, ge=0.0, le=100.0, description="Weight of the run from the block; 0 = left out")
    displacement: float = Field(0.2, ge=0.0, le=100.0, description="Weight of the largest body of the leg; 0 = left out")
    fvg: float = Field(0.25, ge=0.0, le=100.0, description="Weight of a fair value gap in the leg's direction; 0 = left out")
    age: float = Field(0.15, ge=0.0, le=100.0, description="Weight of the part of its life that is left; 0 = left out")
    touches: float = Field(0.15, ge=0.0, le=100.0, description="Weight of the touches that are left; 0 = left out")

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        """Raise ValueError if all weights are 0."""
        if self.reaction + self.displacement + self.fvg + self.age + self.touches <= 0.0:
            raise ValueError("all weights of the order block score are 0: set at least one above 0")
        return self


class OrderBlockSettings(BlockLife):
    """Settings of order blocks: which candles make one, its bounds, and its score."""

    rule: Literal["structure_break", "strong_candle"] = Field(
        "structure_break",
        description="What confirms a block: structure_break, or strong_candle = one candle that is mostly body",
    )
    strong_body: float = Field(
        0.7, gt=0.0, le=1.0, description="Smallest body of a strong candle, fraction of its range (rule strong_candle)"
    )
    mode: Literal["origin", "extreme"] = Field(
        "origin",
        description=(
            "Which candle of a leg is the block: origin = the last opposite one before it, extreme = "
            "the one with the lowest low (leg up) or highest high (leg down)"
        ),
    )
    origin: Literal["candle", "run"] = Field(
        "candle",
        description=(
            "What the zone covers: candle = the last opposite candle, run = all opposite candles in a row that end in it"
        ),
    )
    zone: Literal["range", "body"] = Field(
        "range", description="Bounds of the zone: range = low to high, body = open to close"
    )
    leg_candles: int = Field(60, ge=3, le=1_000, description="How far back the origin of a leg is searched, candles")
    full_reaction_atr: float = Field(
        3.0, gt=0.0, le=50.0, description="Run from the block that earns the full part of the score, ATR"
    )
    full_displacement_atr: float = Field(
        1.5, gt=0.0, le=50.0, description="Largest body of the leg that earns the full part of the score, ATR"
    )
    score: ScoreWeights = Field(default_factory=ScoreWeights, description="Weights of the validity score")
