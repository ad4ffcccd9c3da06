"""Settings of opening gaps."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept
from services.analysis.settings.timetable import Clock, minutes
from shared.domain.timezones import NEW_YORK, ZoneName


class OpeningGapSettings(Concept):
    """Opening gaps (ICT-7): virtual ones, for a market that never closes has no real ones."""

    reference: Clock = Field("17:00", description="Local time of the closing price: the last trade before it.")
    reopen: Clock = Field("18:00", description="Local time of the opening price: the first trade at or after it.")
    zone: ZoneName = Field(NEW_YORK, description="Time zone of both.")
    daily: bool = Field(True, description="New day opening gaps: Monday to Thursday, reference to reopen.")
    weekly: bool = Field(True, description="New week opening gaps: Friday's reference to Sunday's reopen.")
    four_hours: bool = Field(True, description="Gaps between one 4h candle's close and the next one's open (UTC grid).")
    min_size_percent: float = Field(
        0.01, ge=0.0, le=50.0, description="Smallest gap in percent of the opening price; a tick is no gap."
    )
    keep: int = Field(5, ge=1, le=100, description="Gaps of each of the three kinds that are kept, filled or not.")
    fill_steps: int = Field(10, ge=1, le=100, description="Partial-fill events over the whole gap: 10 = one every 10 %.")
    filled_at: float = Field(0.95, gt=0.5, le=1.0, description="Filled fraction from which a gap counts as filled.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if minutes(self.reopen) <= minutes(self.reference):
            raise ValueError(f"reopen {self.reopen} must be later in the day than reference {self.reference}")
        return self
