"""The restated rules of smartmoneyconcepts on small tables, and the closes at which their rows became knowable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from research.columns import Columns, of_candles
from research.compat_smc.blocks import order_blocks
from research.compat_smc.events import events
from research.compat_smc.gaps import fair_value_gaps
from research.compat_smc.liquidity import liquidity
from research.compat_smc.periods import previous_levels, session
from research.compat_smc.scan import first
from research.compat_smc.structure import labels
from research.compat_smc.swings import raw_pivots, swing_list
from shared.domain.timeframes import DURATION, Timeframe

START = 1_746_403_200_000  # Monday 2025-05-05T00:00Z


def columns(rows: Sequence[tuple[float, float, float, float]], timeframe: Timeframe = "15m") -> Columns:
    """open, high, low, close."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    times = START + np.arange(len(table), dtype=np.int64) * DURATION[timeframe]
    volume = np.ones(len(table))
    return Columns("BTCUSDT", timeframe, times, *(np.ascontiguousarray(table[:, place]) for place in range(4)), volume)


def zigzag(*turns: float) -> Columns:
    """Closes that step by 1 from turn to turn; each candle has half a point of wick on both sides."""
    closes = [turns[0]]
    for turn in turns[1:]:
        step = 1.0 if turn > closes[-1] else -1.0
        while closes[-1] != turn:
            closes.append(closes[-1] + step)
    before = [closes[0], *closes[:-1]]
    return columns([(o, max(o, c) + 0.5, min(o, c) - 0.5, c) for o, c in zip(before, closes, strict=True)])


def mirrored(table: Columns) -> Columns:
    """Upside down around 1,000."""
    return Columns(
        table.symbol, table.timeframe, table.open_time,
        1_000 - table.open, 1_000 - table.low, 1_000 - table.high, 1_000 - table.close, table.volume,
    )  # fmt: skip


def test_the_first_beyond_a_level_is_found_however_far() -> None:
    values = np.arange(1_000, dtype=np.float64)
    assert first(values, 3, "above", 700.0) == 701
    assert first(values, 3, "reaches_up", 700.0) == 700
    assert first(values, 3, "above", 1.0) == 3
    assert first(values, 3, "above", 999.0) is None
    assert first(-values, 0, "below", -5.0) == 6
    assert first(-values, 0, "reaches_down", -5.0) == 5
    assert first(values, 2_000, "above", 0.0) is None


def test_a_gap_is_drawn_on_candle_two_and_knowable_on_candle_three() -> None:
    """ICT-5, docs/ict.md §14.1 D10: mitigated by the first touch from candle 4 on."""
    rows = [(10, 11, 9, 10.5), (10.5, 14, 10, 13.5), (13.5, 15, 12, 14), (14, 15, 12.5, 13), (13, 13.5, 12, 12.5)]
    (gap,) = fair_value_gaps(columns(rows))
    assert (gap.row, gap.direction, gap.top, gap.bottom, gap.known, gap.mitigated) == (1, "bullish", 12, 11, 2, 4)
    (turned,) = fair_value_gaps(mirrored(columns(rows)))
    assert (turned.row, turned.direction, turned.top, turned.bottom, turned.mitigated) == (1, "bearish", 989, 988, 4)


def test_a_gap_against_the_body_of_candle_two_does_not_count() -> None:
    """docs/ict.md §3: smc's filter."""
    assert fair_value_gaps(columns([(10, 11, 9, 10.5), (13.5, 14, 10, 13), (13.5, 15, 12, 14)])) == []


def test_joined_gaps_are_one_zone_on_the_last_row() -> None:
    """docs/ict.md §3: the union; the earlier row is gone."""
    rows = [(10, 11, 9, 10.5), (10.5, 14, 10, 13.5), (13.5, 17, 12, 16.5), (16.5, 18, 15, 17)]
    assert [(gap.row, gap.top, gap.bottom) for gap in fair_value_gaps(columns(rows))] == [(1, 12, 11), (2, 15, 14)]
    assert [(gap.row, gap.top, gap.bottom) for gap in fair_value_gaps(columns(rows), join=True)] == [(2, 15, 11)]


