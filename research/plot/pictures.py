"""The pictures of docs/ict.md: one a concept, each a real detection of the engine on the made-up market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from research.plot.canvas import Look
from research.plot.chart import WINDOW_KINDS
from research.plot.lives import Life, Lives
from research.plot.scene import Scene
from research.plot.shapes import Picture
from research.plot.specimens import COMPANION, SYMBOL, candles, companion
from research.plot.theme import THEMES, style_of
from research.plot.windows import Stretch, stretches
from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.cross import PairSettings
from shared.domain.candles import Candle, CandleBundle
from shared.domain.facts import AnalysisBundle, FactKind, FactState

#: Two weeks of quarter hours, after as many for the levels of weeks.
_CANDLES: Final = 2_688
_SEED: Final = 11
#: Candles at the beginning of which no picture is made: averages and levels of days are not there yet.
_WARM: Final = 400
_LOOK: Final = Look(THEMES["light"], "America/New_York", 900.0, 420.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a picture shows: a fact of ``kind`` that came to ``state`` (empty: any), and beside it facts of ``with_kinds``.

    ``before``, ``after``: candles around it; ``longest``: of its life that may lie in the picture. ``windows``: kinds of
    windows of time that are shaded. ``from_known``: the picture begins where the fact became known, not where it was drawn.
    """

    kind: FactKind
    state: FactState | None = None
    with_kinds: tuple[FactKind, ...] = ()
    before: int = 22
    after: int = 14
    longest: int = 36
    windows: tuple[str, ...] = ()
    from_known: bool = False


_SWINGS: Final[tuple[FactKind, ...]] = ("swing_high", "swing_low")
_BREAKS: Final[tuple[FactKind, ...]] = ("bos", "choch", "mss")

PICTURES: Final[dict[str, Wanted]] = {
    "swings": Wanted("swing_high", None, ("swing_low",), before=40, after=40),
    "zigzag": Wanted("pivot_high", "superseded", ("pivot_low",), before=30, after=30),
    "structure": Wanted("choch", None, (*_SWINGS, "bos"), before=34, after=26),
    "mss": Wanted("mss", None, (*_SWINGS, "displacement", "bos"), before=26, after=22),
    "failed-break": Wanted("failed_break", None, (*_SWINGS, *_BREAKS), before=28, after=16),
    "displacement": Wanted("displacement", None, ("fvg",), before=20, after=20),
    "fvg": Wanted("fvg", "filled"),
    "ifvg": Wanted("ifvg", None, ("fvg",), before=26),
    "balanced-price-range": Wanted("balanced_price_range", None, ("fvg",)),
    "volume-imbalance": Wanted("volume_imbalance", None, before=12, after=6, longest=12),
    "liquidity-void": Wanted("liquidity_void", None),
    "order-block": Wanted("order_block", "mitigated", (*_SWINGS, *_BREAKS, "fvg")),
    "breaker-block": Wanted("breaker_block", None, ("order_block", *_SWINGS, *_BREAKS), before=34),
    "mitigation-block": Wanted("mitigation_block", None, ("order_block", *_SWINGS, *_BREAKS), before=34),
    "rejection-block": Wanted("rejection_block", None, _SWINGS),
    "equal-highs": Wanted("equal_highs", None, _SWINGS, before=40),
    "sweep": Wanted("sweep", None, ("liquidity_pool", *_SWINGS), before=40),
    "turtle-soup": Wanted("turtle_soup", None, _SWINGS, before=36),
    "dealing-range": Wanted("dealing_range", None, ("ote", *_SWINGS), before=40),
    "previous-levels": Wanted(
        "previous_day_high", None, ("previous_day_low", "previous_week_high", "previous_week_low"), before=60, after=60
    ),
    "ipda-range": Wanted("ipda_range", None, (), before=100, after=60, longest=100, from_known=True),
    "session-levels": Wanted("session_high", None, ("session_low",), before=50, after=50, windows=("kill_zone",)),
    "kill-zones": Wanted("kill_zone", None, (), before=60, after=60, windows=("kill_zone", "silver_bullet")),
    "key-opens": Wanted("key_open", None, (), before=40, after=60, windows=("kill_zone",)),
    "opening-gap": Wanted("nwog", None, ("ndog",), before=30, after=50),
    "smt-divergence": Wanted("smt_swing", None, _SWINGS, before=36, after=16),
    "judas-swing": Wanted("judas_swing", None, ("power_of_three",), before=60, after=40, windows=("kill_zone",)),
}


