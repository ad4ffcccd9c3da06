"""From streamed and fetched klines to complete minutes: closing, backfilling, waiting, giving up."""

from __future__ import annotations

import pytest

from services.ingest.live.minutes import TRANSITIONS, Fetch, MinuteBoard
from services.ingest.settings.live import MinutesSettings
from shared.domain.candles import FeedStep
from shared.domain.timeframes import MINUTE
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, at, kline, klines


def board(*symbols: str, first: int = 0, **numbers: int) -> MinuteBoard:
    return MinuteBoard(0, symbols or (BTC, ETH), at(first + 1), MinutesSettings(**numbers))


def told(steps: list[FeedStep]) -> list[tuple[int, list[tuple[str, bool]]]]:
    """Minute after Monday → symbols, and whether they were backfilled."""
    return [
        ((step.close_time - MONDAY) // MINUTE - 1, [(candle.symbol, candle.backfilled) for candle in step.candles])
        for step in steps
    ]


def test_a_minute_leaves_when_every_symbol_has_closed_it() -> None:
    """DATA-1: one step a minute, with every symbol's candle."""
    one = board()
    assert one.hear(kline(0)) == "closed"
    assert one.ready(at(1), 0) == []
    assert one.hear(kline(0, ETH)) == "closed"
    assert told(one.ready(at(1), 0)) == [(0, [(BTC, False), (ETH, False)])]
    assert one.ready(at(1), 0) == []
    assert one.next_close == at(2)


def test_running_candles_never_leave() -> None:
    """DATA-3: running is not closed."""
    one = board(BTC)
    assert one.hear(kline(0, closed=False)) == "running"
    assert one.running()[BTC].open_time == MONDAY
    assert one.ready(at(1), 0) == []
    assert one.state(BTC, MONDAY) == "running"


def test_a_candle_whose_close_never_came_is_fetched_after_the_grace() -> None:
    """DATA-3: a closing frame that was lost costs the grace, not the candle."""
    one = board(BTC, close_grace_ms=2_000)
    assert one.due(at(1, 1.9), 0) == []
    (fetch,) = one.due(at(1, 2.0), 0)
    assert fetch == Fetch(symbol=BTC, first=at(0), last=at(0))
    assert one.due(at(1, 2.1), 0) == [], "one fetch a symbol at a time"
    one.fetched(fetch, [kline(0), kline(1, closed=False)], at(1, 2.2), 0)
    assert one.state(BTC, MONDAY) == "backfilled"
    assert told(one.ready(at(1, 2.2), 0)) == [(0, [(BTC, True)])]


def test_nothing_later_leaves_before_a_gap_is_filled() -> None:
    """DATA-3: gap → REST backfill before anything later is published."""
    one = board(BTC)
    for minute in (0, 3, 4):
        one.hear(kline(minute))
    assert told(one.ready(at(5), 0)) == [(0, [(BTC, False)])]
    (fetch,) = one.due(at(5, 3.0), 0)
    assert (fetch.first, fetch.last) == (at(1), at(2))
    one.fetched(fetch, klines(1, 3), at(5, 3.1), 0)
    assert told(one.ready(at(5, 3.1), 0)) == [
        (1, [(BTC, True)]),
        (2, [(BTC, True)]),
        (3, [(BTC, False)]),
        (4, [(BTC, False)]),
    ]


def test_a_running_candle_of_rest_is_no_candle() -> None:
    """DATA-3: the last row of a REST answer may be unfinished."""
    one = board(BTC)
    (fetch,) = one.due(at(1, 2.0), 0)
    one.fetched(fetch, [kline(0, closed=False)], at(1, 30.0), 0)
    assert one.ready(at(1, 30.0), 0) == []
    assert one.state(BTC, MONDAY) == "running", "nor is it missing: the exchange has it"


@pytest.mark.parametrize(("heard", "rows", "taken"), [(0.0, 1, False), (59.9, 1, False), (60.0, 1, True), (0.0, 2, True)])
def test_a_clock_that_is_ahead_closes_no_candle(heard: float, rows: int, taken: bool) -> None:
    """DATA-8: the exchange's clock was measured wrong by five seconds; only what the exchange itself shows counts."""
    one = board(BTC)
    (fetch,) = one.due(at(1, 3.0), 0)  # in truth it is two seconds before the minute's end
    answer = [kline(0, close=42.0), kline(1, closed=False)][:rows]
    one.fetched(fetch, answer, at(1, 3.0), 0, heard=at(0, heard))
    assert bool(one.ready(at(1, 3.0), 0)) is taken
    if not taken:
        assert len(one.due(at(1, 8.0), 10_000)) == 1


def test_a_row_without_a_later_one_is_closed_when_it_is_old() -> None:
    """DATA-3: a symbol in which nobody trades has no later candle for a while."""
    one = board(BTC, missing_after_ms=10_000)
    (fetch,) = one.due(at(1, 10.0), 0)
    one.fetched(fetch, [kline(0)], at(1, 10.0), 0)
    assert len(one.ready(at(1, 10.0), 0)) == 1


def test_a_candle_that_the_exchange_does_not_have_is_missing_once_it_is_old_enough() -> None:
    """DATA-3: a symbol that did not trade yet must not stop the others for ever, nor be given up too early."""
    one = board(missing_after_ms=10_000, retry_ms=500)
    one.hear(kline(0))
    (fetch,) = one.due(at(1, 2.0), 0)
    one.fetched(fetch, [], at(1, 2.0), 0)
    assert one.due(at(1, 2.4), 499) == []
    (again,) = one.due(at(1, 11.0), 500)
    one.fetched(again, [], at(1, 11.0), 500)
    assert one.state(ETH, MONDAY) == "missing"
    assert told(one.ready(at(1, 11.0), 0)) == [(0, [(BTC, False)])]
    assert one.counts["missing"] == 1


def test_during_an_outage_nothing_leaves_and_after_it_everything_does() -> None:
    """OPS-9: REST and streams both dead for an hour: no candle is declared missing, all are fetched, in order."""
    one = board(give_up_after_ms=600_000)
    for second in range(0, 3_600, 60):
        now = at(1, 2.0 + second)
        for fetch in one.due(now, second * 1_000):
            one.failed(fetch, second * 1_000, 30_000)
        assert one.ready(now, 0) == []
    fetches = one.due(at(62), 10_000_000)
    assert [(fetch.symbol, fetch.first, fetch.last) for fetch in fetches] == [(BTC, at(0), at(60)), (ETH, at(0), at(60))]
    for fetch in fetches:
        one.fetched(fetch, klines(0, 60, fetch.symbol), at(62), 10_000_000)
    assert [minute for minute, _ in told(one.ready(at(62), 0))] == list(range(61))


def test_a_symbol_that_cannot_be_fetched_is_given_up_when_others_live() -> None:
    """DATA-3: after the deadline a missing candle is declared, so that one symbol cannot hold the rest for ever."""
    one = board(give_up_after_ms=60_000)
    one.hear(kline(0))
    (fetch,) = one.due(at(1, 2.0), 0)
    one.failed(fetch, 0, 1_000)
    assert one.failures(ETH) == 1
    assert one.ready(at(1, 59.9), 59_900) == []
    assert told(one.ready(at(1, 60.0), 60_000)) == [(0, [(BTC, False)])]


def test_old_minute_is_not_given_up_while_its_candle_is_being_fetched() -> None:
    """DATA-3: after an outage one symbol's answer comes before the other's; that is no reason to do without the other."""
    one = board(give_up_after_ms=60_000)
    btc, eth = one.due(at(500), 10_000_000)
    one.fetched(btc, klines(0, 499), at(500), 10_000_000)
    assert one.ready(at(500), 10_000_000) == []
    one.failed(eth, 10_000_000, 1_000)
    assert one.ready(at(500), 10_000_000) == []
    (again,) = one.due(at(500), 10_001_000)
    one.fetched(again, klines(0, 499, ETH), at(500), 10_001_000)
    assert len(one.ready(at(500), 10_001_000)) == 499


def test_a_failed_fetch_waits_for_its_pause_by_our_own_clock() -> None:
    """DATA-4: a clock that jumps does not make us hammer an exchange that is down."""
    one = board(BTC)
    (fetch,) = one.due(at(1, 2.0), 0)
    one.failed(fetch, own=0, pause_ms=4_000)
    assert one.due(at(500), 3_999) == []
    assert len(one.due(at(1, 3.0), 4_000)) == 1


def test_repeats_and_revisions_before_publication() -> None:
    """DATA-3: a duplicate is an upsert while the minute is ours to change."""
    one = board()
    assert [one.hear(kline(0)), one.hear(kline(0))] == ["closed", "repeated"]
    assert one.hear(kline(0, close=500.0)) == "revised"
    assert one.hear(kline(0, closed=False)) == "repeated"
    one.hear(kline(0, ETH))
    (step,) = one.ready(at(1), 0)
    assert step.candles[0].close == 500.0


def test_candle_after_publication_is_late_and_changes_nothing() -> None:
    """DATA-3: out of order and too late: refused."""
    one = board(BTC)
    one.hear(kline(0))
    one.ready(at(1), 0)
    assert one.hear(kline(0, close=7.0)) == "late"
    assert one.state(BTC, MONDAY) == "published"
    assert one.ready(at(1), 0) == []


def test_reordered_frames_end_in_the_same_minutes() -> None:
    """DATA-3: the later minute may come first."""
    one = board(BTC)
    assert [one.hear(kline(1)), one.hear(kline(1, closed=False)), one.hear(kline(0))] == ["closed", "repeated", "closed"]
    assert [minute for minute, _ in told(one.ready(at(2), 0))] == [0, 1]
    one.hear(kline(5, closed=False))
    assert one.hear(kline(4, closed=False)) == "repeated"


def test_a_closing_frame_beats_the_fetch_that_was_on_its_way() -> None:
    """DATA-3: both are the exchange's word; the stream's came first."""
    one = board(BTC)
    (fetch,) = one.due(at(1, 2.0), 0)
    one.hear(kline(0))
    one.fetched(fetch, [kline(0, close=1.0)], at(1, 2.1), 0)
    (step,) = one.ready(at(1, 2.1), 0)
    assert (step.candles[0].close, step.candles[0].backfilled) == (100.0, False)


def test_a_candle_heard_after_it_was_found_missing_counts() -> None:
    """DATA-3: as long as the step has not left, a late frame is welcome."""
    one = board(missing_after_ms=0)
    (fetch, _) = one.due(at(1, 2.0), 0)
    one.fetched(fetch, [], at(1, 3.0), 0)
    assert one.state(BTC, MONDAY) == "missing"
    assert one.hear(kline(0)) == "closed"
    assert one.state(BTC, MONDAY) == "closed"


@pytest.mark.parametrize(
    "stranger", [kline(0, "DOGEUSDT"), kline(0, timeframe="5m")], ids=["symbol of another partition", "other timeframe"]
)
def test_strangers_are_dropped(stranger: object) -> None:
    """DATA-3: the border decides."""
    assert board().hear(stranger) == "unknown"  # type: ignore[arg-type]  # the parametrised value is a Kline


def test_a_long_gap_is_fetched_in_answers_of_bounded_size() -> None:
    """Invariant 6: neither one huge answer nor a heap of candles that cannot leave."""
    one = board(BTC, fetch_limit=10)
    (first,) = one.due(at(25), 0)
    assert (first.first, first.last) == (at(0), at(9))
    one.fetched(first, klines(0, 9), at(25), 0)
    assert len(one.ready(at(25), 0)) == 10
    (second,) = one.due(at(25), 0)
    assert (second.first, second.last) == (at(10), at(19))


def test_pending_minutes_beyond_the_bound_are_dropped_and_fetched_later() -> None:
    """Invariant 6: while an old minute is awaited, new ones do not pile up without end; none is lost."""
    one = board(BTC, max_pending=10)
    news = [one.hear(kline(minute)) for minute in range(1, 15)]
    assert news == ["closed"] * 10 + ["overflow"] * 4
    assert one.hear(kline(0)) == "closed", "the minute that all wait for is always taken"
    assert len(one.ready(at(15), 0)) == 11
    (fetch,) = one.due(at(15, 3.0), 0)
    assert (fetch.first, fetch.last) == (at(11), at(14))


def test_a_partition_without_symbols_tells_the_time() -> None:
    """OPS-1: every partition speaks every minute, so that nobody waits for one."""
    one = MinuteBoard(3, (), at(1), MinutesSettings())
    assert one.ready(at(0, 59.9), 0) == []
    assert [step.close_time for step in one.ready(at(2, 1.0), 0)] == [at(1), at(2)]
    assert one.due(at(2, 10.0), 0) == []


def test_a_feed_begins_on_a_whole_minute() -> None:
    with pytest.raises(ValueError, match="whole minute"):
        MinuteBoard(0, (BTC,), at(1) + 1, MinutesSettings())


def test_how_far_it_is_behind() -> None:
    one = board(BTC)
    assert (one.behind(at(0, 30.0)), one.behind(at(1)), one.behind(at(7, 1.0))) == (0, 1, 7)


def test_the_table_of_a_minute_ends_in_publication() -> None:
    """STYLE: life cycles are tables."""
    assert TRANSITIONS["published"] == {}
    assert {to for events in TRANSITIONS.values() for to in events.values()} == set(TRANSITIONS) - {"running"}
