"""Where the causal engine must *not* do as smartmoneyconcepts does, so that nobody "fixes" it back (docs/ict.md §14.3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from research.columns import Columns, of_candles
from research.compat_smc.blocks import order_blocks
from research.compat_smc.gaps import fair_value_gaps
from research.compat_smc.liquidity import liquidity
from research.compat_smc.periods import previous_levels, session
from research.compat_smc.structure import labels
from research.compat_smc.swings import SwingList, swing_list
from research.events import replay
from research.market import Market
from services.analysis.sessions.timetable import Timetable
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.timetable import TimetableSettings
from services.ingest.files.reading import Reading
from services.ingest.settings import IngestSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact
from shared.domain.timeframes import DURATION

pytestmark = pytest.mark.realdata
LENGTH = 5
STEP = DURATION["15m"]
#: Like the library's: every gap, and swings of the same length. Kept: more zones at once than any chart has.
SETTINGS = AnalysisSettings.model_validate(
    {"swing_length": LENGTH, "max_active": 500, "fvg": {"min_size_percent": 0.0, "max_age_candles": 5_000}}
)


@pytest.fixture(scope="module")
def candles(market_data: Path) -> list[Candle]:
    """EURUSD 15m without its weekends' gaps: the times run on, as the library sees the rows."""
    market = Market(
        {"EURUSD": market_data / "smc" / "EURUSD" / "EURUSD_15M.csv"},
        "15m",
        IngestSettings(),
        reading=Reading(time_zone="UTC"),
    )
    return list(market.candles("EURUSD"))[:6_000]


@pytest.fixture(scope="module")
def columns(candles: list[Candle]) -> Columns:
    return of_candles(candles)


@pytest.fixture(scope="module")
def swings(columns: Columns) -> SwingList:
    return swing_list(columns, LENGTH)


@pytest.fixture(scope="module")
def facts(candles: list[Candle]) -> list[Fact]:
    return list(replay(candles, SETTINGS))


def born(facts: list[Fact], *kinds: str) -> list[Fact]:
    return [fact for fact in facts if fact.kind in kinds and fact.changed_at == fact.confirmed_at]


def test_swings_are_told_late_and_never_at_the_ends(facts: list[Fact], columns: Columns, swings: SwingList) -> None:
    """ICT-1: event time is j+L, never j; the library's first and last row hold swings that no candle made."""
    ours = born(facts, "swing_high", "swing_low")
    assert len(ours) > 500
    assert all(fact.confirmed_at == fact.formed_at + (LENGTH + 1) * STEP for fact in ours)
    ends = {int(columns.open_time[0]), int(columns.open_time[-1])}
    assert not ends & {fact.formed_at for fact in ours}
    assert {swing.row for swing in swings.swings if swing.invented} == {0, len(columns) - 1}


def test_breaks_are_told_at_the_close_that_breaks(facts: list[Fact], columns: Columns, swings: SwingList) -> None:
    """ICT-2: on swings confirmed before; the library's labels are knowable later than their break, ours never."""
    closes = {int(at) + STEP: float(close) for at, close in zip(columns.open_time, columns.close, strict=True)}
    swing_known = {(fact.formed_at, fact.direction): fact.confirmed_at for fact in born(facts, "swing_high", "swing_low")}
    ours = born(facts, "bos", "choch")
    assert len(ours) > 200
    for fact in ours:
        close = closes[fact.confirmed_at]
        assert close > fact.top if fact.direction == "bullish" else close < fact.top
        turned = "bearish" if fact.direction == "bullish" else "bullish"
        assert swing_known[(fact.formed_at, turned)] < fact.confirmed_at
    theirs = labels(columns, swings)
    assert sum(label.known is None or label.known > label.broken for label in theirs) > 0.9 * len(theirs)
    assert len({(fact.formed_at, fact.confirmed_at) for fact in ours}) > len(theirs)


def test_an_order_block_that_fails_stays_in_the_record(facts: list[Fact], columns: Columns, swings: SwingList) -> None:
    """ICT-3: the library erases most; here each keeps its birth, its end, and the break that confirmed it."""
    theirs = order_blocks(columns, swings)
    shown = [block for block in theirs if block.erased is None]
    assert {(block.row, block.direction) for block in shown} < {(block.row, block.direction) for block in theirs}
    assert len(shown) < 0.2 * len(theirs)
    breaks = {fact.confirmed_at for fact in born(facts, "bos", "choch")}
    ours = born(facts, "order_block")
    ended = [fact for fact in facts if fact.kind == "order_block" and fact.state == "invalidated"]
    assert len(ended) > 50
    assert {fact.id for fact in ended} <= {fact.id for fact in ours}
    assert {fact.confirmed_at for fact in ours} <= breaks


