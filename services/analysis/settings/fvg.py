"""Defines the settings of fair value gaps, inversion gaps and merged gaps."""

from __future__ import annotations

from pathlib import Path

import msgspec
from pydantic import Field, field_validator

from services.analysis.settings.base import Concept


class FvgSettings(Concept):
    """Settings of fair value gaps. A gap must pass both size filters; 0 switches a filter off."""

    min_size_percent: float = Field(
        0.1, ge=0.0, le=50.0, description="Smallest gap, percent of the third candle's close; 0 = no such filter"
    )
    min_size_atr: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Smallest gap, ATR of the candles before; 0 = no such filter, above 0 no gaps until the ATR is warm",
    )
    max_age_candles: int = Field(50, ge=1, le=5_000, description="Life of a gap after its confirmation, candles")
    fill_steps: int = Field(10, ge=1, le=100, description="Partial-fill events over the whole gap (10 = one every 10 %)")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled part from which a gap counts as filled, fraction")
    full_score_atr: float = Field(1.0, gt=0.0, le=20.0, description="Size that earns the score 1, ATR")
    fill_model_file: Path | None = Field(
        None, description="Model of `ict train fvg` for the fill probability; null = the shipped one"
    )
    fill_base_rate: float = Field(
        0.72,
        ge=0.0,
        le=1.0,
        description="Fill probability of every gap if the model was trained for another max_age_candles or filled_at",
    )

    @field_validator("fill_model_file")
    @classmethod
    def _is_a_model(cls, path: Path | None) -> Path | None:
        """Raise ValueError if the file is missing or no model of `ict train fvg`."""
        # Imported here because fvg_fill imports this package: at the top the two would import each other.
        from services.analysis.fvg_fill import load_model

        if path is not None:
            try:
                load_model(path)
            except (OSError, msgspec.MsgspecError, ValueError) as error:
                raise ValueError(f"{path} is no model of `ict train fvg`: {error}") from error
        return path


class InversionSettings(Concept):
    """Settings of inversion gaps: fair value gaps that a close went through."""

    max_age_candles: int = Field(50, ge=1, le=5_000, description="Life of an inversion gap after the inversion, candles")
    max_touches: int = Field(3, ge=1, le=100, description="Touches an inversion gap may have; the next one ends it")
    mean_threshold: float = Field(
        0.5, gt=0.0, lt=1.0, description="Depth at which an event of its own is published, fraction of the zone"
    )


class MergedGapSettings(Concept):
    """Settings of merged gaps: gaps of neighbouring candles as one zone, which fills and ages as single gaps do."""

    enabled: bool = Field(False, description="Publish the union of neighbouring gaps beside the single gaps")
    max_gaps: int = Field(10, ge=2, le=100, description="Most gaps that one zone unites; the next begins a new zone")
