"""What the settings of every concept have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A group of settings: a typo is an error, and nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Concept(Frozen):
    """One concept; lengths in candles, sizes in ATR or percent of price."""

    enabled: bool = Field(True, description="Look for this concept; when off, whatever rests on it finds nothing either")
