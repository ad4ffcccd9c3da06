"""Settings of what becomes of a block that failed."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.blocks import BlockLife


class FailedBlockSettings(BlockLife):
    """Blocks that were closed through and work the other way now."""

    full_score_atr: float = Field(
        1.0, gt=0.0, le=20.0, description="Distance of the close beyond the failed block that earns the score 1, ATR"
    )


class BreakerBlockSettings(FailedBlockSettings):
    """Breaker blocks: the leg from the block had taken the liquidity beyond the swing before it."""


class MitigationBlockSettings(FailedBlockSettings):
    """Mitigation blocks: it had not (a failure swing)."""