def _lives(candles: Sequence[Candle], settings: AnalysisSettings) -> list[Life]:
    """Of the made-up market, read together with its companion."""
    pair = PairSettings(first=SYMBOL, second=COMPANION)
    cross = settings.cross.model_copy(update={"pairs": (pair,)})
    core = AnalysisCore(0, candles[0].timeframe, settings.model_copy(update={"cross": cross}))
    lives = Lives()
    for one, other in zip(candles, companion(candles, _SEED), strict=True):
        for bundle in core.handle(
            CandleBundle(partition=0, timeframe=one.timeframe, close_time=one.close_time, candles=(one, other)),
            one.close_time,
        ):
            assert isinstance(bundle, AnalysisBundle)
            lives.hear(fact for analysis in bundle.analyses if analysis.symbol == SYMBOL for fact in analysis.events)
    return lives.all()


class Specimens:
    """The made-up market and all that the engine knows of it, computed once for all pictures."""

    def __init__(self, settings: AnalysisSettings) -> None:
        self._settings = settings
        self._candles: Sequence[Candle] = candles(_CANDLES, _SEED)
        self._lives = _lives(self._candles, settings)
        self._place = {candle.open_time: number for number, candle in enumerate(self._candles)}

    def picture(self, name: str) -> Picture | None:
        """The picture called ``name``; None where the market has no such fact, which the tests forbid."""
        wanted = PICTURES[name]
        chosen = self._choose(wanted)
        if chosen is None:
            return None
        first, last = self._range(chosen, wanted)
        shown = self._candles[first : last + 1]
        kinds = {wanted.kind, *wanted.with_kinds} - set(WINDOW_KINDS)
        lives = [life for life in self._lives if life.born.kind in kinds and life.born.confirmed_at <= shown[-1].close_time]
        return Scene(shown, _LOOK, name.replace("-", " ")).draw(lives, self._windows(wanted, shown))

    def _choose(self, wanted: Wanted) -> Life | None:
        """The first that is tall enough to be seen, with room on both sides; the tallest of all where none is."""
        found: list[Life] = []
        for life in self._lives:
            if life.born.kind != wanted.kind or (wanted.state is not None and not self._came_to(life, wanted.state)):
                continue
            first, last = self._range(life, wanted)
            if first > _WARM and last < len(self._candles) - 1:
                found.append(life)
        if not found:
            return None
        return max(found, key=self._showing)

    def _came_to(self, life: Life, state: FactState) -> bool:
        return any(changed == state for _, changed in life.changes)

    def _showing(self, life: Life) -> float:
        """How much there is to see: the height of a zone beside the range of its picture, up to a fifth; and a long life."""
        born = life.born
        place = self._place.get(born.formed_at, 0)
        around = self._candles[max(0, place - 20) : place + 40]
        span = max(candle.high for candle in around) - min(candle.low for candle in around)
        end = born.confirmed_at if life.ended_at is None else life.ended_at
        lasted = min((end - born.confirmed_at) / (20 * 15 * 60_000), 1.0)
        styled = style_of(born.kind, has_height=born.top > born.bottom)
        height = min((born.top - born.bottom) / span, 0.2) * 5 if styled.role == "zone" else 0.0
        return height + lasted

    def _range(self, life: Life, wanted: Wanted) -> tuple[int, int]:
        known = self._at(life.born.confirmed_at)
        begin = known if wanted.from_known else self._place.get(life.born.formed_at, 0)
        end = known if life.ended_at is None else min(self._at(life.ended_at), known + wanted.longest)
        return begin - wanted.before, end + wanted.after

    def _at(self, close_time: int) -> int:
        """Number of the candle that closed at ``close_time``, or of the last one before."""
        first = self._candles[0]
        return (close_time - first.open_time) // (first.close_time - first.open_time) - 1

    def _windows(self, wanted: Wanted, shown: Sequence[Candle]) -> list[Stretch]:
        if not wanted.windows:
            return []
        return stretches(self._settings.timetable, wanted.windows, shown[0].open_time, shown[-1].close_time)
