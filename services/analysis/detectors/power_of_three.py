"""Power of Three: accumulation, manipulation (the Judas swing), distribution (ICT-12; docs/ict.md §12)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.sessions import Sessions
from services.analysis.sessions.local_time import LocalDays
from services.analysis.settings.power_of_three import PowerOfThreeSettings
from services.analysis.settings.timetable import minutes
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class PowerOfThree(Detector):
    """Bullish day: the Asian range is made, its low is swept and given back (the Judas swing), then structure breaks up.

    *Accumulation* is the range of a window that is over, of which enough was seen. *Manipulation*: between
    ``manipulation_start`` and ``manipulation_end`` (candles by their open time), price trades beyond one side; the first
    close back inside is the ``judas_swing``, an event, and the ``power_of_three`` begins (``active``). *Distribution*: the
    first change of character (or, by setting, any break of structure) the other way makes it ``final``. Trading beyond
    both sides first makes the day void (``invalidated``); no break until ``distribution_end`` ends it (``expired``).

    At one close a break counts before the other side: a candle that breaks structure and reaches the target delivered.
    After a gap the running day goes on: what was missed can only make a sweep unseen, never seen too early.
    """

    STATE: ClassVar[tuple[str, ...]] = (
        "high", "low", "range_start", "sweep_from", "sweep_until", "break_until", "above", "below", "extreme",
        "extreme_time", "waiting", "running",
    )  # fmt: skip

    def __init__(self, settings: PowerOfThreeSettings, sessions: Sessions) -> None:
        super().__init__()
        self._sessions = sessions
        self._place: int = sessions.place_of(settings.accumulation)
        self._days = LocalDays(settings.zone)
        self._from: int = minutes(settings.manipulation_start)
        self._to: int = minutes(settings.manipulation_end)
        self._last: int = minutes(settings.distribution_end)
        self._any_break: bool = settings.confirm_on == "break"
        self._min_coverage: float = settings.min_coverage
        self.high = 0.0
        self.low = 0.0
        self.range_start = 0
        self.sweep_from = 0
        self.sweep_until = 0
        self.break_until = 0
        self.above = False
        self.below = False
        self.extreme = 0.0
        self.extreme_time = 0
        self.waiting = False
        self.running: Finding | None = None

    def detect(self, now: CandleClose) -> None:
        """Follow the day on; then, when the accumulation window is over, begin the next."""
        if self.waiting:
            self._manipulation(now)
        elif self.running is not None:
            self._distribution(now, self.running)
        if self._sessions.left and self._place in self._sessions.left:
            self._begin(now)

    def active(self, into: list[Finding]) -> None:
        """The day that was manipulated and not yet distributed."""
        if self.running is not None:
            into.append(self.running)

    def _begin(self, now: CandleClose) -> None:
        if self.running is not None:
            self._end(now, self.running, expired=True)
        sessions = self._sessions
        place = self._place
        self.waiting = sessions.covered(place) >= self._min_coverage
        if not self.waiting:
            return
        span = sessions.spans[place]
        self.high = span.high
        self.low = span.low
        self.range_start = span.start
        end = span.end
        day = self._days.day_of(end)
        if self._days.instant(day, self._to) <= end:
            day += 1
        self.sweep_from = self._days.instant(day, self._from)
        self.sweep_until = self._days.instant(day, self._to)
        self.break_until = self._days.instant(day, self._last)
        self.above = False
        self.below = False

    def _manipulation(self, now: CandleClose) -> None:
        if now.open_time < self.sweep_from:
            return
        if now.open_time >= self.sweep_until:
            self.waiting = False
            return
        if now.high > self.high:
            if not self.above or now.high > self.extreme:
                self.extreme = now.high
                self.extreme_time = now.open_time
            self.above = True
        if now.low < self.low:
            if not self.below or now.low < self.extreme:
                self.extreme = now.low
                self.extreme_time = now.open_time
            self.below = True
        if self.above and self.below:
            self.waiting = False  # void: nobody can say which side was the trap
        elif self.above and now.close <= self.high:
            self._judas(now, "bearish", self.extreme, self.high)
        elif self.below and now.close >= self.low:
            self._judas(now, "bullish", self.low, self.extreme)

    def _judas(self, now: CandleClose, direction: Direction, top: float, bottom: float) -> None:
        self.waiting = False
        numbers = (self.high, self.low, float(self.range_start))
        judas = Finding("judas_swing", direction, top, bottom, self.extreme_time, now.close_time, numbers=numbers)
        now.emit(judas)
        self.running = Finding(
            "power_of_three",
            direction,
            self.high,
            self.low,
            self.range_start,
            now.close_time,
            ref=judas.identity(),
            numbers=(float(self.break_until),),
        )
        now.emit(self.running)

    def _distribution(self, now: CandleClose, running: Finding) -> None:
        if now.open_time >= self.break_until:
            self._end(now, running, expired=True)
            return
        broken = now.broken
        if broken is not None and broken.direction == running.direction and (self._any_break or broken.kind == "choch"):
            now.emit(running.changed("final", now.close_time))
            self.running = None
        elif (now.low < self.low) if running.direction == "bearish" else (now.high > self.high):
            self._end(now, running, expired=False)

    def _end(self, now: CandleClose, running: Finding, *, expired: bool) -> None:
        if running.changed_at == now.close_time:
            now.withdraw(running)  # begun and ended at one close: not reported
        else:
            now.emit(running.changed("expired" if expired else "invalidated", now.close_time))
        self.running = None


def why_judas(found: Finding) -> str:
    """``numbers``: high, low and start (ms) of the accumulation range."""
    high, low, start = found.numbers
    bearish = found.direction == "bearish"
    return (
        f"Judas swing {'up' if bearish else 'down'}: candle {at(found.formed_at)} traded at "
        f"{price(found.top if bearish else found.bottom)}, {'above' if bearish else 'below'} the accumulation range "
        f"{price(low)} to {price(high)} that began {at(int(start))}; price closed back inside at "
        f"{at(found.confirmed_at)}."
    )


def why_power_of_three(found: Finding) -> str:
    """``numbers``: until when (ms) the distribution is waited for."""
    (until,) = found.numbers
    up = found.direction == "bullish"
    return (
        f"Power of Three, {'up' if up else 'down'}: accumulation {price(found.bottom)} to {price(found.top)} from "
        f"{at(found.formed_at)}, its {'low' if up else 'high'} taken and given back; a break of structure "
        f"{'up' if up else 'down'} before {at(int(until))} is the distribution, the other side is the target."
    )
