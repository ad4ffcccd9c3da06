"""Defines the settings of balanced price ranges, volume imbalances and liquidity voids."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.analysis.settings.base import Concept
from services.analysis.settings.blocks import BlockLife


class BalancedPriceRangeSettings(BlockLife):
    """Settings of balanced price ranges: the overlap of two gaps of opposite direction."""

    max_apart_candles: int = Field(
        20, ge=1, le=500, description="Most candles between the two gaps, from middle candle to middle candle"
    )
    min_size_atr: float = Field(
        0.1, ge=0.0, le=20.0, description="Smallest overlap, ATR; above 0 there is none until the ATR is warm"
    )
    full_score_atr: float = Field(1.0, gt=0.0, le=20.0, description="Overlap that earns the score 1, ATR")


class VolumeImbalanceSettings(Concept):
    """Settings of volume imbalances: two neighbouring candles whose wicks overlap and whose bodies do not."""

    min_size_atr: float = Field(
        0.05,
        ge=0.0,
        le=20.0,
        description="Smallest distance between the bodies, ATR; above 0 there is none until the ATR is warm",
    )
    max_age_candles: int = Field(50, ge=1, le=5_000, description="Life of an imbalance after its confirmation, candles")
    fill_steps: int = Field(4, ge=1, le=100, description="Partial-fill events over the whole imbalance")
    filled_at: float = Field(
        0.95, gt=0.5, le=1.0, description="Filled part from which an imbalance counts as filled, fraction"
    )
    full_score_atr: float = Field(0.5, gt=0.0, le=20.0, description="Distance that earns the score 1, ATR")


class LiquidityVoidSettings(Concept):
    """Settings of liquidity voids: several displacement candles in a row."""

    min_candles: int = Field(2, ge=2, le=100, description="Fewest displacement candles in a row")
    min_body_atr: float = Field(
        1.0, gt=0.0, le=20.0, description="Smallest body of such a candle, ATR before the first of the row"
    )
    min_body_share: float = Field(0.6, ge=0.0, le=1.0, description="Smallest body of such a candle, fraction of its range")
    min_size_atr: float = Field(
        2.0, gt=0.0, le=50.0, description="Smallest height of the void, ATR before the first candle of the row"
    )
    zone: Literal["body", "range"] = Field(
        "body", description="Bounds of the void: body = first open to last close, range = all of its candles"
    )
    max_age_candles: int = Field(200, ge=1, le=10_000, description="Life of a void after its confirmation, candles")
    fill_steps: int = Field(4, ge=1, le=100, description="Partial-fill events over the whole void")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled part from which a void counts as filled, fraction")
    full_score_atr: float = Field(5.0, gt=0.0, le=50.0, description="Height that earns the score 1, ATR")
