"""The book of levels on hand-made tables: sweep or break, age, room (ICT-8)."""

from __future__ import annotations

import pytest

from services.analysis.base.close import CandleClose
from services.analysis.base.finding import Finding
from services.analysis.base.levels import LevelBook
from services.analysis.lifecycle import LEVEL, TRANSITIONS
from shared.domain.facts import Direction
from tests.support.analysis.candles import PIVOT, Row, closed, opened, table

BOTH = pytest.mark.parametrize("direction", ["bearish", "bullish"])


@pytest.fixture(autouse=True)
def _kind_of_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any kind will do; this one has the life of a level here."""
    monkeypatch.setitem(TRANSITIONS, "fvg", LEVEL)


def said(rows: list[Row], direction: Direction, book: LevelBook, levels: dict[int, float]) -> list[tuple[int, str, float]]:
    """Candles through a book; ``levels``: at which candle a level of which price becomes known. (number, state, price)."""
    now = CandleClose(closed(0) - opened(0), 10)
    found = []
    for number, candle in enumerate(table(rows, "bullish" if direction == "bearish" else "bearish")):
        now.move_to(candle.open_time, candle.open, candle.high, candle.low, candle.close, 1.0, 0.0)
        book.follow(now)
        if number in levels:
            price = levels[number] if direction == "bearish" else PIVOT - levels[number]
            book.born(Finding("fvg", direction, price, price, candle.open_time, now.close_time), now)
        for event in now.events:
            found.append((number, event.state, event.top if direction == "bearish" else PIVOT - event.top))
        assert [level.finding.state for level in book.ended] == [
            e.state for e in now.events if e.state in ("swept", "broken")
        ]
    return found


QUIET: Row = (95, 98, 92, 96)


@BOTH
@pytest.mark.parametrize(
    ("candle", "state"),
    [
        ((96, 100, 95, 97), None),  # a trade at the level is not beyond it
        ((96, 101, 95, 100), "swept"),  # a close at the level is back
        ((96, 101, 95, 97), "swept"),
        ((96, 101, 95, 100.5), "broken"),
        ((101, 103, 100.5, 102), "broken"),  # opened beyond it
    ],
)
def test_beyond_and_back_is_a_sweep_beyond_and_closed_is_a_break(
    direction: Direction, candle: Row, state: str | None
) -> None:
    """ICT-8: sweep versus break, at the close, once."""
    found = said([QUIET, candle, QUIET, (96, 110, 95, 109)], direction, LevelBook(5, 0), {0: 100.0})
    if state is None:
        assert found == [(0, "active", 100.0), (3, "broken", 100.0)]
    else:
        assert found == [(0, "active", 100.0), (1, state, 100.0)]


@BOTH
@pytest.mark.parametrize(
    ("closes", "expected"), [((102, 99), (2, "swept")), ((102, 101, 99.5), (3, "swept")), ((102, 103, 101), (3, "broken"))]
)
def test_price_may_take_several_candles_to_come_back(
    direction: Direction, closes: tuple[float, ...], expected: tuple[int, str]
) -> None:
    """ICT-8: a close back within k candles is a sweep; at the k-th without it the level is broken."""
    rows: list[Row] = [QUIET, *[(100.0, 104.0, 98.0, close) for close in closes]]
    found = said(rows, direction, LevelBook(5, 0, return_within=3), {0: 100.0})
    assert found[1:] == [(*expected, 100.0)]


@BOTH
def test_every_level_that_one_candle_passes_is_told(direction: Direction) -> None:
    """ICT-8: several pools, one event each, oldest first; a higher one stays."""
    rows: list[Row] = [QUIET, QUIET, QUIET, (96, 105, 95, 97)]
    found = said(rows, direction, LevelBook(5, 0), {0: 104.0, 1: 100.0, 2: 106.0})
    assert found[3:] == [(3, "swept", 104.0), (3, "swept", 100.0)]


@BOTH
def test_levels_age_and_make_room(direction: Direction) -> None:
    """ICT-8: bounded; what leaves says so, before the newcomer."""
    rows: list[Row] = [QUIET] * 5
    assert said(rows, direction, LevelBook(5, 2), {0: 100.0}) == [(0, "active", 100.0), (3, "expired", 100.0)]
    assert said(rows, direction, LevelBook(1, 0), {0: 100.0, 2: 101.0}) == [
        (0, "active", 100.0), (2, "expired", 100.0), (2, "active", 101.0),
    ]  # fmt: skip


def test_a_level_can_be_ended_by_its_detector() -> None:
    """ICT-8: yesterday's high ends when the day does, without a price."""
    now = CandleClose(closed(0) - opened(0), 10)
    book = LevelBook(5, 0)
    now.move_to(opened(0), 95.0, 98.0, 92.0, 96.0, 1.0, 0.0)
    level = book.born(Finding("fvg", "bearish", 100.0, 100.0, opened(0), closed(0)), now)
    now.move_to(opened(1), 95.0, 98.0, 92.0, 96.0, 1.0, 0.0)
    book.replace(level, "expired", now)
    assert [event.state for event in now.events] == ["expired"]
    assert book.levels == []
