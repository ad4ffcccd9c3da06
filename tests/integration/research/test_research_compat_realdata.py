"""The restated rules of smartmoneyconcepts against that library's own output on EURUSD 15m (reference docs/ict.md §14)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from research.columns import Columns, of_candles
from research.compat_smc.blocks import order_blocks
from research.compat_smc.gaps import Gap, fair_value_gaps
from research.compat_smc.liquidity import liquidity
from research.compat_smc.periods import previous_levels, session
from research.compat_smc.structure import Label, labels
from research.compat_smc.swings import SwingList, swing_list
from research.market import Market
from services.ingest.files.reading import Reading
from services.ingest.settings import IngestSettings

pytestmark = pytest.mark.realdata
LENGTH = 5
SIGN = {"bullish": 1.0, "bearish": -1.0, "high": 1.0, "low": -1.0}


@pytest.fixture(scope="module")
def fixtures(market_data: Path) -> Path:
    return market_data / "smc" / "EURUSD"


@pytest.fixture(scope="module")
def columns(fixtures: Path) -> Columns:
    market = Market({"EURUSD": fixtures / "EURUSD_15M.csv"}, "15m", IngestSettings(), reading=Reading(time_zone="UTC"))
    return of_candles(list(market.candles("EURUSD")))


@pytest.fixture(scope="module")
def swings(columns: Columns) -> SwingList:
    return swing_list(columns, LENGTH)


def expected(fixtures: Path, name: str) -> list[dict[str, float]]:
    """Rows of the library's output; empty cells are NaN."""
    with (fixtures / f"{name}_result_data.csv").open() as file:
        return [{key: float(cell or "nan") for key, cell in row.items()} for row in csv.DictReader(file)]


def told(rows: list[dict[str, float]], *columns: str) -> list[tuple[float, ...]]:
    """(row, cells …) where the first of ``columns`` has a value."""
    return [(number, *(row[name] for name in columns)) for number, row in enumerate(rows) if not np.isnan(row[columns[0]])]


def single(value: float) -> float:
    return float(np.float32(value))


def gap_cells(gap: Gap) -> tuple[float, ...]:
    return gap.row, SIGN[gap.direction], gap.top, gap.bottom, gap.mitigated or 0


def label_cells(label: Label) -> tuple[float, str, float, float]:
    return label.row, label.kind, SIGN[label.direction], single(label.level)


@pytest.mark.parametrize(("name", "join", "count"), [("fvg", False, 5_020), ("fvg_consecutive", True, 3_756)])
def test_gaps_agree_exactly(fixtures: Path, columns: Columns, name: str, join: bool, count: int) -> None:
    """ICT-5, docs/ict.md §14.2: sign, top, bottom and MitigatedIndex, in float64; joined ones too."""
    gaps = fair_value_gaps(columns, join=join)
    assert len(gaps) == count
    assert [gap_cells(gap) for gap in gaps] == told(expected(fixtures, name), "FVG", "Top", "Bottom", "MitigatedIndex")


def test_swings_agree_exactly(fixtures: Path, swings: SwingList) -> None:
    """ICT-1, docs/ict.md §14.2: 2,706 swings, and one invented at each end."""
    assert sum(not swing.invented for swing in swings.swings) == 2_706
    assert [(swing.row, SIGN[swing.side], swing.level) for swing in swings.swings] == told(
        expected(fixtures, "swing_highs_lows"), "HighLow", "Level"
    )


def test_labels_agree_exactly_in_single_precision(fixtures: Path, columns: Columns, swings: SwingList) -> None:
    """ICT-2, docs/ict.md §14.2: kind, level and BrokenIndex of all 1,129."""
    rows = expected(fixtures, "bos_choch")
    theirs = [
        (row, kind, sign, single(level), broken)
        for kind, column in (("bos", "BOS"), ("choch", "CHOCH"))
        for row, sign, level, broken in told(rows, column, "Level", "BrokenIndex")
    ]
    ours = [(*label_cells(label), label.broken) for label in labels(columns, swings)]
    assert len(ours) == 1_129
    assert sorted(ours) == sorted(theirs)


def test_float32_makes_a_close_at_the_level_a_break(columns: Columns, swings: SwingList) -> None:
    """ICT-2, docs/ict.md §14.1 D5: in exact prices 21 labels break elsewhere or never, each for a close *at* its level."""
    rounded = {label.row: label for label in labels(columns, swings)}
    exact = {(*label_cells(label), label.broken) for label in labels(columns, swings, single_precision=False)}
    other = [label for label in rounded.values() if (*label_cells(label), label.broken) not in exact]
    assert len(other) == 21
    level = {swing.row: swing.level for swing in swings.swings}
    assert all(columns.close[label.broken] == level[label.row] for label in other)


