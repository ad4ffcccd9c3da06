"""Breaks of structure and changes of character, and the trend that follows from them (ICT-1, ICT-2; docs/ict.md §2.3)."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.detectors.displacement import Displacement
from services.analysis.detectors.swings import Swings
from services.analysis.settings import StructureSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, FactKind

Trend = Literal["up", "down", "none"]
_TREND_NUMBER: Final[dict[Trend, float]] = {"up": 1.0, "down": -1.0, "none": 0.0}


class Breaks(Detector):
    """A close beyond the last confirmed, unbroken swing is a break: once a swing, at that close.

    BOS if it goes with the trend (or there was none yet), CHoCH if it goes against it; then the trend is the break's. A
    close *at* the level is no break. The swing must have been confirmed by an earlier candle.

    With ``break_on = wick`` any trade beyond the level breaks it. A candle that trades beyond both swings breaks the one
    that it closes beyond, and neither when it closes between them: the order of its highs and lows is unknown. With
    ``min_displacement_atr`` a weaker candle leaves the swing unbroken, and a later, stronger one may still break it; until
    the ATR is warm nothing breaks.
    """

    STATE: ClassVar[tuple[str, ...]] = ("trend", "last")

    def __init__(self, settings: StructureSettings, swings: Swings, bos: FactKind, choch: FactKind) -> None:
        super().__init__()
        self._swings = swings
        self._bos: FactKind = bos
        self._choch: FactKind = choch
        self._on_close: bool = settings.break_on == "close"
        self._min_displacement: float = settings.min_displacement_atr
        self.trend: Trend = "none"
        self.last: Finding | None = None

    def active(self, into: list[Finding]) -> None:
        """The last break."""
        if self.last is not None:
            into.append(self.last)

    def taken(self, swing: Finding) -> bool:
        """True when a break of this swing is nothing new and only its state changes."""
        return False

    def find(self, now: CandleClose) -> Finding | None:
        """Return the BOS or CHoCH of this close, emitted after the swing that it breaks; None without one."""
        high = self._swings.high
        low = self._swings.low
        on_close = self._on_close
        upper = now.close if on_close else now.high
        lower = now.close if on_close else now.low
        up = high is not None and upper > high.top and high.state == "active"
        down = low is not None and lower < low.bottom and low.state == "active"
        if high is not None and low is not None and up and down:
            # The order of its trades is not known, but the last of them is: the close.
            up = now.close > high.top
            down = now.close < low.bottom
        if up == down:
            return None
        if self._min_displacement > 0.0:
            body = now.close - now.open if up else now.open - now.close
            least = self._min_displacement * now.atr * now.threshold_scale
            if now.atr <= 0.0 or not at_least(body, least, now.high):
                return None
        swing = self._swings.break_high(now) if up else self._swings.break_low(now)
        trend_before = self.trend
        self.trend = "up" if up else "down"
        if self.taken(swing):
            return None
        direction: Direction = "bullish" if up else "bearish"
        against: Trend = "down" if up else "up"
        event = Finding(
            self._choch if trend_before == against else self._bos,
            direction,
            swing.top,
            swing.bottom,
            swing.formed_at,
            now.close_time,
            candles=(swing.formed_at, now.open_time),
            ref=swing.identity(),
            numbers=(upper if up else lower, 1.0 if on_close else 0.0, _TREND_NUMBER[trend_before]),
        )
        now.emit(event)
        self.last = event
        return event


class Structure(Breaks):
    """External structure: the breaks of the large swings, and what becomes of them.

    **MSS** (market structure shift): a CHoCH with a displacement of its direction among the last ``mss_within`` candles,
    this one included; reported after the CHoCH. **Failed break**: a close back at or behind the level within
    ``failed_within`` candles after the break (counted in time), once, in the direction opposite to the break's.

    ``watched``: the break that may still fail. ``last_mss``: the newest shift.
    """

    STATE: ClassVar[tuple[str, ...]] = (*Breaks.STATE, "watched", "last_mss")

    def __init__(self, settings: StructureSettings, swings: Swings, displacement: Displacement) -> None:
        super().__init__(settings, swings, "bos", "choch")
        self._displacement = displacement
        self._mss_within: int = settings.mss_within
        self._failed_within: int = settings.failed_within
        self.watched: Finding | None = None
        self.last_mss: Finding | None = None

    def detect(self, now: CandleClose) -> None:
        """The break that failed, then the swing that is broken with its BOS or CHoCH, then the shift."""
        if self.watched is not None:
            self._follow_break(now, self.watched)
        event = self.find(now)
        if event is None:
            return
        now.broken = event
        if self._failed_within > 0:
            self.watched = event
        if event.kind == "choch":
            self._shift(now, event)

    def active(self, into: list[Finding]) -> None:
        """The last break, and the last shift."""
        super().active(into)
        if self.last_mss is not None:
            into.append(self.last_mss)

    def _follow_break(self, now: CandleClose, event: Finding) -> None:
        up = event.direction == "bullish"
        if now.close_time > event.confirmed_at + self._failed_within * now.duration:
            self.watched = None
        elif (now.close <= event.top) if up else (now.close >= event.top):
            self.watched = None
            now.emit(
                Finding(
                    "failed_break",
                    "bearish" if up else "bullish",
                    event.top,
                    event.bottom,
                    event.formed_at,
                    now.close_time,
                    candles=(event.formed_at, event.candles[1], now.open_time),
                    ref=event.identity(),
                    numbers=(now.close,),
                )
            )

    def _shift(self, now: CandleClose, event: Finding) -> None:
        displacement = self._displacement
        known_at = displacement.bullish_at if event.direction == "bullish" else displacement.bearish_at
        if known_at <= now.close_time - self._mss_within * now.duration:
            return
        shift = Finding(
            "mss",
            event.direction,
            event.top,
            event.bottom,
            event.formed_at,
            now.close_time,
            candles=event.candles,
            ref=event.identity(),
            numbers=(now.close, float(known_at)),
        )
        now.emit(shift)
        self.last_mss = shift


def why_break(event: Finding) -> str:
    """``numbers``: the price reached, 1 if it was a close, and the trend before (1 up, -1 down, 0 none)."""
    reached, closed, trend = event.numbers
    up = event.direction == "bullish"
    internal = event.kind in ("internal_bos", "internal_choch")
    name = "hange of character" if event.kind in ("choch", "internal_choch") else "reak of structure"
    first = "C" if name.startswith("h") else "B"
    title = f"Internal {first.lower()}{name}" if internal else f"{first}{name}"
    before = "trend up" if trend > 0.0 else "trend down" if trend < 0.0 else "no trend yet"
    swing = "internal swing" if internal else "swing"
    return (
        f"{title} {'up' if up else 'down'}: candle {at(event.candles[1])} {'closed' if closed else 'traded'} at "
        f"{price(reached)}, {'above' if up else 'below'} {swing} {'high' if up else 'low'} {price(event.top)} of "
        f"{at(event.formed_at)}, with {before} before."
    )


def why_mss(event: Finding) -> str:
    """``numbers``: the breaking close, and the close (ms) at which the displacement became known."""
    close, known_at = event.numbers
    up = event.direction == "bullish"
    return (
        f"Market structure shift {'up' if up else 'down'}: the change of character of candle {at(event.candles[1])} at "
        f"{price(close)} through {price(event.top)} came with a displacement known at {at(int(known_at))}."
    )


def why_failed_break(event: Finding) -> str:
    """``numbers``: the close back behind the level."""
    (close,) = event.numbers
    below = event.direction == "bearish"
    return (
        f"Failed break: candle {at(event.candles[2])} closed at {price(close)}, back {'below' if below else 'above'} "
        f"{price(event.top)}, which candle {at(event.candles[1])} had broken {'upwards' if below else 'downwards'}."
    )
