"""One market seen upside down or in another unit of price: what the engine may say of it, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import isclose
from typing import Final

import msgspec

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact, FactLabel
from tests.support.analysis.candles import MIRROR_KIND, OPPOSITE, PIVOT, mirrored, run, scaled

#: Measures (not prices, which are exact decimals but for entry zones) may differ by the dust of another unit.
_CLOSE: Final = 1e-8

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
    """Where prices times ``10 ** power``, with the dust that float64 makes of the products, are told otherwise."""
    factor = 10.0**power
    pairs = zip(count(), run(candles, chosen), run(scaled(candles, factor), chosen), strict=False)
    for number, one, other in pairs:
        facts, others = ((*each.events, *each.active) for each in (one, other))
        alike = (
            other.trend == one.trend
            and isclose(other.atr, one.atr * factor, rel_tol=_CLOSE)
            and len(others) == len(facts)
            and all(_alike(mine, theirs, factor) for mine, theirs in zip(facts, others, strict=True))
        )
        if not alike:
            yield f"candle {number}, prices times {factor}: {one} becomes {other}"


def _alike(one: Fact, other: Fact, factor: float) -> bool:
    """The same fact in another unit of price: the same in all that is decided, its measures but for their last digits."""
    measures = [(one.top * factor, other.top), (one.bottom * factor, other.bottom)]
    measures += [(one.score, other.score), (one.fill, other.fill)]
    if one.fill_probability is not None and other.fill_probability is not None:
        measures.append((one.fill_probability, other.fill_probability))
    return _decided(one) == _decided(other) and all(
        isclose(mine, theirs, rel_tol=_CLOSE, abs_tol=_CLOSE * factor if at < 2 else _CLOSE)
        for at, (mine, theirs) in enumerate(measures)
    )


def _decided(fact: Fact) -> Fact:
    probability = None if fact.fill_probability is None else 0.0
    return msgspec.structs.replace(fact, top=0.0, bottom=0.0, score=0.0, fill=0.0, fill_probability=probability, why="")
