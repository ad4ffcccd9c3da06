"""Dealing range, premium and discount, and optimal trade entry (ICT-10; docs/ict.md §8.1, §8.2)."""

from __future__ import annotations

from typing import ClassVar, final

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import decimal
from services.analysis.base.detector import Detector
from services.analysis.base.finding import NEVER, Finding
from services.analysis.base.zones import Zone, ZoneBook
from services.analysis.settings import DealingRangeSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


@final
class OteBook(ZoneBook):
    """The one living entry zone: touched when price retraces into it, invalidated by a close beyond the leg's origin.

    ``numbers`` of its finding: origin, end, ideal price.
    """

    def __init__(self) -> None:
        super().__init__(1, 0)

    def judge(self, zone: Zone, now: CandleClose) -> None:
        """See ``ZoneBook``."""
        origin = zone.finding.numbers[0]
        if now.close < origin if zone.bullish else now.close > origin:
            zone.finding = zone.finding.changed("invalidated", now.close_time)
        elif zone.finding.state == "active":
            zone.finding = zone.finding.changed("touched", now.close_time)
            zone.watch(origin)
        else:
            return
        now.emit(zone.finding)


class DealingRange(Detector):
    """The range between the last confirmed swing high and swing low, anchored anew at every swing that is confirmed.

    *Bullish* when the low came first (the leg went up): then the optimal entry is a retracement down into it. Below the
    middle is discount, above it premium. With ``anchors = body`` the range spans the bodies of the two candles. There is no
    range whose low is not under its high. The range before ends (``superseded``), and its entry zone with it unless that
    has ended already. The entry zone lies 62 to 79 % back from the leg's end to its origin.
    """

    STATE: ClassVar[tuple[str, ...]] = ("range", "ote", "high", "high_at", "low", "low_at")

    def __init__(self, settings: DealingRangeSettings, swing_length: int) -> None:
        super().__init__(swing_length + 1)
        self._length = swing_length
        self._on_bodies: bool = settings.anchors == "body"
        self._from: float = settings.ote_from
        self._ideal: float = settings.ote_ideal
        self._to: float = settings.ote_to
        self.range: Finding | None = None
        self.ote = OteBook()
        #: The anchors: price and open time of the last swing of each side, time -1 before the first.
        self.high = 0.0
        self.high_at = -1
        self.low = 0.0
        self.low_at = -1

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the entry zone."""
        self.ote.follow(now)

    def detect(self, now: CandleClose) -> None:
        """A new range where this close confirms a swing."""
        high = now.swing_high
        low = now.swing_low
        if high is None and low is None:
            return
        pivot = now.last - self._length
        if high is not None:
            self.high = max(now.opens[pivot], now.closes[pivot]) if self._on_bodies else high.top
            self.high_at = high.formed_at
        if low is not None:
            self.low = min(now.opens[pivot], now.closes[pivot]) if self._on_bodies else low.bottom
            self.low_at = low.formed_at
        self._end_before(now)
        # A candle that is both swings has no order of its extremes: no leg.
        if self.high_at >= 0 and self.low_at >= 0 and self.low < self.high and self.high_at != self.low_at:
            self._anchor(now)

    def active(self, into: list[Finding]) -> None:
        """The range, then its entry zone."""
        if self.range is not None:
            into.append(self.range)
        self.ote.active(into)

    def _end_before(self, now: CandleClose) -> None:
        if self.range is not None:
            now.emit(self.range.changed("superseded", now.close_time))
            self.range = None
        for zone in self.ote.zones:
            if zone.finding.changed_at == now.close_time:
                now.withdraw(zone.finding)  # touched at this close: only its end is reported
            now.emit(zone.finding.changed("superseded", now.close_time))
        self.ote.zones = []

    def _anchor(self, now: CandleClose) -> None:
        bullish = self.low_at < self.high_at
        direction: Direction = "bullish" if bullish else "bearish"
        first = min(self.low_at, self.high_at)
        last = max(self.low_at, self.high_at)
        dealing = Finding(
            "dealing_range",
            direction,
            self.high,
            self.low,
            last,
            now.close_time,
            key=first,
            candles=(first, last),
        )
        now.emit(dealing)
        self.range = dealing
        span = self.high - self.low
        origin = self.low if bullish else self.high
        end = self.high if bullish else self.low
        away = -span if bullish else span
        near = decimal(end + away * self._from)
        far = decimal(end + away * self._to)
        if near == far:  # a range of a few units in the last digit
            return
        entry = Finding(
            "ote",
            direction,
            max(near, far),
            min(near, far),
            last,
            now.close_time,
            key=first,
            candles=(first, last),
            ref=dealing.identity(),
            numbers=(origin, end, decimal(end + away * self._ideal)),
        )
        self.ote.add(Zone(entry, NEVER), now)


def why_range(dealing: Finding) -> str:
    """The two anchors and the middle."""
    bullish = dealing.direction == "bullish"
    low_at, high_at = dealing.candles if bullish else (dealing.candles[1], dealing.candles[0])
    middle = price((dealing.top + dealing.bottom) / 2)
    return (
        f"Dealing range {price(dealing.bottom)} (swing low of {at(low_at)}) to {price(dealing.top)} (swing high of "
        f"{at(high_at)}), known at the close {at(dealing.confirmed_at)}: below {middle} is discount, "
        f"above it premium."
    )


def why_ote(entry: Finding) -> str:
    """``numbers``: the leg's origin and end, and the ideal price."""
    origin, end, ideal = entry.numbers
    leg = "up" if entry.direction == "bullish" else "down"
    return (
        f"Optimal trade entry {price(entry.bottom)} to {price(entry.top)}, ideal {price(ideal)}: retracement of the "
        f"leg {leg} from {price(origin)} ({at(entry.candles[0])}) to {price(end)} ({at(entry.candles[1])})."
    )
