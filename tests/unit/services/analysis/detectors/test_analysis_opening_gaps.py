"""Opening gaps on hand-made candles: NDOG, NWOG, 4h (ICT-7; docs/ict.md §11)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.analysis.settings.opening_gaps import OpeningGapSettings
from shared.domain.facts import Direction, FactKind
from shared.domain.timeframes import Timeframe
from tests.support.analysis.candles import PIVOT, Row, alone
from tests.support.analysis.clock_candles import flat, from_time, said, utc

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
GAPS: tuple[FactKind, ...] = ("ndog", "nwog", "gap_4h")
LOCAL = alone("opening_gaps", opening_gaps={"four_hours": False})


def evening(reference: float, reopen: float, after: list[Row] | None = None) -> list[Row]:
    """1h candles from 20:00 UTC in summer: one that closes at 17:00 New York, one between, one that opens at 18:00."""
    rows: list[Row] = [(100, 120, 80, reference), (reference, 120, 80, 100), (reopen, reopen, reopen, reopen)]
    return [*rows, *(after or [])]


@BOTH
def test_a_new_day_gap_lies_between_the_reference_close_and_the_next_open(direction: Direction) -> None:
    """ICT-7: virtual, known at the close of the candle that opens, drawn at it."""
    ((close, gap),) = said(from_time("2026-07-01 20:00", "1h", evening(100, 110), direction), LOCAL)
    assert (close, gap.kind, gap.direction, gap.label) == ("07-01 23:00", "ndog", direction, "virtual")
    assert (gap.bottom, gap.top) == ((100, 110) if direction == "bullish" else (PIVOT - 110, PIVOT - 100))
    assert gap.formed_at == utc("2026-07-01 22:00")
    assert gap.candles == (utc("2026-07-01 20:00"), utc("2026-07-01 22:00"))
    if direction == "bullish":
        assert gap.why == (
            "New day opening gap (virtual: this market trades on) 100 to 110: candle 2026-07-01 20:00 UTC closed at 100, "
            "candle 2026-07-01 22:00 UTC opened at 110, consequent encroachment 105."
        )


@pytest.mark.parametrize(("reopen", "found"), [(100.0, 0), (100.009, 0), (100.02, 1)])
def test_a_tick_is_no_gap(reopen: float, found: int) -> None:
    """ICT-7: at least 0.01 % by default."""
    assert len(said(from_time("2026-07-01 20:00", "1h", evening(100, reopen)), LOCAL)) == found


@BOTH
def test_a_gap_is_filled_step_by_step_and_kept(direction: Direction) -> None:
    """ICT-7: from the next candle on; filled, it stays in the active set until newer ones take its place."""
    after: list[Row] = [
        (112, 112, 111, 112),
        (112, 112, 108, 112),
        (112, 112, 105, 112),
        (112, 112, 100, 112),
        (112, 112, 90, 112),
    ]
    told = said(from_time("2026-07-01 20:00", "1h", evening(100, 110, after), direction), LOCAL)
    assert [(close, gap.state, gap.fill) for close, gap in told] == [
        ("07-01 23:00", "active", 0.0),
        ("07-02 01:00", "touched", 0.2),
        ("07-02 02:00", "half_filled", 0.5),
        ("07-02 03:00", "filled", 1.0),
    ]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-06-29", [("ndog", "06-29 23:00"), ("ndog", "06-30 23:00"), ("ndog", "07-01 23:00")]),  # from Monday on
        ("2026-07-02", [("ndog", "07-02 23:00")]),  # Thursday
        ("2026-07-03", [("nwog", "07-05 23:00")]),  # Friday to Sunday
        ("2026-07-04", [("ndog", "07-06 23:00")]),  # Saturday and Sunday have none of their own
    ],
)
def test_days_have_daily_gaps_and_the_week_end_a_weekly_one(date: str, expected: list[tuple[str, str]]) -> None:
    """ICT-7: Monday to Thursday, and Friday 17:00 to Sunday 18:00."""
    rows: list[Row] = [(float(at), float(at), float(at), float(at)) for at in range(100, 160)]
    told = said(from_time(f"{date} 12:00", "1h", rows), LOCAL)
    assert [(gap.kind, close) for close, gap in told if gap.state == "active"] == expected


def test_the_week_end_of_the_change_of_clocks() -> None:
    """ICT-7, ICT-11: Friday 17:00 EST is 22:00 UTC, Sunday 18:00 EDT is 22:00 UTC."""
    rows: list[Row] = [(float(at), float(at), float(at), float(at)) for at in range(100, 160)]
    (found,) = [gap for _, gap in said(from_time("2026-03-06 20:00", "1h", rows), LOCAL, "nwog") if gap.state == "active"]
    assert found.candles == (utc("2026-03-06 21:00"), utc("2026-03-08 22:00"))


@pytest.mark.parametrize("missing", [0, 2])
def test_without_one_of_its_candles_there_is_no_gap(missing: int) -> None:
    """ICT-7, DATA-3: another candle's price would be another gap; the candle between is not needed."""
    rows = [None if number == missing else row for number, row in enumerate(evening(100, 110, flat(3)))]
    assert said(from_time("2026-07-01 20:00", "1h", rows), LOCAL) == []
    between = [None if number == 1 else row for number, row in enumerate(evening(100, 110))]
    assert len(said(from_time("2026-07-01 20:00", "1h", between), LOCAL)) == 1


