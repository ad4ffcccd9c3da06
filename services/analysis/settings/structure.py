"""Settings of breaks of structure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.analysis.settings.base import Concept


class StructureSettings(Concept):
    """When a swing counts as broken (ICT-2)."""

    break_on: Literal["close", "wick"] = Field(
        "close", description="What must go beyond the swing: the close (a wick is then only a sweep), or any trade."
    )
    min_displacement_atr: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Body of the breaking candle, in its own direction, in ATR of the candles before; 0 asks for none.",
    )
    mss_within: int = Field(
        3, ge=1, le=100, description="Candles, the breaking one included, among which a displacement makes a CHoCH an MSS."
    )
    failed_within: int = Field(
        3, ge=0, le=100, description="Candles in which a close back behind the level fails a break; 0 looks for none."
    )


class InternalSettings(Concept):
    """Internal structure (ICT-1): the breaks of smaller swings, judged as external ones are."""

    length: int = Field(
        2, ge=1, le=100, description="Candles on each side of an internal swing; at or above swing_length there is none."
    )
