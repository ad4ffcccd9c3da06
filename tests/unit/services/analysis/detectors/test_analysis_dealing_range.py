"""Dealing range and optimal trade entry on hand-made tables, both ways up (ICT-10)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import PIVOT, Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: A swing low of 100 at candle 1, a swing high of 200 at candle 3; both known by the close of candle 4.
LEG: list[Row] = [
    (120, 125, 110, 115),
    (115, 118, 100, 116),
    (116, 160, 112, 158),
    (158, 200, 150, 190),
    (190, 195, 160, 180),
]
L1 = AnalysisSettings(swing_length=1)


def off_mirror(value: float, direction: Direction) -> float:
    return value if direction == "bullish" else PIVOT - value


@BOTH
def test_a_range_is_known_when_both_anchors_are(direction: Direction) -> None:
    """ICT-10: between the last swing low and high; the leg's end says where it is drawn."""
    analyses = run(table(LEG, direction), L1)
    assert told(analyses, "dealing_range") == [(4, "dealing_range", direction, "active")]
    (dealing,) = events(analyses, "dealing_range")
    assert {off_mirror(dealing.top, direction), off_mirror(dealing.bottom, direction)} == {100, 200}
    assert (dealing.formed_at, dealing.confirmed_at, dealing.candles) == (opened(3), closed(4), (opened(1), opened(3)))
    assert "discount" in dealing.why


@BOTH
def test_the_entry_zone_lies_62_to_79_percent_back(direction: Direction) -> None:
    """ICT-10: of the leg, from its end; ideal 70.5 %."""
    (entry,) = events(run(table(LEG, direction), L1), "ote")
    near, far = sorted((off_mirror(entry.top, direction), off_mirror(entry.bottom, direction)), reverse=True)
    assert (near, far) == (pytest.approx(138.0), pytest.approx(121.0))
    assert f"ideal {129.5 if direction == 'bullish' else PIVOT - 129.5:g}" in entry.why


@BOTH
@pytest.mark.parametrize(
    ("after", "states"),
    [
        ([(180, 185, 139, 150)], []),  # not there yet
        ([(180, 185, 137, 150)], [(5, "touched")]),
        ([(180, 185, 137, 150), (150, 184, 130, 140)], [(5, "touched")]),  # said once
        ([(180, 185, 100, 120)], [(5, "touched")]),  # at the origin is not beyond
        ([(180, 185, 95, 99)], [(5, "invalidated")]),
        ([(180, 185, 137, 150), (150, 184, 95, 99)], [(5, "touched"), (6, "invalidated")]),
    ],
)
def test_the_entry_zone_is_touched_once_and_ends_beyond_the_origin(
    after: list[Row], states: list[tuple[int, str]], direction: Direction
) -> None:
    """ICT-10: by trade into it, by close beyond where the leg began."""
    found = [(at, state) for at, _, _, state in told(run(table([*LEG, *after], direction), L1), "ote")]
    assert [row for row in found if row[1] != "superseded" and row != (4, "active")][: len(states)] == states


@BOTH
def test_a_new_swing_anchors_a_new_range_and_ends_the_one_before(direction: Direction) -> None:
    """ICT-10: each range has an id of its own; the old one says that it is superseded."""
    rows: list[Row] = [*LEG, (180, 182, 140, 150), (150, 170, 145, 165)]  # a swing low of 140 at candle 5
    analyses = run(table(rows, direction), L1)
    turned = "bearish" if direction == "bullish" else "bullish"
    assert told(analyses, "dealing_range") == [
        (4, "dealing_range", direction, "active"),
        (6, "dealing_range", direction, "superseded"),
        (6, "dealing_range", turned, "active"),
    ]
    assert [state for _, _, _, state in told(analyses, "ote")] == ["active", "superseded", "active"]
    assert len([fact for fact in analyses[-1].active if fact.kind in ("dealing_range", "ote")]) == 2


def test_bodies_may_be_the_anchors() -> None:
    """ICT-10: ICT's own reading of the entry; wicks are the default."""
    bodies = AnalysisSettings.model_validate({"swing_length": 1, "dealing_range": {"anchors": "body"}})
    (dealing,) = events(run(table(LEG), bodies), "dealing_range")
    assert (dealing.bottom, dealing.top) == (115, 190)


def test_anchors_that_span_nothing_make_no_range() -> None:
    """ICT-10: a low that is not under the high, or one candle that is both."""
    both: list[Row] = [(50, 55, 45, 50), (50, 60, 40, 50), (50, 55, 45, 50)]
    assert events(run(table(both), L1), "dealing_range") == []


def test_the_entry_zone_must_have_an_order() -> None:
    """ICT-10: bounds that cross are refused with the numbers."""
    with pytest.raises(ValidationError, match="must increase"):
        AnalysisSettings.model_validate({"dealing_range": {"ote_from": 0.8, "ote_to": 0.7}})
