"""Key opens: the opening prices at midnight, 08:30 and 09:30 New York time (ICT-11; docs/ict.md §9.2)."""

from __future__ import annotations

import zlib
from typing import ClassVar, Final

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.sessions.timetable import NEVER, key_opens
from services.analysis.settings.timetable import TimetableSettings
from services.analysis.wording import at, price
from shared.domain.timeframes import MINUTE

#: Zones lie whole hours (some: half or quarter hours) from UTC: longer candles open at such a time in one season only.
_LONGEST: Final = 60 * MINUTE


class KeyOpens(Detector):
    """The opening price of the candle that opens at that very time, known at its close, kept until the next of its name.

    Followed on timeframes up to 1h whose candles can open at the time at all. When that candle is missing the old price ends
    and nothing takes its place: another candle's open would be another price.
    """

    STATE: ClassVar[tuple[str, ...]] = ("names", "prices", "seen")

    def __init__(self, settings: TimetableSettings, duration: int) -> None:
        super().__init__()
        rows = {
            name: row
            for name, row in settings.open_table().items()
            if duration <= _LONGEST and row.minute * MINUTE % duration == 0
        }
        self._rows = key_opens(rows)
        self._names: list[str] = list(rows)
        self._keys: list[int] = [zlib.crc32(name.encode()) for name in self._names]
        self._next = 0 if self._rows else NEVER
        self._by_age: list[Finding] = []
        self.names: list[str] = list(self._names)
        self.prices: list[Finding | None] = [None] * len(self._rows)
        self.seen = -1

    def detect(self, now: CandleClose) -> None:
        """Nothing, until a candle opens at or after the next key open."""
        self.seen = now.open_time
        if now.open_time < self._next:
            return
        upcoming = NEVER
        for place, row in enumerate(self._rows):
            if row.at <= now.open_time:
                old = self.prices[place]
                if old is not None:
                    now.emit(old.changed("expired", now.close_time))
                    self.prices[place] = None
                row.move_to(now.open_time)
                if row.at == now.open_time:
                    self._tell(now, place)
                    row.move_to(now.open_time + 1)
            upcoming = min(upcoming, row.at)
        self._next = upcoming
        self._sort()

    def active(self, into: list[Finding]) -> None:
        """The prices that hold, oldest first."""
        into.extend(self._by_age)

    def restored(self) -> None:
        """Continue after the saved fields were set; with another table than they were saved with, anew."""
        if self.names != self._names:
            self.names = list(self._names)
            self.prices = [None] * len(self._rows)
            self.seen = -1
        self._next = 0 if self._rows else NEVER
        for row in self._rows:
            row.at = 0
            if self.seen >= 0:
                row.move_to(self.seen + 1)
        if self._rows and self.seen >= 0:
            self._next = min([row.at for row in self._rows])
        self._sort()

    def _sort(self) -> None:
        self._by_age = [finding for finding in self.prices if finding is not None]
        self._by_age.sort(key=_age)

    def _tell(self, now: CandleClose, place: int) -> None:
        finding = Finding(
            "key_open",
            "none",
            now.open,
            now.open,
            now.open_time,
            now.close_time,
            label=self._names[place],
            key=self._keys[place],
            candles=(now.open_time,),
        )
        self.prices[place] = finding
        now.emit(finding)


def _age(finding: Finding) -> int:
    return finding.confirmed_at


def why_key_open(level: Finding) -> str:
    """No numbers."""
    return f"Key open {level.label}: the candle {at(level.formed_at)} opened at {price(level.top)}."