def test_the_last_five_of_a_kind_are_kept() -> None:
    """ICT-7: the sixth ends the first, filled or not."""
    rows: list[Row] = []
    for number in range(24 * 12):
        price = 100.0 + number // 2
        rows.append((price, price, price, price))
    told = said(from_time("2026-06-29 00:00", "1h", rows), LOCAL, "ndog")
    born = [gap.id for _, gap in told if gap.state == "active"]
    gone = [gap.id for _, gap in told if gap.state == "expired"]
    assert len(born) == 8
    assert gone == born[:3]


@BOTH
def test_a_4h_gap_lies_between_one_close_and_the_next_open(direction: Direction) -> None:
    """ICT-7: on every timeframe up to 4h, on the UTC grid."""
    hours: list[Row] = [*flat(3), (100, 101, 100, 101), (105, 106, 105, 106), *flat(3, 106.0)]
    chosen = alone("opening_gaps")
    ((close, gap),) = said(from_time("2026-07-01 00:00", "1h", hours, direction), chosen)
    assert (close, gap.kind, gap.direction) == ("07-01 05:00", "gap_4h", direction)
    assert (gap.bottom, gap.top) == ((101, 105) if direction == "bullish" else (PIVOT - 105, PIVOT - 101))
    whole: list[Row] = [(100, 101, 100, 101), (105, 106, 105, 106)]
    ((close, gap),) = said(from_time("2026-07-01 00:00", "4h", whole, direction), chosen)
    assert (close, gap.kind) == ("07-01 08:00", "gap_4h")
    assert (
        said(from_time("2026-07-01 00:00", "4h", [whole[0], None, whole[1]], direction), chosen) == []
    )  # nothing spans a gap


@pytest.mark.parametrize(("timeframe", "found"), [("30m", True), ("1h", True), ("4h", False), ("1d", False)])
def test_local_gaps_are_followed_up_to_1h(timeframe: Timeframe, found: bool) -> None:
    """ICT-7: longer candles do not begin at 18:00 New York in both halves of the year."""
    rows: list[Row] = [(float(at), float(at), float(at), float(at)) for at in range(100, 250)]
    assert bool(said(from_time("2026-06-28 00:00", timeframe, rows), LOCAL, *GAPS)) is found


@pytest.mark.parametrize(("switch", "kind"), [("daily", "ndog"), ("weekly", "nwog")])
def test_each_kind_can_be_switched_off(switch: str, kind: FactKind) -> None:
    """ICT-7."""
    rows: list[Row] = [(float(at), float(at), float(at), float(at)) for at in range(100, 300)]
    off = alone("opening_gaps", opening_gaps={"four_hours": False, switch: False})
    assert said(from_time("2026-06-29 00:00", "1h", rows), LOCAL, kind)
    assert said(from_time("2026-06-29 00:00", "1h", rows), off, kind) == []


def test_the_reopen_must_follow_the_reference() -> None:
    """ICT-7: bad input is decided at the border."""
    with pytest.raises(ValidationError, match="must be later in the day"):
        OpeningGapSettings(reference="18:00", reopen="17:00")


def test_a_gap_of_exactly_the_least_size_is_told_at_every_price() -> None:
    """ICT-7: *at least* 0.01 % of price includes it; a tick less is none."""
    settings = alone("opening_gaps")
    found = less = 0
    for number in range(1, 101):
        reopened, close = number * 10.0, round(number * 9.999, 3)
        for before in (close, round(close + 0.0001, 4)):
            rows: list[Row] = [(before, before, before, before), (reopened, reopened, reopened, reopened)]
            told = len(said(from_time("2026-07-01 00:00", "4h", rows), settings, "gap_4h"))
            found, less = (found + told, less) if before == close else (found, less + told)
    assert (found, less) == (100, 0)
