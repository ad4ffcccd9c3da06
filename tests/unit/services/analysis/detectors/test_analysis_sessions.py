"""Windows of local time as findings, and what they leave behind, on hand-made candles (ICT-8, ICT-11; docs/ict.md §9.1)."""

from __future__ import annotations

import pytest

from services.analysis.base.close import CandleClose
from services.analysis.detectors.roster import Roster
from services.analysis.detectors.sessions import Sessions
from services.analysis.detectors.zone_volatility import ZoneVolatility
from services.analysis.engine import Engine
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.displacement import DisplacementSettings
from services.analysis.settings.timetable import NEW_YORK_WINDOWS, TimetableSettings
from shared.domain.facts import Direction, FactKind
from shared.domain.timeframes import DURATION, Timeframe
from tests.support.analysis.candles import PIVOT, Row, alone, run
from tests.support.analysis.clock_candles import flat, from_time, prices, said, states, utc

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
HOUR = DURATION["1h"]


def settings(*names: str, **more: object) -> AnalysisSettings:
    """Only these windows of the preset, with their levels."""
    gone: dict[str, object] = {name: None for name in NEW_YORK_WINDOWS if name not in names}
    return alone("timetable", "session_levels", timetable={"windows": gone, "opens": {"midnight": None}, **more})


LONDON = settings("london_open")
WINDOWS: tuple[FactKind, ...] = ("kill_zone", "silver_bullet", "macro", "quiet_hours", "session")


def london_day(*, before: float = 100.0, first: float = 100.0, last: float = 100.0, after: float = 100.0) -> list[Row]:
    """15m candles from 05:30 to 09:30 UTC; highs of those that open at 05:45, 06:00, 08:45 and 09:00."""
    rows: list[Row] = flat(16)
    for place, high in ((1, before), (2, first), (13, last), (14, after)):
        rows[place] = (100.0, high, 100.0, 100.0)
    return rows


def test_a_window_is_entered_and_left_at_the_closes_that_stand_at_its_ends() -> None:
    """ICT-11: state-change events; the clock needs no confirmation."""
    told = said(from_time("2026-07-01 05:30", "15m", london_day()), LONDON, *WINDOWS)
    assert states(told) == [("07-01 06:00", "london_open", "active"), ("07-01 09:00", "london_open", "final")]
    (_, entered), _ = told
    assert (entered.kind, entered.direction, entered.top) == ("kill_zone", "none", 100.0)
    assert entered.formed_at == entered.confirmed_at == utc("2026-07-01 06:00")
    assert entered.why == "Kill zone london_open, by the clock from 2026-07-01 06:00 UTC to 2026-07-01 09:00 UTC."


@BOTH
@pytest.mark.parametrize(
    ("changed", "high"),
    [
        ({"before": 120.0, "first": 110.0}, 110.0),  # opened before the window
        ({"last": 115.0, "after": 120.0}, 115.0),  # 09:00 is not in it any more
        ({"first": 110.0, "last": 110.0}, 110.0),
    ],
)
def test_candles_belong_by_their_open_time(direction: Direction, changed: dict[str, float], high: float) -> None:
    """ICT-8: half-open; high and low are known when the window is over."""
    told = said(
        from_time("2026-07-01 05:30", "15m", london_day(**changed), direction), LONDON, "session_high", "session_low"
    )
    expected = [("07-01 09:00", "session_high", "active", high), ("07-01 09:00", "session_low", "active", 100.0)]
    if direction == "bearish":
        expected = [
            ("07-01 09:00", "session_high", "active", PIVOT - 100.0),
            ("07-01 09:00", "session_low", "active", PIVOT - high),
        ]
    assert prices(told)[:2] == expected
    level = told[0 if direction == "bullish" else 1][1]
    assert level.label == "london_open"
    assert level.formed_at == utc("2026-07-01 06:00" if "first" in changed else "2026-07-01 08:45")  # of equals the first


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-07", [("07:00", "active"), ("10:00", "final")]),
        ("2026-03-08", [("07:00", "active"), ("09:00", "final")]),  # two hours
        ("2026-03-09", [("06:00", "active"), ("09:00", "final")]),
        ("2026-11-01", [("07:00", "active"), ("10:00", "final")]),
        ("2025-03-09", [("07:00", "active"), ("09:00", "final")]),
        ("2025-11-02", [("07:00", "active"), ("10:00", "final")]),
    ],
)
def test_the_days_on_which_clocks_change(date: str, expected: list[tuple[str, str]]) -> None:
    """ICT-11: as the timetable, so the findings."""
    told = said(from_time(f"{date} 05:00", "15m", flat(24)), LONDON, *WINDOWS)
    assert [(close[6:], state) for close, _, state in states(told)] == expected


