"""Hypothetical trades on candles, and the record of kill zones that they add up to (ICT-11)."""

from __future__ import annotations

import pytest

from services.signals.filters.hypothetical import Hypothetical
from services.signals.filters.zone_record import MOST_OPEN, MOST_ZONES, ZoneRecord
from shared.domain.candles import Candle
from shared.domain.decisions import Signal
from shared.domain.timeframes import MINUTE
from shared.domain.zone_counts import ZoneCount, shrunk_rate, zones_of
from tests.support.signals.filter_scenes import flat, limit, market
from tests.support.signals.scenes import CLOSE

#: Of each minute after the signal: low, high; closes in the middle.
Path = list[tuple[float, float]]


def candles(path: Path, begin: int = CLOSE) -> list[Candle]:
    return [
        flat(begin + (place + 1) * MINUTE, (low + high) / 2.0, low=low, high=high) for place, (low, high) in enumerate(path)
    ]


def outcomes(signal: Signal, rows: list[Candle], minutes: int = 1_000) -> list[str]:
    trade = Hypothetical.of(signal, ("asian",), minutes * MINUTE)
    told: list[str] = []
    for row in rows:
        told.append(trade.take(row))
        if told[-1] != "open":
            break
    return told


LONG, SHORT = market(100.0, 99.0), market(100.0, 101.0)
REST = limit(100.0, 99.0, rests=3)


@pytest.mark.parametrize(
    ("signal", "path", "expected"),
    [
        (LONG, [(99.5, 100.5), (99.5, 101.0)], ["open", "won"]),
        (LONG, [(99.5, 100.5), (99.0, 100.5)], ["open", "lost"]),
        (LONG, [(99.0, 101.0)], ["lost"]),  # both in one candle: the stop
        (LONG, [(102.0, 103.0)], ["won"]),  # a jump beyond the target
        (LONG, [(97.0, 98.0)], ["lost"]),
        (SHORT, [(99.5, 100.5), (99.0, 100.5)], ["open", "won"]),
        (SHORT, [(99.5, 100.5), (99.5, 101.0)], ["open", "lost"]),
        (SHORT, [(99.0, 101.0)], ["lost"]),
        (REST, [(100.1, 100.9), (99.9, 100.5), (100.0, 101.0)], ["open", "open", "won"]),
        (REST, [(100.1, 100.9), (99.9, 101.5), (99.5, 101.0)], ["open", "open", "won"]),  # not in the candle of the fill
        (REST, [(98.9, 100.5)], ["lost"]),  # filled and stopped in one candle
        (REST, [(100.1, 102.0), (100.1, 100.5), (100.1, 100.5)], ["open", "open", "uncounted"]),  # never touched
        (REST, [(100.0, 100.5), (99.5, 101.0)], ["open", "won"]),  # touched is filled
    ],
)
def test_stop_and_first_target_are_followed_on_candles(signal, path, expected) -> None:
    """ICT-11: the stop wins ties."""
    assert outcomes(signal, candles(path)) == expected


@pytest.mark.parametrize(("close", "expected"), [(100.2, "won"), (99.8, "lost"), (100.0, "lost")])
def test_at_the_time_limit_the_close_decides(close, expected) -> None:
    """ICT-11: and not a minute before."""
    rows = [*candles([(99.5, 100.5)]), flat(CLOSE + 2 * MINUTE, close)]
    assert outcomes(LONG, rows, minutes=2) == ["open", expected]


def test_a_signal_that_is_closed_by_a_time_is_followed_until_then() -> None:
    signal = market(100.0, 99.0, close_by=CLOSE + MINUTE)
    assert outcomes(signal, candles([(100.0, 100.8)])) == ["won"]


def test_candles_from_before_and_repeats_change_nothing() -> None:
    """Invariants 1 and 3: the candle of the signal itself, older ones, and the same one twice."""
    trade = Hypothetical.of(LONG, ("asian",), 10 * MINUTE)
    first, second = candles([(99.5, 100.5), (100.0, 101.0)])
    wild = flat(CLOSE, 100.0, low=90.0, high=110.0)
    assert [trade.take(each) for each in (wild, first, wild, first, second)] == ["open"] * 4 + ["won"]


@pytest.mark.parametrize(
    "hole",
    [
        flat(CLOSE + 2 * MINUTE, 100.0),  # the first minute is missing
        flat(CLOSE + MINUTE, 100.0, low=98.0, state="disputed"),
    ],
)
def test_a_trade_of_which_a_candle_is_not_known_is_not_counted(hole) -> None:
    """Never guess: nobody knows which of the two prices was met first."""
    assert outcomes(LONG, [hole]) == ["uncounted"]