def test_ties_are_pivots_all_and_the_high_goes_first() -> None:
    """docs/ict.md §14.2: one candle fewer on the left, ties kept, none in the first 2L-1 rows."""
    flat = columns([(10, 11, 9, 10)] * 12)
    assert raw_pivots(flat, 2) == [(row, "high") for row in range(3, 10)]
    assert raw_pivots(columns([(10, 11, 9, 10)] * 5), 2) == []


def test_runs_of_pivots_collapse_to_the_extreme_and_are_final_at_the_next_opposite_pivot() -> None:
    """ICT-1, docs/ict.md §2.2: L candles after a pivot it may still be superseded."""
    table = zigzag(100, 110, 104, 112, 98, 103)
    found = swing_list(table, 2)
    by_level = {swing.level: swing for swing in found.swings}
    low, high = by_level[97.5], by_level[112.5]
    assert high.side == "high"
    assert (high.known, low.known) == (low.row + 2, None)
    assert 110.5 in by_level
    assert found.swings[0].invented
    assert found.swings[-1].invented
    assert found.swings[-1].row == len(table) - 1


def test_a_superseded_pivot_is_gone() -> None:
    """Two highs without a pivot low between them: only the higher stays."""
    rows = [(10.0, 11.0 - n / 100, 9.0 + n / 100, 10.0) for n in range(12)]
    rows[4] = (10.0, 12.0, 9.04, 10.0)
    rows[7] = (10.0, 13.0, 9.07, 10.0)
    assert raw_pivots(columns(rows), 2) == [(4, "high"), (7, "high")]
    found = swing_list(columns(rows), 2)
    assert [(swing.row, swing.level) for swing in found.swings if swing.side == "high" and not swing.invented] == [(7, 13.0)]


def test_no_pivots_no_swings() -> None:
    assert swing_list(columns([(10, 11, 9, 10)] * 3), 5).swings == ()
    assert swing_list(columns([]), 5).swings == ()


RISING = (100, 110, 104, 118, 108, 126, 112)
TURNING = (130, 110, 124, 100, 132, 112, 140)


@pytest.mark.parametrize(("turns", "kind"), [(RISING, "bos"), (TURNING, "choch")])
def test_four_swings_make_a_label_on_the_second_that_later_ones_confirm(turns: tuple[int, ...], kind: str) -> None:
    """ICT-2, docs/ict.md §14.1 D2: the label is knowable long after its break."""
    for table, direction in ((zigzag(*turns), "bullish"), (mirrored(zigzag(*turns)), "bearish")):
        found = labels(table, swing_list(table, 2))
        assert (kind, direction) in {(label.kind, label.direction) for label in found}
        for label in found:
            sign = 1 if label.direction == "bullish" else -1
            assert sign * table.close[label.broken] > sign * label.level
            assert label.known is None or label.known > label.broken


def test_a_label_broken_no_earlier_than_a_later_one_is_taken_out() -> None:
    """docs/ict.md §14.1 D3: two highs broken by the same candle leave the later label alone."""
    table = zigzag(100, 120, 110, 119, 113, 118, 114, 130, 121)
    swings = swing_list(table, 2)
    broken = [label.broken for label in labels(table, swings)]
    assert broken == sorted(set(broken))


def test_a_block_is_made_by_the_break_violated_and_erased() -> None:
    """ICT-3, docs/ict.md §14.1 D4: the row says nothing of the break, and what failed and came back leaves no trace."""
    table = zigzag(100, 110, 104, 114, 98, 118)
    swings = swing_list(table, 2)
    block = next(block for block in order_blocks(table, swings) if block.direction == "bullish")
    assert block.swing < block.row < block.broke
    assert (block.top, block.bottom) == (table.high[block.row], table.low[block.row])
    assert block.violated is not None
    assert block.erased is not None
    assert table.low[block.violated] < block.bottom
    assert table.high[block.erased] > block.top
    assert block.smc_mitigated_index == block.violated - 1
    turned = mirrored(table)
    opposite = next(each for each in order_blocks(turned, swing_list(turned, 2)) if each.direction == "bearish")
    assert (opposite.row, opposite.broke, opposite.erased) == (block.row, block.broke, block.erased)
    assert opposite.smc_mitigated_index == opposite.violated


