"""Defines the settings of opening gaps."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept
from services.analysis.settings.timetable import Clock, minutes
from shared.domain.timezones import NEW_YORK, ZoneName


class OpeningGapSettings(Concept):
    """Settings of opening gaps, measured between two times of day, because this market never closes."""

    reference: Clock = Field("17:00", description="Local time of the closing price, which is the last trade before it")
    reopen: Clock = Field("18:00", description="Local time of the opening price, which is the first trade at or after it")
    zone: ZoneName = Field(NEW_YORK, description="Time zone of reference and reopen")
    daily: bool = Field(True, description="Look for new day opening gaps: Monday to Thursday, reference to reopen")
    weekly: bool = Field(True, description="Look for new week opening gaps: Friday's reference to Sunday's reopen")
    four_hours: bool = Field(True, description="Look for gaps between one 4h candle's close and the next one's open (UTC)")
    min_size_percent: float = Field(0.01, ge=0.0, le=50.0, description="Smallest gap, percent of the opening price")
    keep: int = Field(5, ge=1, le=100, description="Gaps of each of the three kinds that are kept, filled or not")
    fill_steps: int = Field(10, ge=1, le=100, description="Partial-fill events over the whole gap (10 = one every 10 %)")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled part from which a gap counts as filled, fraction")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Raise ValueError unless reopen is later in the day than reference."""
        if minutes(self.reopen) <= minutes(self.reference):
            raise ValueError(f"reopen {self.reopen} must be later in the day than reference {self.reference}")
        return self
