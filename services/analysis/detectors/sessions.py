"""Kill zones, Silver Bullet hours, macros and sessions: when each opens and closes, and its range (docs/ict.md §9.1)."""

from __future__ import annotations

import zlib
from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.span import Span
from services.analysis.detectors.zone_volatility import ZoneVolatility
from services.analysis.sessions.timetable import Timetable, Window, candles_in
from services.analysis.settings.timetable import TimetableSettings
from services.analysis.wording import at
from shared.domain.timeframes import MINUTE


class Sessions(Detector):
    """Reports a window when the clock enters it (``active``, with the price of that moment) and has left it (``final``).

    Time needs no confirmation: at the close that stands at its start it is entered, whatever the next candle will be. A
    candle belongs to it when its *open time* lies in [start, end), so its range is that of these candles, and final at the
    close that stands at its end (``SessionLevels`` reports it). A window is followed only where at least ``min_candles`` of
    its candles fit into it; one that opens and closes between two closes (in a gap) is not reported.

    For other detectors, by place in ``windows``: ``open``, the windows in which the next candle opens; ``left``, those that
    ended at this close; ``spans``, what was seen of each; ``covered``, the share of its candles that was seen.
    """

    STATE: ClassVar[tuple[str, ...]] = ("table", "until", "open", "spans", "told", "volatility")

    def __init__(self, settings: TimetableSettings, duration: int) -> None:
        super().__init__()
        self._duration = duration
        rows = settings.window_table()
        followed = {name: row for name, row in rows.items() if row.length * MINUTE >= settings.min_candles * duration}
        self._timetable = Timetable(followed)
        self.windows: list[Window] = self._timetable.windows
        self.keys: list[int] = [zlib.crc32(window.name.encode()) for window in self.windows]
        #: What a snapshot must have been made with: it is not continued with another table.
        self._table: str = ";".join(f"{name}:{row}" for name, row in followed.items())
        self._statistics_days: int = settings.statistics_days
        self._adapt: bool = settings.adapt == "volatility"
        self._adapt_limit: float = settings.adapt_limit
        count = len(self.windows)
        self.table: str = self._table
        self.until = -1
        self.open: list[int] = []
        self.left: list[int] = []
        self.spans: list[Span] = [Span() for _ in range(count)]
        self.told: list[Finding | None] = [None] * count
        self.volatility = ZoneVolatility(count, settings.statistics_days)
        #: Windows were entered that are not reported yet.
        self._entered = False

    def place_of(self, name: str) -> int:
        """Where the window of this name stands, -1 when it is not followed on this timeframe."""
        for place, window in enumerate(self.windows):
            if window.name == name:
                return place
        return -1

    def covered(self, place: int) -> float:
        """The share of the window's candles that was seen."""
        span = self.spans[place]
        expected = candles_in(span.start, span.end, self._duration)
        return span.seen / expected if expected > 0 else 0.0

    def detect(self, now: CandleClose) -> None:
        """Take the candle into the windows it opened in; then leave and enter what the clock at this close says."""
        if not self.windows:
            return
        if self.left:
            self.left = []
        if now.open_time != self.until:  # the first candle, or one after a gap
            self._move(now, now.open_time)
        self.until = now.close_time
        high = now.high
        low = now.low
        for place in self.open:
            self.spans[place].take(high, low, now.open_time, now.open_time, 1)
        self.volatility.add(now.open_time, high - low, self.open)
        if self._adapt:
            now.threshold_scale = self._scale()
        if now.close_time >= self._timetable.next_change:
            self._move(now, now.close_time)
        if self._entered:
            self._entered = False
            for place in self.open:
                if self.told[place] is None:
                    self._tell(now, place)

    def active(self, into: list[Finding]) -> None:
        """The windows that are open, in the order of the table."""
        for place in self.open:
            finding = self.told[place]
            if finding is not None:
                into.append(finding)

    def restored(self) -> None:
        """Continue after the saved fields were set; with another table than they were saved with, anew."""
        if self.table != self._table:
            count = len(self.windows)
            self.table = self._table
            self.until = -1
            self.open = []
            self.spans = [Span() for _ in range(count)]
            self.told = [None] * count
            self.volatility = ZoneVolatility(count, self._statistics_days)
        self._timetable.forget()
        if self.until >= 0:
            self._timetable.move_to(self.until)

    def _move(self, now: CandleClose, time: int) -> None:
        """Leave the windows that ended by ``time``, enter those in which ``time`` lies."""
        self._timetable.move_to(time)
        still: list[int] = []
        for place, window in enumerate(self.windows):
            if place in self.open:
                if self.spans[place].end > time:
                    still.append(place)
                    continue
                self._leave(now, place)
            if window.start <= time < window.end:
                self.spans[place].begin(window.start, window.end)
                self.told[place] = None
                self._entered = True
                still.append(place)
        self.open = still

    def _leave(self, now: CandleClose, place: int) -> None:
        self.left.append(place)
        known = self.told[place]
        if known is None:
            return
        now.emit(known.changed("final", now.close_time))
        self.told[place] = None

    def _tell(self, now: CandleClose, place: int) -> None:
        span = self.spans[place]
        finding = Finding(
            self.windows[place].kind,
            "none",
            now.close,
            now.close,
            span.start,
            now.close_time,
            label=self.windows[place].name,
            key=self.keys[place],
            numbers=(float(span.end), self.volatility.relative(place)),
        )
        self.told[place] = finding
        now.emit(finding)

    def _scale(self) -> float:
        """Relative volatility of the kill zone that this candle opened in; 1 outside and while nothing is known."""
        for place in self.open:
            if self.windows[place].kind == "kill_zone":
                relative = self.volatility.relative(place)
                if relative > 0.0:
                    return min(self._adapt_limit, max(1.0 / self._adapt_limit, relative))
        return 1.0


_CALLED = {
    "kill_zone": "Kill zone",
    "silver_bullet": "Silver Bullet hour",
    "macro": "Macro",
    "session": "Session",
    "quiet_hours": "Quiet hours",
}


def why_window(window: Finding) -> str:
    """``numbers``: the end of the window (ms), and how wide its candles are against their day (0: not known yet)."""
    end, relative = window.numbers
    text = f"{_CALLED[window.kind]} {window.label}, by the clock from {at(window.formed_at)} to {at(int(end))}"
    if relative > 0.0:
        text += f"; its candles were {relative:.2f} times as wide as those of the whole day before"
    return f"{text}."