def test_a_break_right_after_the_swing_swaps_top_and_bottom() -> None:
    """docs/ict.md §14.1 D4: no candle lies between, so the swing's own one is taken."""
    rows = [(10.0, 10.0 + n / 10, 9.0, 10.0) for n in range(5)]
    rows += [(10, 12, 8, 11), (11, 12, 9, 12.5), (12, 12.2, 9, 12), (12, 12.1, 9, 12), (12, 12, 9, 12)]
    table = columns(rows)
    swings = swing_list(table, 1)
    blocks = [block for block in order_blocks(table, swings) if block.row == block.swing]
    assert all(block.top < block.bottom and block.broke == block.row + 1 for block in blocks)


def test_pools_take_swings_near_their_first_until_it_is_swept() -> None:
    """ICT-8, docs/ict.md §14.1 D6: a later swing near the level joins; after the sweep none does."""
    table = zigzag(100, 110, 105, 110, 103, 130, 120, 131, 105, 110, 104)
    swings = swing_list(table, 2)
    pools = liquidity(table, swings, range_fraction=0.05)
    (upper,) = [pool for pool in pools if pool.direction == "bullish" and abs(pool.level - 110.5) < 0.01]
    assert upper.swept is not None
    assert table.high[upper.swept] >= 110.5 + 0.05 * (table.high.max() - table.low.min())
    assert upper.end < upper.swept
    turned = liquidity(mirrored(table), swing_list(mirrored(table), 2), range_fraction=0.05)
    assert sorted((pool.row, pool.end) for pool in pools) == sorted((pool.row, pool.end) for pool in turned)
    assert liquidity(columns([]), swing_list(columns([]), 2)) == []


def test_the_first_candle_of_a_period_reports_the_one_before_last() -> None:
    """ICT-8, docs/ict.md §14.1 D7."""
    rows = [(10.0, 10.0 + day, 9.0 - day, 10.0) for day in range(4) for _ in range(6)]
    levels = previous_levels(columns(rows, "4h"), "1d")
    assert np.isnan(levels.high[:7]).all()
    assert levels.high[7:].tolist() == [10.0] * 6 + [11.0] * 6 + [12.0] * 5
    assert levels.low[7:].tolist() == [9.0] * 6 + [8.0] * 6 + [7.0] * 5
    assert levels.broken_high[7:].all()
    assert not levels.broken_low[:7].any()
    assert len(previous_levels(columns([]), "1d").high) == 0


def test_sessions_are_fixed_in_utc_and_include_their_last_minute() -> None:
    """ICT-11, docs/ict.md §14.1 D8: the candle that opens at the end still counts."""
    rows = [(10.0, 10.0 + hour, 9.0 - hour / 10, 10.0) for hour in range(24)]
    london = session(columns(rows, "1h"), "London")
    assert np.flatnonzero(london.active).tolist() == list(range(7, 17))
    assert london.high[7:17].tolist() == [10.0 + hour for hour in range(7, 17)]
    assert not london.high[17:].any()
    sydney = session(columns(rows, "1h"), "Sydney")
    assert np.flatnonzero(sydney.active).tolist() == [*range(7), 21, 22, 23]


def test_events_come_in_the_order_in_which_they_became_knowable() -> None:
    """BT-5: what only the end of the data says comes last, and says so."""
    table = zigzag(100, 120, 110, 119, 113, 118, 114, 130, 121, 140, 118)
    told = events(table, 2)
    times = [event.confirmed_at for event in told]
    assert times == sorted(times)
    assert all(event.formed_at < event.confirmed_at for event in told)
    at_the_end = [event for event in told if event.frame_end]
    assert at_the_end == told[-len(at_the_end) :]
    assert {event.confirmed_at for event in at_the_end} == {table.close_time(len(table) - 1)}
    assert {"smc_swing_high", "smc_swing_low", "smc_order_block", "smc_session"} <= {event.kind for event in told}
    assert events(columns([]), 2) == []
    assert len(of_candles([])) == 0
