"""Settings of imbalances beside the fair value gap."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.analysis.settings.base import Concept
from services.analysis.settings.blocks import BlockLife


class BalancedPriceRangeSettings(BlockLife):
    """Balanced price ranges (ICT-5)."""

    max_apart_candles: int = Field(
        20, ge=1, le=500, description="Most candles between the two gaps (from middle candle to middle candle)."
    )
    min_size_atr: float = Field(
        0.1, ge=0.0, le=20.0, description="Smallest overlap, in ATR; above 0, none until the ATR is warm."
    )
    full_score_atr: float = Field(1.0, gt=0.0, le=20.0, description="Overlap, in ATR, that earns the score 1.")


class VolumeImbalanceSettings(Concept):
    """Volume imbalances (ICT-5)."""

    min_size_atr: float = Field(
        0.05, ge=0.0, le=20.0, description="Smallest distance of the bodies, in ATR; above 0, none until the ATR is warm."
    )
    max_age_candles: int = Field(50, ge=1, le=5_000, description="Candles after its confirmation for which it lives.")
    fill_steps: int = Field(4, ge=1, le=100, description="Partial-fill events over the whole imbalance.")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled fraction from which it counts as filled.")
    full_score_atr: float = Field(0.5, gt=0.0, le=20.0, description="Distance, in ATR, that earns the score 1.")


class LiquidityVoidSettings(Concept):
    """Liquidity voids (ICT-5)."""

    min_candles: int = Field(2, ge=2, le=100, description="Least displacement candles in a row.")
    min_body_atr: float = Field(
        1.0, gt=0.0, le=20.0, description="Body that makes a candle one of them, in ATR before the first of the row."
    )
    min_body_share: float = Field(0.6, ge=0.0, le=1.0, description="And its body as a fraction of its range.")
    min_size_atr: float = Field(2.0, gt=0.0, le=50.0, description="Least height of the void, in the same ATR.")
    zone: Literal["body", "range"] = Field(
        "body", description="The void spans the bodies of the row (first open to last close), or all of its candles."
    )
    max_age_candles: int = Field(200, ge=1, le=10_000, description="Candles after its confirmation for which it lives.")
    fill_steps: int = Field(4, ge=1, le=100, description="Partial-fill events over the whole void.")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled fraction from which it counts as filled.")
    full_score_atr: float = Field(5.0, gt=0.0, le=50.0, description="Height, in ATR, that earns the score 1.")
