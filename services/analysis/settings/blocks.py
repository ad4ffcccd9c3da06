"""Settings that every kind of block has: when its state changes and what ends it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.analysis.settings.base import Concept

Invalidation = Literal["close", "wick", "body"]


class BlockLife(Concept):
    """When a zone that holds or fails changes its state (``base.zones.BlockBook``)."""

    invalidate_on: Invalidation = Field(
        "close",
        description="What must go beyond the far side to end the zone: close, wick = any trade, body = open or close",
    )
    mean_threshold: float = Field(
        0.5, gt=0.0, lt=1.0, description="Depth at which a touched zone changes to its own state, fraction of the zone"
    )
    max_touches: int = Field(3, ge=1, le=100, description="Touches a zone may have; the next one ends it")
    max_age_candles: int = Field(100, ge=1, le=10_000, description="Life of a zone after its confirmation, candles")
