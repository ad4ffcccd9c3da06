"""Every number of ingest's core, with its default and its bounds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.live.settings import LiveSettings


class IngestSettings(BaseModel):
    """Settings of the quality gate and the aggregation (DATA-2, DATA-3), and of the live feed (DATA-1, DATA-4)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_move: float = Field(
        0.5,
        gt=0.0,
        lt=1.0,
        description=(
            "A one-minute candle with a price this fraction or more away from the last trusted close is disputed: "
            "0.5 means half of it or one and a half times it (DATA-3)."
        ),
    )
    repricing_minutes: int = Field(
        5,
        ge=1,
        le=1_440,
        description=(
            "Consecutive disputed candles of a symbol that agree with each other (each within max_move of the one before) "
            "after which the new level is taken for a real re-pricing; the next candle is judged against it."
        ),
    )
    max_gap_minutes: int = Field(
        10_080,
        ge=1,
        le=44_640,
        description=(
            "Longest jump in time, in minutes, whose every minute is published as missing. After a longer one the "
            "aggregation begins anew, as after a start."
        ),
    )
    alert_window_minutes: int = Field(
        60,
        ge=1,
        le=10_080,
        description="At most one alert per symbol and condition within this many minutes of market time.",
    )
    live: LiveSettings = Field(default_factory=LiveSettings, description="the live feed; not used in mode sim")
