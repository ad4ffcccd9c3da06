"""Defines the settings of ingest: quality gate, aggregation, live feed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.settings.live import LiveSettings


class IngestSettings(BaseModel):
    """Settings of ingest: quality gate, aggregation, live feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_move: float = Field(
        0.5,
        gt=0.0,
        lt=1.0,
        description=(
            "Distance of a candle's price from the last trusted close at which it is disputed, "
            "fraction: 0.5 = half or one and a half times the price"
        ),
    )
    repricing_minutes: int = Field(
        5,
        ge=1,
        le=1_440,
        description="Disputed candles in a row that agree with each other, after which their level is trusted, minutes",
    )
    max_gap_minutes: int = Field(
        10_080,
        ge=1,
        le=44_640,
        description=(
            "Longest jump in time of which every minute is published as missing, minutes; after a "
            "longer one aggregation begins anew"
        ),
    )
    alert_window_minutes: int = Field(
        60,
        ge=1,
        le=10_080,
        description="At most one alert for each symbol and condition in this market time, minutes",
    )
    live: LiveSettings = Field(default_factory=LiveSettings, description="The live feed; not used in mode sim")
