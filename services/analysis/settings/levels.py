"""Settings of the levels that completed periods leave behind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from services.analysis.sessions.trading_days import DayAnchor
from services.analysis.settings.base import Concept


class PreviousLevelSettings(Concept):
    """Previous day, week and month highs and lows (ICT-8)."""

    day_anchor: DayAnchor = Field(
        "utc",
        description="Where days, and with them weeks and months, begin: the exchange's UTC day, or New York's midnight, "
        "17:00 (FX) or 18:00 (Globex). IPDA ranges count the same days.",
    )
    min_coverage: float = Field(
        0.95, ge=0.5, le=1.0, description="A period counts when at least this share of its candles was seen."
    )
    return_within: int = Field(
        1,
        ge=1,
        le=20,
        description="Candles within which a close back inside makes a sweep; 1 = the one that went beyond.",
    )


class SessionLevelSettings(Concept):
    """Highs and lows of the windows whose ``levels`` is set (ICT-8)."""

    min_coverage: float = Field(
        0.95, ge=0.5, le=1.0, description="A window counts when at least this share of its candles was seen."
    )
    max_active: int = Field(8, ge=1, le=100, description="Living session highs, and lows; beyond that the oldest expires.")
    max_age_days: float = Field(3.0, gt=0.0, le=60.0, description="Days after its window for which a level lives.")
    return_within: int = Field(
        1,
        ge=1,
        le=20,
        description="Candles within which a close back inside makes a sweep; 1 = the one that went beyond.",
    )


class IpdaSettings(Concept):
    """IPDA ranges (ICT-12)."""

    days: tuple[Annotated[int, Field(ge=2, le=400)], ...] = Field(
        (20, 40, 60), min_length=1, description="Completed days that each range looks back."
    )

    @field_validator("days", mode="after")
    @classmethod
    def _once_each(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(days)) != len(days):
            raise ValueError("names a length twice; name each once")
        return tuple(sorted(days))
