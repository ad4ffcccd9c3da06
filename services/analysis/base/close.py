"""What a detector sees at one candle close: the candle, those before it, how wide they were, and what happened so far."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.finding import Finding


class CandleClose:
    """One close. The engine keeps one of these and moves it on: it is made of facts up to ``close_time`` and nothing later.

    **Candle**: ``open_time``, ``close_time`` (UTC ms), ``open``, ``high``, ``low``, ``close`` (quote currency), ``volume``
    (base currency). ``atr`` is of the candles *before* this one (0 until warm): a candle is never measured by itself.

    **Candles before**: columns ``open_times``, ``opens``, ``highs``, ``lows``, ``closes``, ``volumes``, oldest first;
    ``last`` is this candle's place in them and ``first`` the oldest place that may be read. They are always an unbroken run:
    they start anew after a missing or disputed candle, so no pattern can span a gap. ``run`` counts the candles of that run
    (1: nothing is known of the candle before) and ``index`` all candles ever seen, from 0.

    **This close so far**, in the order of work: ``events`` holds every finding emitted at this close; ``displacement`` the
    displacement, ``broken`` the BOS or CHoCH, ``swing_high`` and ``swing_low`` the swings confirmed, ``gap`` the fair value
    gap formed; each None without one.
    """

    STATE: ClassVar[tuple[str, ...]] = ("index", "run", "open_times", "opens", "highs", "lows", "closes", "volumes")

    def __init__(self, duration: int, capacity: int) -> None:
        self.duration = duration
        self._capacity = capacity
        self.index = -1
        self.run = 0
        self.open_times: list[int] = []
        self.opens: list[float] = []
        self.highs: list[float] = []
        self.lows: list[float] = []
        self.closes: list[float] = []
        self.volumes: list[float] = []
        self.first = 0
        self.last = -1
        self.atr = 0.0
        self.open_time = 0
        self.close_time = 0
        self.open = 0.0
        self.high = 0.0
        self.low = 0.0
        self.close = 0.0
        self.volume = 0.0
        #: Thresholds in ATR are multiplied by this: 1, unless ``timetable.adapt`` makes them follow the kill zone.
        self.threshold_scale = 1.0
        self.events: list[Finding] = []
        self.displacement: Finding | None = None
        self.broken: Finding | None = None
        self.swing_high: Finding | None = None
        self.swing_low: Finding | None = None
        self.gap: Finding | None = None

    def move_to(
        self, open_time: int, opened: float, high: float, low: float, close: float, volume: float, atr: float
    ) -> None:
        """Stand at the close of the next candle, at which nothing has happened yet."""
        if self.last + 1 >= 2 * self._capacity:
            self.trim()
        self.open_times.append(open_time)
        self.opens.append(opened)
        self.highs.append(high)
        self.lows.append(low)
        self.closes.append(close)
        self.volumes.append(volume)
        self.last += 1
        if self.run >= self._capacity:
            self.first = self.last + 1 - self._capacity
        self.run += 1
        self.index += 1
        self.atr = atr
        self.open_time = open_time
        self.close_time = open_time + self.duration
        self.open = opened
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.events = []
        self.displacement = None
        self.broken = None
        self.swing_high = None
        self.swing_low = None
        self.gap = None

    def emit(self, finding: Finding) -> None:
        """Say it at this close."""
        self.events.append(finding)

    def withdraw(self, finding: Finding) -> None:
        """Unsay what this close said of a fact that another finding of this close says better.

        One fact changes at most once a close, so that (id, changed_at) names one event.
        """
        identity = finding.identity()
        self.events = [event for event in self.events if event.identity() != identity]

    def break_run(self) -> None:
        """The next candle does not follow on the last: the columns start anew."""
        self.run = 0
        self.first = 0
        self.last = -1
        self.open_times = []
        self.opens = []
        self.highs = []
        self.lows = []
        self.closes = []
        self.volumes = []

    def trim(self) -> None:
        """Drop the candles that nobody may read any more."""
        excess = self.first
        if excess > 0:
            del self.open_times[:excess]
            del self.opens[:excess]
            del self.highs[:excess]
            del self.lows[:excess]
            del self.closes[:excess]
            del self.volumes[:excess]
            self.last -= excess
            self.first = 0

    def restored(self) -> None:
        """Continue after the saved fields were set."""
        self.last = len(self.open_times) - 1
        self.first = max(0, self.last + 1 - self._capacity)
