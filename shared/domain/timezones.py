"""Validates names of time zones, and shows an instant in a zone's clock to a person."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

NEW_YORK: Final = "America/New_York"
SEOUL: Final = "Asia/Seoul"

#: A zone's name is a path below the zone database and must not lead out of it.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def known_zone(name: str) -> str:
    """Return the name unchanged. Raises ValueError if there is no such zone."""
    try:
        if _NAME.fullmatch(name):
            ZoneInfo(name)
            return name
    except (KeyError, OSError, ValueError):  # no such key; a directory of the database; not a zone file
        pass
    raise ValueError(f"there is no time zone {name!r}; write it as America/New_York")


ZoneName = Annotated[str, AfterValidator(known_zone)]


def shown(time: int, zone: str) -> str:
    """Write an instant (UTC ms) in the clock of a zone, to the minute: ``2026-03-08 16:00 KST``."""
    return f"{datetime.fromtimestamp(time / 1000, tz=ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
