"""Defines the settings of the timetable, kill zones, other windows and key opens, with its presets (docs/ict.md §9)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from services.analysis.settings.base import Concept, Frozen
from shared.domain.like import Like
from shared.domain.timezones import NEW_YORK, SEOUL, ZoneName

#: The kinds of windows; each is also a kind of fact (``shared.domain.facts``).
WindowKind = Literal["kill_zone", "silver_bullet", "macro", "session", "quiet_hours"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Preset = Literal["new_york", "kst_fixed"]

_CLOCK: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
_NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"


def _from_yaml(value: object) -> object:
    """Turn a number back into HH:MM: YAML 1.1 reads an unquoted 17:00 as base 60, that is, minutes after midnight."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return f"{value // 60:02}:{value % 60:02}"
    return value


Clock = Annotated[str, BeforeValidator(_from_yaml), Field(pattern=_CLOCK), Like("09:30")]
WindowName = Annotated[str, Field(pattern=_NAME), Like("london_open (a to z, 0 to 9 and _)")]


def minutes(clock: str) -> int:
    """Convert ``HH:MM`` to minutes after midnight."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


class WindowSettings(Frozen):
    """Settings of one window of local time. It contains every candle whose open time is in [start, end)."""

    kind: WindowKind = Field(description="What kind of window it is")
    start: Clock = Field(description="Local start, HH:MM")
    end: Clock = Field(description="Local end, HH:MM, not in the window any more; at or before the start: on the next day")
    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="Local weekdays on which the window starts")
    zone: ZoneName = Field(NEW_YORK, description="Time zone whose clock is read")
    levels: bool = Field(False, description="Keep the window's high and low as levels once it is over")

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        """Raise ValueError if the window starts and ends at the same time of day."""
        if self.start == self.end:
            raise ValueError(
                f"starts and ends at {self.start}: a window needs a length (for a whole day, end a minute before)"
            )
        return self

    @property
    def length(self) -> int:
        """Return the minutes from start to end by the clock, daylight saving left aside."""
        return (minutes(self.end) - minutes(self.start)) % (24 * 60)


class OpenSettings(Frozen):
    """Settings of one key open: the opening price of the candle that opens at this local time."""

    at: Clock = Field(description="Local time, HH:MM")
    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="Local weekdays on which it is taken")
    zone: ZoneName = Field(NEW_YORK, description="Time zone whose clock is read")

    @property
    def minute(self) -> int:
        """Return the local time of the open, minutes after midnight."""
        return minutes(self.at)


def _windows(zone: str, levels: frozenset[str], table: dict[str, tuple[WindowKind, str, str]]) -> dict[str, WindowSettings]:
    return {
        name: WindowSettings(kind=kind, start=start, end=end, zone=zone, levels=name in levels)
        for name, (kind, start, end) in table.items()
    }


_LEVELS: Final = frozenset({"asian", "london_open", "new_york_am", "new_york_pm"})

#: The windows of docs/ict.md §9.1. They hold on all days, because crypto trades on all days.
NEW_YORK_WINDOWS: Final[dict[str, WindowSettings]] = _windows(
    NEW_YORK,
    _LEVELS,
    {
        "asian": ("kill_zone", "20:00", "00:00"),
        "london_open": ("kill_zone", "02:00", "05:00"),
        "new_york_am": ("kill_zone", "07:00", "10:00"),
        "london_close": ("kill_zone", "10:00", "12:00"),
        "new_york_lunch": ("quiet_hours", "12:00", "13:00"),
        "new_york_pm": ("kill_zone", "13:30", "16:00"),
        "silver_bullet_london": ("silver_bullet", "03:00", "04:00"),
        "silver_bullet_am": ("silver_bullet", "10:00", "11:00"),
        "silver_bullet_pm": ("silver_bullet", "14:00", "15:00"),
        "macro_0233": ("macro", "02:33", "03:00"),
        "macro_0403": ("macro", "04:03", "04:30"),
        "macro_0850": ("macro", "08:50", "09:10"),
        "macro_0950": ("macro", "09:50", "10:10"),
        "macro_1050": ("macro", "10:50", "11:10"),
        "macro_1150": ("macro", "11:50", "12:10"),
        "macro_1310": ("macro", "13:10", "13:40"),
        "macro_1515": ("macro", "15:15", "15:45"),
    },
)

#: The same windows in Korean time, right while New York has summer time and an hour early on the other 35 % of the days
#: (docs/ict.md §9). Kept because the source documents give them so; not the default.
KST_WINDOWS: Final[dict[str, WindowSettings]] = _windows(
    SEOUL,
    _LEVELS,
    {
        "asian": ("kill_zone", "09:00", "13:00"),
        "london_open": ("kill_zone", "15:00", "18:00"),
        "new_york_am": ("kill_zone", "20:00", "23:00"),
        "london_close": ("kill_zone", "23:00", "01:00"),
        "new_york_lunch": ("quiet_hours", "01:00", "02:00"),
        "new_york_pm": ("kill_zone", "02:30", "05:00"),
        "silver_bullet_london": ("silver_bullet", "16:00", "17:00"),
        "silver_bullet_am": ("silver_bullet", "23:00", "00:00"),
        "silver_bullet_pm": ("silver_bullet", "03:00", "04:00"),
        "macro_0233": ("macro", "15:33", "16:00"),
        "macro_0403": ("macro", "17:03", "17:30"),
        "macro_0850": ("macro", "21:50", "22:10"),
        "macro_0950": ("macro", "22:50", "23:10"),
        "macro_1050": ("macro", "23:50", "00:10"),
        "macro_1150": ("macro", "00:50", "01:10"),
        "macro_1310": ("macro", "02:10", "02:40"),
        "macro_1515": ("macro", "04:15", "04:45"),
    },
)

NEW_YORK_OPENS: Final[dict[str, OpenSettings]] = {
    "midnight": OpenSettings(at="00:00"),
    "open_0830": OpenSettings(at="08:30"),
    "open_0930": OpenSettings(at="09:30"),
}
KST_OPENS: Final[dict[str, OpenSettings]] = {
    "midnight": OpenSettings(at="13:00", zone=SEOUL),
    "open_0830": OpenSettings(at="21:30", zone=SEOUL),
    "open_0930": OpenSettings(at="22:30", zone=SEOUL),
}

_WINDOW_PRESETS: Final[dict[Preset, dict[str, WindowSettings]]] = {"new_york": NEW_YORK_WINDOWS, "kst_fixed": KST_WINDOWS}
_OPEN_PRESETS: Final[dict[Preset, dict[str, OpenSettings]]] = {"new_york": NEW_YORK_OPENS, "kst_fixed": KST_OPENS}


class TimetableSettings(Concept):
    """Settings of the timetable: kill zones, Silver Bullet hours, macros and key opens."""

    preset: Preset = Field(
        "new_york",
        description=(
            "Table to begin with: new_york = local time with daylight saving, kst_fixed = Korean "
            "times that are an hour early while New York has winter time"
        ),
    )
    windows: dict[WindowName, WindowSettings | None] = Field(
        default_factory=dict,
        description="Windows added to the preset's, or replacing the one of that name; null removes it",
    )
    opens: dict[WindowName, OpenSettings | None] = Field(
        default_factory=dict,
        description="Key opens added to the preset's, or replacing the one of that name; null removes it",
    )
    min_candles: int = Field(
        3,
        ge=1,
        le=1_000,
        description="Fewest candles of a timeframe that must fit into a window for it to be followed there",
    )

    statistics_days: int = Field(
        20, ge=1, le=400, description="Completed days over which a window's volatility is compared with the whole day's"
    )
    adapt: Literal["off", "volatility"] = Field(
        "off",
        description=(
            "Scale smallest sizes in ATR inside a kill zone: volatility = by how wide its candles "
            "usually are against the whole day's, off = not"
        ),
    )
    adapt_limit: float = Field(
        2.0, ge=1.0, le=10.0, description="Largest factor of that scaling; the smallest is 1 / adapt_limit"
    )

    def window_table(self) -> dict[str, WindowSettings]:
        """Return the windows in force, by name: the preset's, with those of ``windows`` added, replaced or removed."""
        merged = {**_WINDOW_PRESETS[self.preset], **self.windows}
        return {name: window for name, window in merged.items() if window is not None}

    def open_table(self) -> dict[str, OpenSettings]:
        """Return the key opens in force, by name: the preset's, with those of ``opens`` added, replaced or removed."""
        merged = {**_OPEN_PRESETS[self.preset], **self.opens}
        return {name: each for name, each in merged.items() if each is not None}
