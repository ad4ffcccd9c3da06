"""Defines the settings of breaks of structure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.analysis.settings.base import Concept


class StructureSettings(Concept):
    """Settings that decide when a swing counts as broken, and when a break has failed."""

    break_on: Literal["close", "wick"] = Field(
        "close",
        description="What must go beyond a swing to break it: close (a wick is then only a sweep), or wick = any trade",
    )
    min_displacement_atr: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Smallest body of the breaking candle, in its own direction, ATR of the candles before; 0 = any",
    )
    mss_within: int = Field(
        3, ge=1, le=100, description="Candles, including the breaking one, among which a displacement makes a CHoCH an MSS"
    )
    failed_within: int = Field(
        3,
        ge=0,
        le=100,
        description="Candles within which a close back behind the level fails a break; 0 = breaks never fail",
    )


class InternalSettings(Concept):
    """Settings of internal structure: breaks of smaller swings, judged by the rules of ``StructureSettings``."""

    length: int = Field(
        2,
        ge=1,
        le=100,
        description="Candles on each side of an internal swing; none are looked for at or above swing_length",
    )