def test_order_blocks_agree_exactly_and_nearly_all_were_erased(fixtures: Path, columns: Columns, swings: SwingList) -> None:
    """ICT-3, docs/ict.md §14.1 D4: the 66 that the library shows survive of 1,085; its bullish index is one early."""
    blocks = order_blocks(columns, swings)
    assert len(blocks) == 1_085
    shown = [
        (block.row, SIGN[block.direction], block.top, block.bottom, block.smc_mitigated_index)
        for block in blocks
        if block.erased is None
    ]
    theirs = told(expected(fixtures, "ob"), "OB", "Top", "Bottom", "MitigatedIndex")
    assert len(shown) == 66
    assert shown == [(row, sign, single(top), single(bottom), index) for row, sign, top, bottom, index in theirs]
    late = [block.broke - block.row for block in blocks]
    assert (np.median(late), max(late)) == (5, 37)


def test_liquidity_agrees_exactly(fixtures: Path, columns: Columns, swings: SwingList) -> None:
    """ICT-8, docs/ict.md §14.2: all 498, with the tolerance that only the whole frame knows."""
    pools = liquidity(columns, swings)
    theirs = told(expected(fixtures, "liquidity"), "Liquidity", "Level", "End", "Swept")
    assert len(pools) == 498
    assert [(pool.row, SIGN[pool.direction], pool.level, pool.end, pool.swept or 0) for pool in pools] == [
        (row, sign, single(level), end, swept) for row, sign, level, end, swept in theirs
    ]


def test_its_tolerance_changes_the_past(columns: Columns) -> None:
    """docs/ict.md §14.1 D6: the groups on the same first candles depend on how many candles come after them."""
    watched = 1_900

    def pools(rows: int) -> int:
        part = columns.head(rows)
        return sum(pool.end < watched for pool in liquidity(part, swing_list(part, LENGTH)))

    assert len({pools(rows) for rows in (2_000, 8_000, 24_000)}) > 1


@pytest.mark.parametrize(("period", "name"), [("1d", "previous_high_low"), ("4h", "previous_high_low")])
def test_previous_levels_agree_exactly(fixtures: Path, columns: Columns, period: str, name: str) -> None:
    """ICT-8, docs/ict.md §14.2 and D7: levels and their breaks, beside every candle."""
    levels = previous_levels(columns, "1d" if period == "1d" else "4h")
    with (fixtures / f"{name}_result_data_{'1D' if period == '1d' else '4h'}.csv").open() as file:
        rows = [{key: float(cell or "nan") for key, cell in row.items()} for row in csv.DictReader(file)]
    for column, ours in (("PreviousHigh", levels.high), ("PreviousLow", levels.low)):
        theirs = np.array([np.float32(row[column]) for row in rows], dtype=np.float64)
        assert np.array_equal(ours, theirs, equal_nan=True)
    assert np.array_equal(levels.broken_high, [row["BrokenHigh"] == 1 for row in rows])
    assert np.array_equal(levels.broken_low, [row["BrokenLow"] == 1 for row in rows])


def test_at_the_first_candle_of_a_day_it_still_has_the_day_before_yesterday(columns: Columns) -> None:
    """docs/ict.md §14.1 D7: 251 candles, all at 00:00."""
    day = columns.open_time // 86_400_000
    begins = np.flatnonzero(np.diff(day, prepend=day[:1] - 1))
    highs = np.maximum.reduceat(columns.high, begins).astype(np.float32).astype(np.float64)
    own = np.searchsorted(begins, np.arange(len(columns)), side="right") - 1
    yesterday = np.where(own >= 1, highs[own - 1], np.nan)
    levels = previous_levels(columns, "1d").high
    wrong = np.flatnonzero(~((levels == yesterday) | (np.isnan(levels) & np.isnan(yesterday))))
    assert len(wrong) == 251
    assert set((columns.open_time[wrong] % 86_400_000).tolist()) == {0}


def test_sessions_agree_exactly(fixtures: Path, columns: Columns) -> None:
    """ICT-11, docs/ict.md §14.2: London in fixed UTC hours with both ends inside, and its running high and low."""
    rows = expected(fixtures, "sessions")
    ours = session(columns, "London")
    assert np.array_equal(ours.active, [row["Active"] == 1 for row in rows])
    assert np.array_equal(ours.high, [row["High"] for row in rows])
    assert np.array_equal(ours.low, [row["Low"] for row in rows])


def test_most_labels_become_knowable_only_after_their_break(columns: Columns, swings: SwingList) -> None:
    """docs/ict.md §14.1 D2: who trades at BrokenIndex looks ahead."""
    dated = [label for label in labels(columns, swings) if label.known is not None]
    assert sum(label.known > label.broken for label in dated if label.known is not None) / len(dated) > 0.97
