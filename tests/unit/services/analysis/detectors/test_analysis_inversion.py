"""Inverted, inversion and merged gaps on hand-made tables (ICT-5)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import OPPOSITE, Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
#: A gap from 1000 to 1020, formed at candle 1, confirmed at candle 2.
GAP: list[Row] = [(990, 1000, 985, 998), (998, 1030, 997, 1028), (1028, 1045, 1020, 1040)]


def settings(**inversion: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {
            "swing_length": 50,
            "fvg": {"min_size_percent": 0.0, "max_age_candles": 5},
            "inversion": inversion,
            "merged_gaps": {"enabled": True},
        }
    )


@BOTH
def test_a_gap_closed_through_is_inverted_and_its_inversion_is_born(direction: Direction) -> None:
    """ICT-5: same prices, flipped direction, known at that close; further than filled."""
    analyses = run(table([*GAP, (1040, 1041, 990, 999)], direction), settings())
    assert told(analyses, "fvg", "ifvg") == [
        (2, "fvg", direction, "active"), (3, "fvg", direction, "inverted"), (3, "ifvg", OPPOSITE[direction], "active"),
    ]  # fmt: skip
    gap, _, inversion = events(analyses, "fvg", "ifvg")
    assert (inversion.top, inversion.bottom, inversion.formed_at) == (gap.top, gap.bottom, opened(1))
    assert (inversion.confirmed_at, inversion.ref) == (closed(3), gap.id)


@BOTH
def test_a_close_at_the_far_edge_fills_and_does_not_invert(direction: Direction) -> None:
    """ICT-5: strictly beyond."""
    said = told(run(table([*GAP, (1040, 1041, 990, 1000)], direction), settings()), "fvg", "ifvg")
    assert said[1:] == [(3, "fvg", direction, "filled")]


@BOTH
@pytest.mark.parametrize(("wait", "found"), [(0, True), (3, True), (4, False)])
def test_a_filled_gap_may_still_be_inverted_while_its_age_lasts(direction: Direction, wait: int, found: bool) -> None:
    """ICT-5: filled by a wick, closed through later; the gap itself says no more."""
    quiet: list[Row] = [(1005, 1009, 1001, 1006)] * wait
    said = told(run(table([*GAP, (1040, 1041, 990, 1005), *quiet, (1006, 1007, 980, 990)], direction), settings()), "ifvg")
    assert said == ([(4 + wait, "ifvg", OPPOSITE[direction], "active")] if found else [])


@BOTH
def test_an_inversion_gap_is_touched_and_dies_by_a_close_through_it(direction: Direction) -> None:
    """ICT-5: it holds from the other side."""
    rows: list[Row] = [*GAP, (1040, 1041, 980, 990), (990, 999, 985, 992), (992, 1003, 988, 995), (995, 1025, 994, 1021)]
    said = told(run(table(rows, direction), settings()), "ifvg")
    first = [(n, state) for n, _, towards, state in said if towards == OPPOSITE[direction]]
    assert first == [(3, "active"), (5, "mitigated"), (6, "invalidated")]


@BOTH
def test_gaps_of_neighbouring_candles_are_united(direction: Direction) -> None:
    """ICT-5: each is told, then the union; a further one makes a larger zone in its place."""
    rows: list[Row] = [
        (100, 105, 95, 104), (104, 120, 103, 119), (119, 135, 110, 134), (134, 150, 125, 149), (149, 165, 140, 164),
    ]  # fmt: skip
    analyses = run(table(rows, direction), settings())
    assert told(analyses, "merged_fvg") == [
        (3, "merged_fvg", direction, "active"), (4, "merged_fvg", direction, "superseded"),
        (4, "merged_fvg", direction, "active"),
    ]  # fmt: skip
    gaps = [fact for fact in events(analyses, "fvg") if fact.state == "active"]
    union = events(analyses, "merged_fvg")[-1]
    assert (union.top, union.bottom) == (max(gap.top for gap in gaps), min(gap.bottom for gap in gaps))
    assert "3 fair value gaps" in union.why
