"""Defines the base classes of the analysis settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of a group of settings: an unknown name is an error, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Concept(Frozen):
    """Base of the settings of one concept. Lengths are in candles, sizes in ATR or percent of price."""

    enabled: bool = Field(True, description="Look for this concept; when off, whatever rests on it finds nothing either")