def test_wins_and_losses_are_counted_by_zone_and_together() -> None:
    """ICT-11: a trade counts in every zone that was open, and once overall; from the close that showed it."""
    record = ZoneRecord()
    record.follow(LONG, ("asian", "london_open"), 100 * MINUTE)
    record.absorb(flat(CLOSE + MINUTE, 100.0), 300.0)
    assert (record.zones, record.overall) == ({}, ZoneCount())
    record.absorb(flat(CLOSE + 2 * MINUTE, 101.0), 300.0)
    one = ZoneCount(won=1.0, trades=1.0)
    assert (record.zones, record.overall, record.open) == ({"asian": one, "london_open": one}, one, {})


def test_one_trade_of_a_strategy_is_followed_at_a_time() -> None:
    """Invariant 6: further signals while it lives are mostly the same trade again."""
    record = ZoneRecord()
    record.follow(LONG, ("asian",), 100 * MINUTE)
    record.follow(market(100.0, 98.0, at=CLOSE + MINUTE), ("asian",), 100 * MINUTE)
    assert list(record.open) == ["ob_fvg"]
    assert record.open["ob_fvg"].stop == 99.0


@pytest.mark.parametrize(
    ("zone", "overall", "wanted"),
    [
        (ZoneCount(won=10.0, trades=40.0), ZoneCount(won=50.0, trades=100.0), 1.2),  # (10 + 20 x 0.5) / 60 = 1/3: above 1.2
        (ZoneCount(won=24.0, trades=40.0), ZoneCount(won=50.0, trades=100.0), 0.5 / (34.0 / 60.0)),
        (ZoneCount(won=20.0, trades=40.0), ZoneCount(won=50.0, trades=100.0), 1.0),
        (ZoneCount(won=39.0, trades=40.0), ZoneCount(won=50.0, trades=100.0), 1.0 / 1.2),
        (ZoneCount(won=0.0, trades=29.0), ZoneCount(won=50.0, trades=100.0), 1.0),  # too few
        (ZoneCount(won=0.0, trades=40.0), ZoneCount(won=0.0, trades=100.0), 1.0),  # nothing wins anywhere
        (None, ZoneCount(won=50.0, trades=100.0), 1.0),
    ],
)
def test_a_zone_with_a_bad_record_asks_for_more_points_within_bounds(zone, overall, wanted) -> None:
    """ICT-11: with a minimum sample, drawn towards the overall rate."""
    record = ZoneRecord(zones={} if zone is None else {"asian": zone}, overall=overall)
    assert record.factor("asian", min_sample=30, shrinkage=20.0, max_factor=1.2) == pytest.approx(wanted)


def test_without_shrinkage_a_zone_in_which_nothing_wins_asks_for_the_most() -> None:
    record = ZoneRecord(zones={"asian": ZoneCount(trades=40.0)}, overall=ZoneCount(won=50.0, trades=100.0))
    assert record.factor("asian", min_sample=30, shrinkage=0.0, max_factor=1.5) == 1.5


def test_old_trades_fade_so_that_counts_stay_bounded() -> None:
    """Invariant 6: after ``memory`` trades an old one weighs about a third."""
    count = ZoneCount()
    count.add(won=True, memory=100.0)
    for _ in range(100):
        count.add(won=False, memory=100.0)
    assert count.won == pytest.approx(0.366, abs=1e-3)
    for _ in range(5_000):
        count.add(won=False, memory=100.0)
    assert count.trades <= 100.0
    kept = ZoneCount()
    for won in (True, False, True):
        kept.add(won=won)
    assert (kept.won, kept.trades, kept.win_rate) == (2.0, 3.0, 2.0 / 3.0)


def test_an_empty_count_has_the_overall_rate_when_it_is_drawn_to_it() -> None:
    overall = ZoneCount(won=3.0, trades=4.0)
    assert shrunk_rate(ZoneCount(), overall, 10.0) == 0.75
    assert shrunk_rate(ZoneCount(), overall, 0.0) == 0.75
    assert ZoneCount().win_rate == 0.0


def test_trades_outside_of_every_window_have_a_row_of_their_own() -> None:
    assert zones_of([]) == ("outside",)
    assert zones_of(["asian", "macro"]) == ("asian", "macro")


def test_zones_and_trades_have_a_ceiling() -> None:
    """Invariant 6: names of old timetables are forgotten, the oldest first."""
    record = ZoneRecord()
    for place in range(MOST_ZONES + 5):
        record.follow(market(100.0, 99.0, at=CLOSE), (f"zone_{place}",), 1_000 * MINUTE)
        record.absorb(flat(CLOSE + MINUTE, 99.0), 300.0)
    assert len(record.zones) == MOST_ZONES
    assert next(iter(record.zones)) == "zone_5"
    trade = Hypothetical.of(LONG, ("asian",), MINUTE)
    full = ZoneRecord(open={f"strategy_{place}": trade for place in range(MOST_OPEN)})
    full.follow(LONG, ("asian",), MINUTE)
    assert len(full.open) == MOST_OPEN
