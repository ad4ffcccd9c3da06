"""What a fetch learnt not to be there: archives that the server does not have, and days of which nobody has a row.

Stands in ``absent.json`` beside the manifest. It saves questions and nothing else: deleted or damaged, everything is asked
for again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from shared.candles.manifest import UNFINISHED, sync_directory
from shared.domain.timeframes import DAY

ABSENT: Final = "absent.json"
#: An archive appears within days of its end: what is not there a week later does not come.
SETTLED: Final = 7 * DAY


class Absence(msgspec.Struct, kw_only=True):
    """archives: their names. days: starts of UTC days, ms, of which neither an archive nor the exchange had a row."""

    archives: set[str] = msgspec.field(default_factory=set)
    days: set[int] = msgspec.field(default_factory=set)


def read_absence(directory: Path) -> Absence:
    """What is remembered; nothing where there is no such file, or it cannot be read."""
    try:
        return msgspec.json.decode((directory / ABSENT).read_bytes(), type=Absence)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Absence()


def write_absence(directory: Path, absence: Absence) -> None:
    """Replace the file at once. Raises OSError."""
    told = {"archives": sorted(absence.archives), "days": sorted(absence.days)}
    temporary = directory / f"{UNFINISHED}{ABSENT}"
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(told) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / ABSENT)
    sync_directory(directory)


def is_settled(end: int, now: int) -> bool:
    """Whether what is not there at ``now`` of a span that ended at ``end`` (UTC ms) will not come either."""
    return end + SETTLED <= now


def listed_since(first: int, absent_days: Iterable[int]) -> int | None:
    """The listing of a series whose first row is of ``first`` (UTC ms): its time, where nobody has a row of the day before;
    None where that day was never asked for."""
    return first if first >= 0 and first - first % DAY - DAY in set(absent_days) else None
