"""Time suitability: how well the time of a close suits an entry, 0 to 1 (SIG-6).

1. Inside a kill zone, a Silver Bullet hour or a macro each counts 1, outside 0. Closeness counts 1 at the last of the
   midnight, 08:30 and 09:30 opens and falls in a straight line to 0 ``open_ms`` later. The day counts what ``days`` says.
2. The score is the mean of these five, weighted by the settings ``kill_zone``, ``silver_bullet``, ``macro``, ``key_open``
   and ``weekday``.
3. A score below ``min_score`` stops the signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from services.signals.filters.contract import Filter, FilterSettings
from services.signals.gates import Gate
from services.signals.view import MarketView
from shared.domain.decisions import Signal
from shared.domain.facts import Analysis, FactKind
from shared.domain.timeframes import DAY, FINEST, MINUTE, Timeframe
from shared.domain.timezones import NEW_YORK

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS: Final[dict[Weekday, float]] = {"mon": 0.5, "tue": 1.0, "wed": 1.0, "thu": 1.0, "fri": 0.5, "sat": 0.0, "sun": 0.0}
#: What it reads, on 1m: there every window and every open is followed.
READS: Final[frozenset[FactKind]] = frozenset({"kill_zone", "silver_bullet", "macro", "key_open"})
_NEW_YORK: Final = ZoneInfo(NEW_YORK)
Weight = Annotated[float, Field(ge=0.0, le=1.0)]


class TimeSuitabilitySettings(FilterSettings):
    """Settings of the time suitability: its weights, the score that a signal needs, and the alert when it rises."""

    min_score: float = Field(0.3, ge=0.0, le=1.0, description="Lowest score at which a signal passes")
    kill_zone: float = Field(0.4, ge=0.0, le=1.0, description="Weight of being inside a kill zone")
    silver_bullet: float = Field(0.2, ge=0.0, le=1.0, description="Weight of being inside a Silver Bullet hour")
    macro: float = Field(0.1, ge=0.0, le=1.0, description="Weight of being inside a macro")
    key_open: float = Field(0.1, ge=0.0, le=1.0, description="Weight of closeness to the last key open")
    weekday: float = Field(0.2, ge=0.0, le=1.0, description="Weight of the day of the week")
    open_ms: int = Field(
        60 * MINUTE, ge=MINUTE, le=DAY, description="Time after a key open in which closeness falls from 1 to 0, ms"
    )
    days: dict[Weekday, Weight] = Field(
        default_factory=lambda: dict(_DAYS),
        description="What each day in New York counts, 0 to 1; a day that is left out counts 0",
    )
    tell: bool = Field(False, description="Send an alert of severity info when the score rises above `threshold`")
    threshold: float = Field(0.7, ge=0.0, le=1.0, description="Score above which that alert is sent, once until it falls")

    @model_validator(mode="after")
    def _weighted(self) -> Self:
        """Raise ValueError if nothing counts."""
        if self.weights == 0.0:
            raise ValueError("every weight of the time suitability is 0: give one of them, or turn it off with enabled")
        return self

    @property
    def weights(self) -> float:
        """Return the sum of the weights."""
        return self.kill_zone + self.silver_bullet + self.macro + self.key_open + self.weekday


def gates(view: MarketView, signal: Signal, settings: TimeSuitabilitySettings) -> tuple[Gate, ...]:
    """Return the one gate: the score of this close. Without the 1m candle of the close it is not known."""
    analysis = view.at_close(FINEST)
    if analysis is None:
        text = f"The last {FINEST} candle is missing: which windows are open is not known."
        return (Gate("time_suitability", "data_missing", False, text=text),)
    score, least = suitability(analysis, settings), settings.min_score
    where = ", ".join(each.label for each in analysis.active if each.kind in READS and each.kind != "key_open") or "none"
    text = f"The time scores {score:.2f}; at least {least:g} is needed. Windows that are open: {where}."
    return (Gate("time_suitability", "unsuitable_time", score >= least, score, least, "score", text),)


def suitability(analysis: Analysis, settings: TimeSuitabilitySettings) -> float:
    """The score of the close of a 1m analysis, 0 to 1: the same for every symbol that has all of its candles."""
    close_time = analysis.candle.close_time
    facts = [fact for fact in analysis.active if fact.kind in READS]
    inside = {fact.kind for fact in facts}
    age = min([close_time - fact.formed_at for fact in facts if fact.kind == "key_open"], default=settings.open_ms)
    day = datetime.fromtimestamp(close_time / 1000, _NEW_YORK).weekday()
    points = (
        settings.kill_zone * ("kill_zone" in inside)
        + settings.silver_bullet * ("silver_bullet" in inside)
        + settings.macro * ("macro" in inside)
        + settings.key_open * max(0.0, 1.0 - age / settings.open_ms)
        + settings.weekday * settings.days.get(_WEEKDAYS[day], 0.0)
    )
    return min(1.0, points / settings.weights)


def _reads(settings: TimeSuitabilitySettings, timeframe: Timeframe) -> Mapping[Timeframe, frozenset[FactKind]]:
    return {FINEST: READS}


FILTER: Final = Filter(name="time_suitability", settings=TimeSuitabilitySettings, gates=gates, reads=_reads)
