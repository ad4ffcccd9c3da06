"""Data accuracy, and the history that a session begins with."""

from __future__ import annotations

import msgspec

from services.ingest.live.audit import Audit
from services.ingest.live.minutes import raw_of
from services.ingest.live.warm_up import anchor, messages, wanted
from shared.domain.candles import FeedStep
from shared.domain.timeframes import DAY, DURATION, MINUTE, TIMEFRAMES
from tests.support.ingest.live_scenes import BTC, ETH, MONDAY, at, kline, klines


def step(minute: int, *symbols: str) -> FeedStep:
    candles = tuple(raw_of(kline(minute, symbol), backfilled=False) for symbol in symbols)
    return FeedStep(partition=0, close_time=at(minute + 1), candles=candles)


def test_accuracy_is_the_share_of_the_exchanges_candles_that_were_published_right() -> None:
    """DATA-8."""
    audit = Audit((BTC, ETH), 100)
    assert audit.accuracy == 1.0
    for minute in range(10):
        audit.left(step(minute, BTC, ETH) if minute != 3 else step(minute, BTC))
    assert (audit.expected, audit.published) == (20, 19)
    assert audit.accuracy == 0.95
    wrong = [msgspec.structs.replace(each, close=100.25) if each.open_time == at(5) else each for each in klines(0, 9)]
    (difference,) = audit.compare(BTC, at(0), at(9), wrong)
    assert (difference.symbol, difference.open_time) == (BTC, at(5))
    assert audit.accuracy == 0.9
    (missing,) = audit.compare(ETH, at(0), at(9), klines(0, 9, ETH))
    assert missing.published is None
    assert audit.accuracy == 0.9, "a missing candle counts once"


def test_a_minute_is_compared_once_and_only_while_it_is_remembered() -> None:
    """Invariant 6: the memory is bounded."""
    audit = Audit((BTC,), 5)
    for minute in range(20):
        audit.left(step(minute, BTC))
    assert audit.span(BTC) == (at(15), at(19))
    wrong = [msgspec.structs.replace(each, volume=9.0) for each in klines(0, 19)]
    assert len(audit.compare(BTC, at(15), at(19), wrong)) == 5
    assert audit.compare(BTC, at(15), at(19), wrong) == []
    assert audit.span(BTC) is None


def test_a_running_candle_is_not_compared() -> None:
    audit = Audit((BTC,), 5)
    audit.left(step(0, BTC))
    assert audit.compare(BTC, at(0), at(0), [kline(0, closed=False, close=7.0)]) == []


def test_a_session_begins_where_the_coarsest_running_candle_opened() -> None:
    """DATA-2: from there on every coarser candle is built from its minutes."""
    now = MONDAY + 3 * DAY + 7 * MINUTE
    assert anchor(now, TIMEFRAMES) == MONDAY
    assert anchor(now, ("1m", "1h")) == MONDAY + 3 * DAY
    assert anchor(now + 31, ("1m",)) == now


def test_every_timeframe_is_fetched_up_to_the_first_minute() -> None:
    """DATA-1: the higher timeframes are warm, coarsest first; no candle twice."""
    spans = wanted(MONDAY + 30 * MINUTE, TIMEFRAMES, 100)
    assert [span.timeframe for span in spans] == ["1w", "1d", "4h", "1h", "30m", "15m", "5m", "1m"]
    for span in spans:
        assert span.last - span.first == 99 * DURATION[span.timeframe]
        assert span.last + DURATION[span.timeframe] <= MONDAY + 30 * MINUTE
        assert span.last + 2 * DURATION[span.timeframe] > MONDAY + 30 * MINUTE
    assert wanted(MONDAY, TIMEFRAMES, 0) == []


def test_a_history_never_begins_before_the_epoch() -> None:
    (span,) = wanted(14 * DAY, ("1w",), 500)
    assert span.first >= 0


def test_the_history_travels_in_order_of_time_and_in_pieces() -> None:
    """Invariant 6: no message of unbounded size."""
    (want,) = wanted(MONDAY, ("1m",), 10)
    of_btc = [*klines(-10, -1), kline(0), msgspec.structs.replace(kline(-3), closed=False)]
    sent = list(messages(2, want, [of_btc, klines(-4, -1, ETH)], 3))
    assert [len(message.candles) for message in sent] == [3, 3, 6, 2]
    assert {message.partition for message in sent} == {2}
    opens = [candle.open_time for message in sent for candle in message.candles]
    assert opens == sorted(opens)
    assert max(opens) == MONDAY - MINUTE
    assert all(candle.backfilled for message in sent for candle in message.candles)
    assert len({message.message_id for message in sent}) == 4
