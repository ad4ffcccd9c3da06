"""Settings of rejection blocks."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.blocks import BlockLife


class RejectionBlockSettings(BlockLife):
    """Rejection blocks (ICT-4)."""

    min_wick_body: float = Field(1.0, ge=0.0, le=100.0, description="Least wick, from body to extreme, in bodies.")
    min_wick_atr: float = Field(
        0.25, ge=0.0, le=20.0, description="Least wick, in ATR; above 0, no block until the ATR is warm."
    )
    weak_score: float = Field(
        0.5, ge=0.0, le=1.0, description="Score until the candle is confirmed as a swing itself; then the score is 1."
    )