def test_a_gap_is_told_at_candle_three_and_a_touch_is_not_its_end(facts: list[Fact], columns: Columns) -> None:
    """ICT-5: the library writes it on candle 2, calls the first touch mitigation, and wants candle 2's body to agree."""
    rows = {int(at): row for row, at in enumerate(columns.open_time)}
    ours = {(rows[fact.formed_at], fact.direction): fact for fact in born(facts, "fvg")}
    apart = np.diff(columns.open_time, prepend=0, append=0) != STEP
    theirs = {
        (gap.row, gap.direction): gap for gap in fair_value_gaps(columns) if not (apart[gap.row] or apart[gap.row + 1])
    }
    assert set(theirs) < set(ours)
    for place, gap in theirs.items():
        fact = ours[place]
        assert (fact.top, fact.bottom) == (gap.top, gap.bottom)
        assert fact.confirmed_at == columns.close_time(gap.known) == fact.formed_at + 2 * STEP
    touched = {fact.id for fact in facts if fact.kind == "fvg" and fact.state == "touched"}
    filled = {fact.id for fact in facts if fact.kind == "fvg" and fact.state == "filled"}
    assert touched & filled


def test_kill_zones_follow_new_york_and_do_not_include_their_end(columns: Columns) -> None:
    """ICT-11: an hour apart in winter, and the candle that opens at the end is outside."""
    table = {"london_open": TimetableSettings().window_table()["london_open"]}
    window = Timetable(table)
    ours = np.array([bool(window.open_at(int(at))) for at in columns.open_time])
    theirs = session(columns, "London open kill zone").active
    hour = columns.open_time % DURATION["1d"] // DURATION["1h"]
    winter = columns.open_time >= 1_667_714_400_000  # 2022-11-06 06:00 UTC: New York puts its clocks back
    assert set(hour[ours & ~winter].tolist()) == {6, 7, 8}
    assert set(hour[ours & winter].tolist()) == {7, 8, 9}
    at_the_end = theirs & ~ours & ~winter
    assert set((columns.open_time[at_the_end] % DURATION["1d"]).tolist()) == {9 * DURATION["1h"]}


def test_the_first_candle_of_a_day_has_yesterdays_levels(facts: list[Fact], columns: Columns) -> None:
    """ICT-8: told at the close of the day, so at its boundary; the library's first candle still has the day before's."""
    day = columns.open_time // DURATION["1d"]
    highs = {int(each): float(columns.high[day == each].max()) for each in np.unique(day)}
    ours = born(facts, "previous_day_high")
    assert len(ours) > 30
    for fact in ours:
        assert fact.confirmed_at % DURATION["1d"] == 0
        assert fact.top == highs[fact.confirmed_at // DURATION["1d"] - 1]
    theirs = previous_levels(columns, "1d").high
    firsts = np.flatnonzero(columns.open_time % DURATION["1d"] == 0)[3:]
    late = [row for row in firsts.tolist() if int(day[row - 1]) == int(day[row]) - 1]
    assert late
    yesterday = [float(np.float32(highs[int(day[row]) - 1])) for row in late]
    assert sum(float(theirs[row]) != high for row, high in zip(late, yesterday, strict=True)) > 0.9 * len(late)


def test_equal_highs_do_not_depend_on_what_comes_later(candles: list[Candle]) -> None:
    """ICT-8: the tolerance is that of the close; the library's is 1 % of the range of all the data given."""

    def ours(rows: int) -> list[Fact]:
        return [fact for fact in replay(candles[:rows], SETTINGS) if fact.kind in ("equal_highs", "equal_lows")]

    end = candles[1_999].close_time
    whole = [fact for fact in ours(6_000) if fact.changed_at <= end]
    assert len(whole) > 10
    assert ours(2_000) == whole

    def theirs(rows: int) -> list[tuple[int, int]]:
        part = of_candles(candles[:rows])
        return [(pool.row, pool.end) for pool in liquidity(part, swing_list(part, LENGTH)) if pool.end < 1_900]

    assert theirs(2_000) != theirs(6_000)
