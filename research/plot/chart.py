"""From a recorded market to a picture: what is shown, what the engine knew of it, how it is drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

from research.events import analyses, read_in_pairs, replay
from research.market import Market
from research.plot.canvas import Look
from research.plot.lives import Life, Lives
from research.plot.scene import Scene
from research.plot.shapes import Picture
from research.plot.theme import STYLES, style_of
from research.plot.windows import Stretch, stretches
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.timetable import TimetableSettings
from shared.domain.candles import Candle
from shared.domain.decisions import Signal
from shared.domain.timeframes import DURATION

#: Words of ``--kinds`` that are windows of time, not facts.
WINDOW_KINDS = ("kill_zone", "silver_bullet", "macro", "quiet_hours", "session")
#: Candles between two times that lives are cleared of those that ended before the chart begins.
_CLEAR_EVERY = 5_000


class NothingToShow(Exception):
    """No candle lies in the range."""


def words() -> tuple[str, ...]:
    """Every word that ``kinds`` may have: groups of facts, and ``sessions``."""
    groups = {style.group for style in STYLES.values()}
    return (*sorted(groups), "sessions", *WINDOW_KINDS)


def picture_of(
    market: Market,
    symbol: str,
    analysis: AnalysisSettings,
    look: Look,
    *,
    last: int,
    kinds: Collection[str] = (),
    on_close: Callable[[int], None] = lambda _: None,
    signals: Sequence[Signal] = (),
) -> Picture:
    """The last ``last`` candles of the market, with everything that the engine knew of them from its first candle on.

    A symbol that the settings pair with another of the market is read against it as it is live, at several times the cost.
    ``kinds``: groups or kinds of facts and windows; empty for the usual ones. ``signals``: drawn
    where they lie in the picture, those of this symbol. Raises NothingToShow.
    """
    shown: deque[Candle] = deque(maxlen=last)
    lives = Lives()

    def see(number: int, candle: Candle) -> None:
        shown.append(candle)
        if number % _CLEAR_EVERY == 0:
            lives.forget(shown[0].open_time)

    def watched() -> Iterator[Candle]:
        for number, candle in enumerate(market.candles(symbol)):
            on_close(candle.close_time)
            see(number, candle)
            yield candle

    if read_in_pairs(market, symbol, analysis):
        own = (each for each in analyses(market, analysis, on_close) if each.symbol == symbol)
        for number, each in enumerate(own):
            see(number, each.candle)
            lives.hear(each.events)
    else:
        lives.hear(replay(watched(), analysis))
    if not shown:
        raise NothingToShow(f"{symbol}: no {market.timeframe} candle can be made in this range; widen it")
    wanted = [life for life in lives.all() if _wanted(life, kinds)]
    windows = _windows(analysis.timetable, kinds, shown)
    return Scene(shown, look, f"{symbol} {market.timeframe}").draw(
        wanted, windows, [each for each in signals if each.symbol == symbol]
    )


def _wanted(life: Life, kinds: Collection[str]) -> bool:
    if life.born.kind in WINDOW_KINDS:
        return False  # drawn from the timetable
    style = style_of(life.born.kind, has_height=life.born.top > life.born.bottom)
    if not kinds:
        return style.usual
    return style.group in kinds or life.born.kind in kinds


def _windows(timetable: TimetableSettings, kinds: Collection[str], shown: deque[Candle]) -> list[Stretch]:
    """Windows that hold at least a few candles: a kill zone on a daily chart says nothing."""
    if kinds and not {"sessions", *WINDOW_KINDS} & set(kinds):
        return []
    named = [kind for kind in WINDOW_KINDS if kind in kinds] or ["kill_zone"]
    duration = DURATION[shown[0].timeframe]
    found = stretches(timetable, named, shown[0].open_time, shown[-1].close_time)
    least = timetable.min_candles * duration
    return [stretch for stretch in found if stretch.length >= least]
