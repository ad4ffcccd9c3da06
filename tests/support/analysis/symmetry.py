"""One market seen upside down or in another unit of price: what the engine may say of it, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import msgspec

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Fact, FactLabel
from tests.support.analysis.candles import MIRROR_KIND, OPPOSITE, PIVOT, mirrored, run, scaled

FLIPPED_LABEL: dict[FactLabel, FactLabel] = {"HH": "LL", "LL": "HH", "LH": "HL", "HL": "LH", "EQH": "EQL", "EQL": "EQH"}
FLIPPED_TREND = {"up": "down", "down": "up", "none": "none"}


def upside_down(fact: Fact, pivot: float = PIVOT) -> Fact:
    """The fact that the mirrored market must show."""
    return msgspec.structs.replace(
        fact,
        kind=MIRROR_KIND.get(fact.kind, fact.kind),
        direction=OPPOSITE[fact.direction],
        top=pivot - fact.bottom,
        bottom=pivot - fact.top,
        label=FLIPPED_LABEL.get(fact.label, fact.label),
    )


def counted(facts: Iterable[Fact]) -> Counter[Fact]:
    """Without order (a high is told before a low), and without what names the direction: ids and the sentence."""
    return Counter(msgspec.structs.replace(fact, id="", why="", ref="") for fact in facts)


def mirror_offences(candles: Sequence[Candle], chosen: AnalysisSettings, pivot: float = PIVOT) -> Iterator[str]:
    """Where bearish is not the mirror of bullish; the prices must be exact in float64 on both sides of the pivot."""
    pairs = zip(count(), run(candles, chosen), run(mirrored(candles, pivot), chosen), strict=False)
    for number, one, other in pairs:
        if FLIPPED_TREND[other.trend] != one.trend or other.atr != one.atr:
            yield f"candle {number}: trend {one.trend}, ATR {one.atr}; mirrored {other.trend}, {other.atr}"
        for what, mine, theirs in (("events", one.events, other.events), ("active", one.active, other.active)):
            turned = counted(upside_down(fact, pivot) for fact in theirs)
            if turned != counted(mine):
                yield f"candle {number}, {what}: {counted(mine) - turned}; mirrored {turned - counted(mine)}"


def scale_offences(candles: Sequence[Candle], chosen: AnalysisSettings, power: int) -> Iterator[str]:
    """Where prices times ``2 ** power`` (exact in float64) are told otherwise."""
    factor = 2.0**power
    pairs = zip(count(), run(candles, chosen), run(scaled(candles, factor), chosen), strict=False)
    for number, one, other in pairs:
        if _in_units(other, 1.0) != _in_units(one, factor):
            yield f"candle {number}, prices times {factor}: {one} becomes {other}"


def _in_units(analysis: Analysis, factor: float) -> tuple[str, float, list[Fact]]:
    facts = [
        msgspec.structs.replace(fact, top=fact.top * factor, bottom=fact.bottom * factor, why="")
        for fact in (*analysis.events, *analysis.active)
    ]
    return analysis.trend, analysis.atr * factor, facts