@BOTH
@pytest.mark.parametrize(
    ("row", "state"),
    [
        ((100, 111, 99, 110), "swept"),  # beyond and back, at the level
        ((100, 111, 99, 111), "broken"),
        ((100, 110, 99, 105), None),  # a trade at it is not beyond
    ],
)
def test_a_session_level_is_swept_or_broken(direction: Direction, row: tuple[float, ...], state: str | None) -> None:
    """ICT-8: by the frame's rule."""
    rows: list[Row] = [*london_day(first=110.0), (row[0], row[1], row[2], row[3])]
    kind: FactKind = "session_high" if direction == "bullish" else "session_low"
    told = said(from_time("2026-07-01 05:30", "15m", rows, direction), LONDON, kind)
    assert [fact.state for _, fact in told] == (["active"] if state is None else ["active", state])


def test_a_session_level_expires_by_age_and_by_room() -> None:
    """ICT-8: bounded."""
    short = LONDON.model_copy(update={"session_levels": LONDON.session_levels.model_copy(update={"max_age_days": 0.01})})
    told = said(from_time("2026-07-01 05:30", "15m", [*london_day(first=110.0), *flat(1)]), short, "session_high")
    assert states(told) == [("07-01 09:00", "london_open", "active"), ("07-01 09:30", "london_open", "expired")]
    small = LONDON.model_copy(update={"session_levels": LONDON.session_levels.model_copy(update={"max_active": 1})})
    told = said(from_time("2026-07-01 05:00", "1h", [*flat(5), *flat(24)]), small, "session_high", "session_low")
    assert [state for _, _, state in states(told)] == ["active", "active", "expired", "active", "expired", "active"]


@pytest.mark.parametrize(
    ("missing", "coverage", "levels"),
    [((8,), 0.95, 0), ((8,), 0.9, 2), ((8, 9), 0.9, 0), ((15,), 0.95, 2)],
)
def test_of_a_window_with_missing_candles_levels_are_told_only_when_enough_was_seen(
    missing: tuple[int, ...], coverage: float, levels: int
) -> None:
    """ICT-8, DATA-3: nothing is made up; the sentence says how much was seen."""
    rows = [None if number in missing else row for number, row in enumerate(london_day())]
    chosen = LONDON.model_copy(
        update={"session_levels": LONDON.session_levels.model_copy(update={"min_coverage": coverage})}
    )
    told = said(from_time("2026-07-01 05:30", "15m", rows), chosen, "session_high", "session_low")
    assert len(told) == levels
    if coverage == 0.9 and levels:
        assert told[0][1].why.endswith("91.7% of the window was seen.")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (range(2, 12), [("06:00", "active"), ("09:00", "final")]),  # inside
        (range(10, 15), [("06:00", "active"), ("09:30", "final")]),  # its end: told at the next close
        (range(1, 15), []),  # all of it: nobody was there
        (range(1, 4), [("06:45", "active"), ("09:00", "final")]),  # its start
    ],
)
def test_a_gap_over_the_ends_of_a_window(missing: range, expected: list[tuple[str, str]]) -> None:
    """ICT-11, DATA-3: told at the first close after it, drawn where the clock says."""
    rows = [None if number in missing else row for number, row in enumerate(london_day())]
    told = said(from_time("2026-07-01 05:30", "15m", rows), LONDON, *WINDOWS)
    assert [(close[6:], state) for close, _, state in states(told)] == expected
    assert all(fact.formed_at == utc("2026-07-01 06:00") for _, fact in told)


def test_the_first_candle_may_lie_inside_a_window() -> None:
    """ICT-11: told at its close; but what was not seen leaves no levels."""
    told = said(from_time("2026-07-01 08:00", "15m", flat(6)), LONDON)
    assert states(told) == [("07-01 08:15", "london_open", "active"), ("07-01 09:00", "london_open", "final")]


@pytest.mark.parametrize(
    ("timeframe", "expected"),
    [
        ("1m", {"kill_zone", "silver_bullet", "macro", "quiet_hours"}),
        ("5m", {"kill_zone", "silver_bullet", "macro", "quiet_hours"}),
        ("15m", {"kill_zone", "silver_bullet", "quiet_hours"}),
        ("30m", {"kill_zone"}),
        ("1h", {"kill_zone"}),
        ("4h", set()),
        ("1d", set()),
        ("1w", set()),
    ],
)
def test_a_window_is_followed_where_three_of_its_candles_fit(timeframe: Timeframe, expected: set[str]) -> None:
    """ICT-11: a macro says nothing on 15m candles, a kill zone nothing on daily ones."""
    assert {window.kind for window in Sessions(TimetableSettings(), DURATION[timeframe]).windows} == expected


