"""The whole engine, every detector on, over days and months of made-up candles: what must hold of all of it at once.

Causality, one result in every way of running, mirror and scale. Real candles: ``test_analysis_realdata``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.analysis.lifecycle import TRANSITIONS
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact, FactKind
from shared.domain.timeframes import Timeframe
from tests.support.analysis.candles import LIVELY, Row, events, run, seeded_walk
from tests.support.analysis.causality import Replay, prefix_violations, scramble_violations
from tests.support.analysis.clock_candles import from_time
from tests.support.analysis.specimens import ForgetfulSwings, UndelayedSwings, plug
from tests.support.analysis.symmetry import mirror_offences, scale_offences
from tests.support.analysis.ways import way_offences

#: A window of the kind that the shipped table has none of.
DAY: Final = {"kind": "session", "start": "20:00", "end": "16:00", "levels": True}
#: Every concept on, tuned so that a few hundred candles show all of them; sizes in ATR, so that the mirror is exact.
EVERYTHING: Final = AnalysisSettings.model_validate(
    {
        **LIVELY.model_dump(exclude_unset=True),
        "ipda": {"days": [2, 3]},
        "opening_gaps": {"min_size_percent": 0.0, "keep": 2},
        "power_of_three": {"confirm_on": "break"},
        "timetable": {"adapt": "volatility", "statistics_days": 3, "min_candles": 2, "windows": {"day": DAY}},
        "session_levels": {"max_active": 2, "max_age_days": 2, "min_coverage": 0.6},
        "previous_levels": {"min_coverage": 0.6, "return_within": 2},
    }
)

#: Over changes of clocks: 15m for days, 1h for weeks, 4h for months, 1d for the better part of a year.
STARTS: Final[tuple[tuple[str, Timeframe], ...]] = (
    ("2026-10-30 03:00", "15m"),
    ("2026-02-26 00:00", "1h"),
    ("2025-10-20 00:00", "4h"),
    ("2026-01-01 00:00", "1d"),
)


def market(start: str, timeframe: Timeframe, length: int, seed: int, missing: Sequence[int] = ()) -> list[Candle]:
    rows: list[Row] = [(each.open, each.high, each.low, each.close) for each in seeded_walk(seed, length)]
    for gap in missing:
        rows[gap % length] = None
    rows[0] = rows[0] or rows[-1] or (2048.0, 2049.0, 2047.0, 2048.0)
    return from_time(start, timeframe, rows)


markets = st.builds(
    lambda at, length, seed, missing: market(*at, length, seed, missing),
    st.sampled_from(STARTS),
    st.integers(120, 320),
    st.integers(0, 2**31),
    st.lists(st.integers(1, 10_000), max_size=5),
)
places = st.sets(st.integers(1, 319), max_size=8)


def replay(candles: Sequence[Candle]) -> list[Fact]:
    return events(run(candles, EVERYTHING))


def test_the_markets_show_every_kind() -> None:
    """ICT-1 to ICT-12: what the properties below are about happens in such markets."""
    seen = {fact.kind for at in STARTS for fact in replay(market(*at, length=320, seed=1, missing=(60, 61, 150)))}
    of_pairs: set[FactKind] = {"smt_swing", "smt_level", "liquidity_correlation"}  # they need two symbols
    assert seen == set(TRANSITIONS) - of_pairs


@settings(max_examples=12, deadline=None)
@given(candles=markets, cuts=places)
def test_nothing_rests_on_the_future(candles: list[Candle], cuts: set[int]) -> None:
    """Invariant 1: a prefix gives a prefix, another future changes nothing that was said."""
    within = sorted(cut for cut in cuts if cut < len(candles))
    assert prefix_violations(replay, candles, within) == []
    assert scramble_violations(replay, candles, within[::2], seed=1) == []


@settings(max_examples=20, deadline=None)
@given(candles=markets, cuts=places, stops=places)
# The candle after the restart opens a kill zone: displacement was judged by the candle before it, which nobody had saved.
@example(candles=market("2026-10-30 03:00", "15m", 121, 0), cuts=set(), stops={120})
def test_stream_batch_portions_and_restarts_are_one_result(candles: list[Candle], cuts: set[int], stops: set[int]) -> None:
    """Invariant 3, ICT-15: facts with their order and sentences, and the state, byte for byte."""
    assert way_offences(candles, EVERYTHING, cuts, stops) == []


@settings(max_examples=20, deadline=None)
@given(candles=markets)
# One candle makes a rejection block on either side, and their book is full afterwards.
@example(candles=market("2026-02-26 00:00", "1h", 120, 507))
def test_upside_down_is_the_mirror(candles: list[Candle]) -> None:
    """ICT-1 to ICT-12: bearish is the mirror of bullish, exactly."""
    assert list(mirror_offences(candles, EVERYTHING)) == []


@settings(max_examples=20, deadline=None)
@given(candles=markets, power=st.integers(-9, 8))
def test_another_unit_of_price_is_the_same_market(candles: list[Candle], power: int) -> None:
    """ICT-1 to ICT-12: no price level is special."""
    assert list(scale_offences(candles, EVERYTHING, power)) == []


# Specimens inside the engine: the same harnesses must catch them, with everything else in place.


@pytest.mark.parametrize("check", [prefix_violations, partial(scramble_violations, seed=1)], ids=["prefix", "scramble"])
def test_an_engine_without_the_delay_of_swings_is_caught(
    check: Callable[[Replay, Sequence[Candle], Iterable[int]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BT-5: swings that claim to be known at their own candle, in the real engine."""
    plug(monkeypatch, UndelayedSwings)
    assert check(replay, seeded_walk(1, 120), range(60, 120, 3))


def test_an_engine_that_forgets_at_a_restart_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3: a detector that leaves something out of its STATE."""
    plug(monkeypatch, ForgetfulSwings)
    assert way_offences(seeded_walk(1, 120), EVERYTHING, (), range(20, 120, 10))
