"""Defines the settings of the Power of Three."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.analysis.settings.base import Concept
from services.analysis.settings.timetable import Clock, WindowName, minutes
from shared.domain.timezones import NEW_YORK, ZoneName


class PowerOfThreeSettings(Concept):
    """Settings of the Power of Three: the times of accumulation, manipulation (the Judas swing) and distribution."""

    accumulation: WindowName = Field("asian", description="Window of the timetable whose range is the accumulation")
    manipulation_start: Clock = Field("00:00", description="Local time from which a sweep of one side is manipulation")
    manipulation_end: Clock = Field("05:00", description="Local time up to which a sweep is manipulation")
    distribution_end: Clock = Field("16:00", description="Local time up to which the distribution must have begun")
    zone: ZoneName = Field(NEW_YORK, description="Time zone of manipulation and distribution times")
    confirm_on: Literal["choch", "break"] = Field(
        "choch",
        description="What confirms the distribution: choch = a change of character that way, break = any break that way",
    )
    min_coverage: float = Field(
        0.95, ge=0.5, le=1.0, description="Share of the accumulation's candles that must be there for it to count, fraction"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Raise ValueError unless manipulation_start < manipulation_end <= distribution_end."""
        if not minutes(self.manipulation_start) < minutes(self.manipulation_end) <= minutes(self.distribution_end):
            raise ValueError(
                "manipulation_start, manipulation_end and distribution_end must follow on each other within one day, not "
                f"{self.manipulation_start}, {self.manipulation_end}, {self.distribution_end}"
            )
        return self
