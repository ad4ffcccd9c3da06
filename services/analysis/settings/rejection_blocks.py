"""Defines the settings of rejection blocks."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.blocks import BlockLife


class RejectionBlockSettings(BlockLife):
    """Settings of rejection blocks: the wick of a candle that took liquidity, as a zone."""

    min_wick_body: float = Field(
        1.0, ge=0.0, le=100.0, description="Smallest wick, from body to extreme, as a multiple of the body"
    )
    min_wick_atr: float = Field(
        0.25, ge=0.0, le=20.0, description="Smallest wick, ATR; above 0 there is no block until the ATR is warm"
    )
    weak_score: float = Field(
        0.5, ge=0.0, le=1.0, description="Score until the candle itself is confirmed as a swing; then the score is 1"
    )
