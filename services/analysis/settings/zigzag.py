"""Defines the settings of the zigzag."""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.base import Concept


class ZigzagSettings(Concept):
    """Settings of the zigzag: swings in which highs and lows alternate."""

    equal_atr: float = Field(
        0.1, ge=0.0, le=5.0, description="Largest distance at which two pivots of one side are equal (EQH, EQL), ATR"
    )