def test_a_macro_that_begins_between_two_closes_is_entered_at_the_next() -> None:
    """ICT-12: 02:33 to 03:00 New York on 5m candles."""
    told = said(from_time("2026-07-01 06:25", "5m", flat(8)), settings("macro_0233"), *WINDOWS)
    assert states(told) == [("07-01 06:35", "macro_0233", "active"), ("07-01 07:00", "macro_0233", "final")]
    assert told[0][1].formed_at == utc("2026-07-01 06:33")  # from which its position in the macro follows


def test_open_windows_are_in_the_active_set() -> None:
    """ICT-11, ICT-12: a strategy sees in which windows the next candle opens."""
    last = run(from_time("2026-07-01 13:00", "5m", flat(15)), alone("timetable"))[-1]
    assert {fact.label for fact in last.active if fact.kind != "key_open"} == {"london_close", "silver_bullet_am"}
    assert last.candle.close_time == utc("2026-07-01 14:15")


def test_volatility_is_that_of_completed_days() -> None:
    """ICT-11: per-zone statistics: mean range of its candles against those of the whole day."""
    statistics = ZoneVolatility(2, 2)
    day = utc("2026-07-01 04:00")  # midnight in New York
    for number, (inside, outside) in enumerate(((4.0, 1.0), (6.0, 3.0), (2.0, 2.0), (8.0, 8.0))):
        assert statistics.relative(1) == 0.0
        for hour in range(24):
            span = inside if hour < 8 else outside
            statistics.add(day + (24 * number + hour) * HOUR, span, [0] if hour < 8 else [])
        expected = {0: [], 1: [4.0 / 2.0], 2: [2.0, 6.0 / 4.0], 3: [1.5, 1.0]}[number]
        assert statistics.shares[0].ratios == expected
        assert statistics.relative(0) == (sum(expected) / len(expected) if expected else 0.0)


#: Of 24 hours, the three in the kill zone are twice as wide as the others: 2 / ((3 * 2 + 21) / 24).
@pytest.mark.parametrize(
    ("adapt", "limit", "expected"), [("off", 2.0, 1.0), ("volatility", 2.0, 16.0 / 9.0), ("volatility", 1.5, 1.5)]
)
def test_sensitivity_follows_the_kill_zone_only_when_asked(adapt: str, limit: float, expected: float) -> None:
    """ICT-11: off by default; inside a kill zone, by its volatility of the days before, within a limit."""
    chosen = settings("london_open", adapt=adapt, adapt_limit=limit).timetable
    sessions = Sessions(chosen, HOUR)
    now = CandleClose(HOUR, 2)
    scales = []
    for hour in range(36):
        open_time = utc("2026-07-01 04:00") + hour * HOUR
        wide = 102.0 if 2 <= hour < 5 else 101.0
        now.move_to(open_time, 100.0, wide, 100.0, 100.0, 1.0, 0.0)
        sessions.detect(now)
        scales.append(now.threshold_scale)
    assert set(scales[:24]) == {1.0}  # the first day is not over
    assert scales[24:26] == [1.0, 1.0]  # outside
    assert scales[26:29] == pytest.approx([expected] * 3)
    assert scales[29] == 1.0


@pytest.mark.parametrize(("scale", "found"), [(1.0, True), (1.5, True), (1.6, False), (0.5, True)])
def test_thresholds_in_atr_are_scaled(scale: float, found: bool) -> None:
    """ICT-11: a gap of 1.5 ATR and a body of 1.5 ATR, where one ATR is asked for."""
    chosen = alone("fvg", "displacement", fvg={"min_size_percent": 0.0, "min_size_atr": 1.0})
    roster = Roster("test", HOUR, 0, chosen.model_copy(update={"displacement": DisplacementSettings(min_body_atr=1.0)}))
    gaps, large = roster.fvg, roster.displacement
    now = CandleClose(HOUR, 3)
    rows = [(100.0, 110.0, 100.0, 105.0), (105.0, 120.0, 105.0, 120.0), (125.0, 140.0, 125.0, 140.0)]
    for number, (opened, high, low, close) in enumerate(rows):
        now.move_to(number * HOUR, opened, high, low, close, 1.0, 10.0 if number == 2 else 0.0)
        now.threshold_scale = scale
        gaps.detect(now)
        large.detect(now)
    assert {finding.kind for finding in now.events} == ({"fvg", "displacement"} if found else set())


def test_another_table_does_not_continue_a_snapshot() -> None:
    """Invariant 3: the places of windows would mean others."""
    candles = from_time("2026-07-01 05:30", "15m", london_day())
    one = Engine(candles[0].symbol, "15m", LONDON)
    for candle in candles[:8]:
        one.update(candle)
    other = Engine(candles[0].symbol, "15m", settings("london_open", "new_york_am"))
    other.restore(one.state())
    told = [fact for candle in candles[8:] for fact in other.update(candle).events]
    assert [(fact.label, fact.state) for fact in told] == [("london_open", "active"), ("london_open", "final")]
