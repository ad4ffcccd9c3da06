"""A restored core cannot be told from the one that never stopped (ARCHITECTURE, invariant 3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from shared.bus.codec import decode, encode
from shared.domain.candles import Candle, CandleBundle
from shared.domain.message import Message
from tests.support.analysis.candles import LIVELY, OTHER_OPTIONS, TIMEFRAME, walks
from tests.support.runtime.telling import tell

SETTINGS = pytest.mark.parametrize("chosen", [LIVELY, OTHER_OPTIONS, AnalysisSettings()], ids=["lively", "other", "default"])


def bundles(candles: list[Candle], absent: set[int]) -> list[CandleBundle]:
    return [
        CandleBundle(
            partition=0,
            timeframe=TIMEFRAME,
            close_time=candle.close_time,
            candles=() if number in absent else (candle,),
            missing=(candle.symbol,) if number in absent else (),
        )
        for number, candle in enumerate(candles)
    ]


def answers(core: AnalysisCore, messages: list[CandleBundle]) -> list[Message]:
    return [answer for message in messages for answer in tell(core, message)]


@SETTINGS
@settings(max_examples=40, deadline=None)
@given(candles=walks, absent=st.sets(st.integers(0, 120), max_size=4), stops=st.sets(st.integers(0, 120), max_size=4))
def test_stopping_and_restoring_anywhere_changes_nothing(
    chosen: AnalysisSettings, candles: list[Candle], absent: set[int], stops: set[int]
) -> None:
    """Invariant 3: stream == stream with snapshot and restore, answers and state, byte for byte."""
    messages = bundles(candles, absent)
    steady, moved = AnalysisCore(0, TIMEFRAME, chosen), AnalysisCore(0, TIMEFRAME, chosen)
    for number, message in enumerate(messages):
        if number in stops:
            data = moved.snapshot()
            moved = AnalysisCore(0, TIMEFRAME, chosen)
            moved.restore(data)
            assert moved.snapshot() == data == steady.snapshot()
        assert tell(moved, message) == tell(steady, message)
    assert moved.snapshot() == steady.snapshot()


@SETTINGS
@settings(max_examples=25, deadline=None)
@given(candles=walks, repeats=st.lists(st.integers(0, 119), max_size=30))
def test_redelivery_changes_nothing(chosen: AnalysisSettings, candles: list[Candle], repeats: list[int]) -> None:
    """Invariant 3: any message, delivered again at any later time, gives nothing."""
    messages = bundles(candles, set())
    expected = answers(AnalysisCore(0, TIMEFRAME, chosen), messages)
    core, got = AnalysisCore(0, TIMEFRAME, chosen), []
    for number, message in enumerate(messages):
        got += tell(core, message)
        for repeat in repeats:
            if repeat <= number and repeat % 7 == number % 7:
                assert tell(core, messages[repeat]) == []
    assert got == expected


@settings(max_examples=25, deadline=None)
@given(candles=walks)
def test_analysis_answers_survive_encoding(candles: list[Candle]) -> None:
    """Every answer is valid by the message contract (prices, scores, vocabularies)."""
    for answer in answers(AnalysisCore(0, TIMEFRAME, LIVELY), bundles(candles, {7})):
        assert decode(answer.TYPE, answer.VERSION, encode(answer)) == answer
