"""Causality, restart and symmetry of the concepts of time, on weeks of candles over a change of clocks (ICT-7 to ICT-12)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import msgspec
import pytest

from services.analysis.core import AnalysisCore
from services.analysis.engine import Engine, EngineState
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle, CandleBundle
from shared.domain.facts import Analysis, AnalysisBundle, Fact, FactKind
from shared.domain.timeframes import Timeframe
from tests.support.analysis.candles import Row, alone, events, run, seeded_walk
from tests.support.analysis.causality import prefix_violations, scramble_violations
from tests.support.analysis.clock_candles import from_time
from tests.support.analysis.symmetry import mirror_offences
from tests.support.runtime.telling import tell

ON = ("timetable", "structure", "previous_levels", "session_levels", "ipda", "opening_gaps", "power_of_three", "cross")
QUICK = alone(
    *ON,
    swing_length=2,
    ipda={"days": [2, 3]},
    opening_gaps={"min_size_percent": 0.0},
    power_of_three={"confirm_on": "break"},
    cross={"smt": {"max_age_candles": 5}, "correlation": {"window": 20}},
)
LOCAL = alone(
    *ON,
    swing_length=1,
    timetable={"adapt": "volatility", "statistics_days": 3, "min_candles": 2},
    previous_levels={"day_anchor": "new_york_18", "min_coverage": 0.8, "return_within": 2},
    session_levels={"max_active": 3, "max_age_days": 0.5, "min_coverage": 0.6},
    ipda={"days": [2]},
    opening_gaps={"keep": 2},
)
SETTINGS = pytest.mark.parametrize("chosen", [QUICK, LOCAL], ids=["quick", "local"])

#: Over both changes of 2026, with gaps; 1h for weeks, 15m for a few days, daily for months.
STARTS: tuple[tuple[str, Timeframe, int], ...] = (
    ("2026-03-02 00:00", "1h", 700),
    ("2026-10-29 00:00", "15m", 500),
    ("2026-01-01 00:00", "1d", 100),
    ("2026-10-20 00:00", "4h", 200),
)


def market(start: str, timeframe: Timeframe, length: int, seed: int = 5) -> list[Candle]:
    rows: list[Row] = [(each.open, each.high, each.low, each.close) for each in seeded_walk(seed, length)]
    for gap in (length // 7, length // 3, length // 3 + 1, length // 2):
        rows[gap] = None
    if timeframe == "1h":
        rows[300:340] = [None] * 40
    return from_time(start, timeframe, rows)


def replay(chosen: AnalysisSettings, candles: Sequence[Candle]) -> list[Fact]:
    return events(run(candles, chosen))


@SETTINGS
@pytest.mark.parametrize(("start", "timeframe", "length"), STARTS)
def test_nothing_rests_on_the_future(chosen: AnalysisSettings, start: str, timeframe: Timeframe, length: int) -> None:
    """Invariant 1: a prefix gives a prefix, another future changes nothing that was said."""
    candles = market(start, timeframe, length)
    cuts = sorted(random.Random(3).sample(range(1, len(candles)), 12))
    assert prefix_violations(partial(replay, chosen), candles, cuts) == []
    assert scramble_violations(partial(replay, chosen), candles, cuts[::3], seed=1) == []


def test_the_markets_show_every_kind() -> None:
    """ICT-7 to ICT-12: what the tests here are about happens in them."""
    seen = {fact.kind for start in STARTS for chosen in (QUICK, LOCAL) for fact in replay(chosen, market(*start))}
    expected: set[FactKind] = {
        "kill_zone", "silver_bullet", "macro", "quiet_hours", "key_open", "previous_day_high", "previous_day_low",
        "previous_week_high", "previous_week_low", "previous_month_high", "previous_month_low", "session_high",
        "session_low", "ipda_range", "ndog", "nwog", "gap_4h", "judas_swing", "power_of_three",
    }  # fmt: skip
    assert seen >= expected


@SETTINGS
@pytest.mark.parametrize(("start", "timeframe", "length"), STARTS)
def test_a_restart_anywhere_changes_nothing(chosen: AnalysisSettings, start: str, timeframe: Timeframe, length: int) -> None:
    """Invariant 3: snapshot and restore at random candles, byte for byte."""
    candles = market(start, timeframe, length)
    stops = set(random.Random(4).sample(range(len(candles)), 40))
    steady = Engine(candles[0].symbol, timeframe, chosen)
    moved = Engine(candles[0].symbol, timeframe, chosen)
    for number, candle in enumerate(candles):
        if number in stops:
            data = msgspec.msgpack.encode(moved.state())
            moved = Engine(candles[0].symbol, timeframe, chosen)
            moved.restore(msgspec.msgpack.decode(data, type=EngineState))
        assert moved.update(candle) == steady.update(candle)
    assert msgspec.msgpack.encode(moved.state()) == msgspec.msgpack.encode(steady.state())


@pytest.mark.parametrize(("start", "timeframe", "length"), STARTS)
def test_upside_down_is_the_mirror(start: str, timeframe: Timeframe, length: int) -> None:
    """ICT-7 to ICT-12: bearish is the mirror of bullish."""
    assert list(mirror_offences(market(start, timeframe, length), QUICK)) == []


def pair_market(length: int) -> list[CandleBundle]:
    """Two symbols that often move together; some candles missing, some disputed."""
    first = market("2026-03-06 00:00", "1h", length, seed=5)
    like = market("2026-03-06 00:00", "1h", length, seed=6)
    second = [
        msgspec.structs.replace(one if number // 40 % 3 else other, symbol="ETHUSDT")
        for number, (one, other) in enumerate(zip(first, like, strict=True))
    ]
    bundles = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        if number % 61 == 7:
            other = msgspec.structs.replace(other, state="disputed")
        both = (one,) if number % 53 == 11 else (one, other)
        bundles.append(
            CandleBundle(
                partition=0,
                timeframe="1h",
                close_time=one.close_time,
                candles=both,
                missing=() if len(both) == 2 else ("ETHUSDT",),
            )
        )
    return bundles


def test_pairs_are_causal_complete_and_survive_restarts() -> None:
    """ICT-9, invariants 1 and 3: every change told at its own close; the active set is what the events add up to."""
    steady, moved = AnalysisCore(0, "1h", QUICK), AnalysisCore(0, "1h", QUICK)
    stops = set(random.Random(9).sample(range(500), 30))
    kinds = ("smt_swing", "smt_level", "liquidity_correlation")
    alive: dict[tuple[str, str], Fact] = {}
    told = 0
    for number, bundle in enumerate(pair_market(500)):
        if number in stops:
            data = moved.snapshot()
            moved = AnalysisCore(0, "1h", QUICK)
            moved.restore(data)
        (answer,) = tell(steady, bundle)
        assert tell(moved, bundle) == [answer]
        assert isinstance(answer, AnalysisBundle)
        for analysis in answer.analyses:
            told += follow(alive, analysis, kinds)
    assert told > 50
    assert moved.snapshot() == steady.snapshot()


def follow(alive: dict[tuple[str, str], Fact], analysis: Analysis, kinds: tuple[str, ...]) -> int:
    """Take the events in; what is alive by them must be what is shown. How many events there were."""
    found = [fact for fact in analysis.events if fact.kind in kinds]
    for fact in found:
        assert fact.changed_at == analysis.candle.close_time
        before = alive.pop((analysis.symbol, fact.id), None)
        assert (before is None) == (fact.confirmed_at == fact.changed_at)
        if fact.state in ("provisional", "active"):
            alive[analysis.symbol, fact.id] = fact
    shown = {fact.id: fact for fact in analysis.active if fact.kind in kinds}
    assert shown == {id_: fact for (symbol, id_), fact in alive.items() if symbol == analysis.symbol}
    return len(found)
