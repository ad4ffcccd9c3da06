"""Upside down and in other units, the market is the same market (ICT-1 to ICT-5)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, seeded_walk, walks
from tests.support.analysis.specimens import CoarseSwings, plug
from tests.support.analysis.symmetry import mirror_offences, scale_offences


@pytest.mark.parametrize("chosen", [LIVELY, OTHER_OPTIONS], ids=["lively", "other"])
@settings(max_examples=60, deadline=None)
@given(candles=walks)
def test_upside_down_gives_the_mirrored_facts(chosen: AnalysisSettings, candles: list[Candle]) -> None:
    """ICT-1..5: bearish is the mirror of bullish, exactly (prices on a grid, sizes in ATR)."""
    assert list(mirror_offences(candles, chosen)) == []


@pytest.mark.parametrize(
    "chosen", [LIVELY, OTHER_OPTIONS, AnalysisSettings(swing_length=2)], ids=["lively", "other", "default"]
)
@settings(max_examples=40, deadline=None)
@given(candles=walks, power=st.integers(-9, 8))
def test_another_unit_of_price_gives_the_same_facts(chosen: AnalysisSettings, candles: list[Candle], power: int) -> None:
    """ICT-1..5: no price level is special, though powers of ten leave dust in float64."""
    assert list(scale_offences(candles, chosen, power)) == []


def test_the_mirror_catches_a_size_that_depends_on_the_price_level() -> None:
    """STYLE: every checker has a specimen. Percent of the price is another size upside down."""
    percent = LIVELY.model_copy(update={"fvg": LIVELY.fvg.model_copy(update={"min_size_percent": 0.2})})
    assert list(mirror_offences(seeded_walk(1, 200), percent))


def test_the_scale_catches_a_size_in_quote_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: every checker has a specimen. Swings compared in whole USDT are others in another unit."""
    plug(monkeypatch, CoarseSwings)
    assert list(scale_offences(seeded_walk(1, 200), LIVELY, power=-6))
