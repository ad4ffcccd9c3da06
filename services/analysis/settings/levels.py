"""Defines the settings of the highs and lows of completed periods: days, weeks, months, sessions, IPDA ranges."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from services.analysis.sessions.trading_days import DayAnchor
from services.analysis.settings.base import Concept


class PreviousLevelSettings(Concept):
    """Settings of the highs and lows of the previous day, week and month."""

    day_anchor: DayAnchor = Field(
        "utc",
        description=(
            "Where days, weeks and months begin: utc, or in New York midnight, 17:00 (FX) or 18:00 "
            "(Globex); IPDA ranges count the same days"
        ),
    )
    min_coverage: float = Field(
        0.95, ge=0.5, le=1.0, description="Share of a period's candles that must be there for it to count, fraction"
    )
    return_within: int = Field(
        1,
        ge=1,
        le=20,
        description="Candles within which a close back inside makes a sweep; 1 = the candle that went beyond",
    )


class SessionLevelSettings(Concept):
    """Settings of the highs and lows of those windows of the timetable whose ``levels`` is true."""

    min_coverage: float = Field(
        0.95, ge=0.5, le=1.0, description="Share of a window's candles that must be there for it to count, fraction"
    )
    max_active: int = Field(
        8, ge=1, le=100, description="Most live session highs, and most live lows; beyond that the oldest expires"
    )
    max_age_days: float = Field(3.0, gt=0.0, le=60.0, description="Life of a level after its window, days")
    return_within: int = Field(
        1,
        ge=1,
        le=20,
        description="Candles within which a close back inside makes a sweep; 1 = the candle that went beyond",
    )


class IpdaSettings(Concept):
    """Settings of IPDA ranges: highest high and lowest low of the last completed days."""

    days: tuple[Annotated[int, Field(ge=2, le=400)], ...] = Field(
        (20, 40, 60), min_length=1, description="How far each range looks back, completed days"
    )

    @field_validator("days", mode="after")
    @classmethod
    def _once_each(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        """Return the lengths sorted. Raises ValueError if one is named twice."""
        if len(set(days)) != len(days):
            raise ValueError("names a length twice: name each once")
        return tuple(sorted(days))
