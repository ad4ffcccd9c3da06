"""Session highs and lows: what a window leaves behind when it is over (ICT-8; docs/ict.md §10.2, §9.1)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.levels import LevelBook
from services.analysis.detectors.sessions import Sessions
from services.analysis.settings.levels import SessionLevelSettings
from services.analysis.wording import at, price
from shared.domain.timeframes import DAY


class SessionLevels(Detector):
    """High and low of every window whose ``levels`` is set, known at the close at which it is over.

    They live as ``LevelBook`` says: swept, broken, or expired by age or when the book is full. A window of which too little
    was seen leaves none.
    """

    STATE: ClassVar[tuple[str, ...]] = ("levels",)

    def __init__(self, settings: SessionLevelSettings, sessions: Sessions, duration: int) -> None:
        super().__init__()
        self._sessions = sessions
        self._min_coverage: float = settings.min_coverage
        age = max(1, int(settings.max_age_days * DAY) // duration)
        self.levels = LevelBook(settings.max_active, age, settings.return_within)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the levels."""
        self.levels.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, unless such a window is over."""
        sessions = self._sessions
        for place in sessions.left:
            window = sessions.windows[place]
            if window.levels and sessions.covered(place) >= self._min_coverage:
                key = sessions.keys[place]
                span = sessions.spans[place]
                numbers = (float(span.start), float(span.end), sessions.covered(place))
                self.levels.born(
                    Finding(
                        "session_high", "bearish", span.high, span.high, span.high_time, now.close_time,
                        label=window.name, key=key, numbers=numbers,
                    ),
                    now,
                )  # fmt: skip
                self.levels.born(
                    Finding(
                        "session_low", "bullish", span.low, span.low, span.low_time, now.close_time,
                        label=window.name, key=key, numbers=numbers,
                    ),
                    now,
                )  # fmt: skip

    def active(self, into: list[Finding]) -> None:
        """The levels that stand, oldest first."""
        self.levels.active(into)


def why_session_level(level: Finding) -> str:
    """``numbers``: start and end of the window (ms), the share of its candles that was seen."""
    start, end, coverage = level.numbers
    side = "High" if level.kind == "session_high" else "Low"
    text = (
        f"{side} {price(level.top)} of {level.label}, {at(int(start))} to {at(int(end))}, made by the candle "
        f"{at(level.formed_at)}"
    )
    if coverage < 1.0:
        text += f"; {coverage:.1%} of the window was seen"
    return f"{text}."
