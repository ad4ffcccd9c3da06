"""Upside down and in other units, the market is the same market (ICT-1 to ICT-5)."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from analysis_candles import LIVELY, MIRROR_KIND, OPPOSITE, OTHER_OPTIONS, PIVOT, mirrored, run, scaled, walks
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Fact, FactLabel

SETTINGS = pytest.mark.parametrize("chosen", [LIVELY, OTHER_OPTIONS], ids=["lively", "other"])
FLIPPED_LABEL: dict[FactLabel, FactLabel] = {"HH": "LL", "LL": "HH", "LH": "HL", "HL": "LH", "EQH": "EQL", "EQL": "EQH"}
FLIPPED_TREND = {"up": "down", "down": "up", "none": "none"}


def upside_down(fact: Fact) -> Fact:
    return msgspec.structs.replace(
        fact,
        kind=MIRROR_KIND.get(fact.kind, fact.kind),
        direction=OPPOSITE[fact.direction],
        top=PIVOT - fact.bottom,
        bottom=PIVOT - fact.top,
        label=FLIPPED_LABEL.get(fact.label, fact.label),
    )


def counted(facts: tuple[Fact, ...]) -> Counter[Fact]:
    """Without order (a high is told before a low), and without what names the direction: ids and the sentence."""
    return Counter(msgspec.structs.replace(fact, id="", why="", ref="") for fact in facts)


@SETTINGS
@settings(max_examples=60, deadline=None)
@given(candles=walks)
def test_upside_down_gives_the_mirrored_facts(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """ICT-1..5: bearish is the mirror of bullish, exactly (prices on a grid, sizes in ATR)."""
    for one, other in zip(run(candles, chosen), run(mirrored(candles), chosen), strict=True):
        assert FLIPPED_TREND[other.trend] == one.trend
        assert other.atr == one.atr
        assert counted(tuple(upside_down(fact) for fact in other.events)) == counted(one.events)
        assert counted(tuple(upside_down(fact) for fact in other.active)) == counted(one.active)


def in_units(analysis: Analysis, factor: float) -> tuple[str, float, list[Fact]]:
    facts = [
        msgspec.structs.replace(fact, top=fact.top * factor, bottom=fact.bottom * factor, why="")
        for fact in (*analysis.events, *analysis.active)
    ]
    return analysis.trend, analysis.atr * factor, facts


@pytest.mark.parametrize(
    "chosen", [LIVELY, OTHER_OPTIONS, AnalysisSettings(swing_length=2)], ids=["lively", "other", "default"]
)
@settings(max_examples=40, deadline=None)
@given(candles=walks, power=st.integers(-12, 12))
def test_another_unit_of_price_gives_the_same_facts(chosen: AnalysisSettings, candles: list[Candle], power: int) -> None:
    """ICT-1..5: no price level is special; powers of two are exact in float64."""
    factor = 2.0**power
    for one, other in zip(run(candles, chosen), run(scaled(candles, factor), chosen), strict=True):
        assert in_units(other, 1.0) == in_units(one, factor)
