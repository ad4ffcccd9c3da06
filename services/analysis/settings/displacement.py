"""Defines the settings of displacement."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.base import Concept


class DisplacementSettings(Concept):
    """Settings that decide which candles are displacement, and their score."""

    min_body_atr: float = Field(
        1.5, gt=0.0, le=20.0, description="Smallest body of a displacement candle, ATR of the candles before"
    )
    min_body_share: float = Field(
        0.6, gt=0.0, le=1.0, description="Smallest body of a displacement candle, fraction of its range"
    )
    require_gap: bool = Field(
        False,
        description="Demand a gap between the candles before and after; a displacement is then known one candle later",
    )
    full_score_atr: float = Field(3.0, gt=0.0, le=50.0, description="Body that earns the score 1, ATR")
