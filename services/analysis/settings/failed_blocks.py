"""Defines the settings of breaker and mitigation blocks, which failed order blocks turn into."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.blocks import BlockLife


class FailedBlockSettings(BlockLife):
    """Base of the settings of failed blocks: a close went through them, and they now work in the other direction."""

    full_score_atr: float = Field(
        1.0, gt=0.0, le=20.0, description="Distance of the close beyond the failed block that earns the score 1, ATR"
    )


class BreakerBlockSettings(FailedBlockSettings):
    """Settings of breaker blocks: the leg from the block had taken the liquidity beyond the swing before it."""


class MitigationBlockSettings(FailedBlockSettings):
    """Settings of mitigation blocks: the leg from the block had not taken that liquidity (a failure swing)."""
