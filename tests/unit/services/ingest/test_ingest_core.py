"""Ingest's core: bundles, gaps, refusals and alerts, told as steps."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from services.ingest.alerts import SEVERITY, Condition
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from shared.domain.candles import CandleBundle, FeedHistory, FeedStep, RawCandle
from shared.domain.control import Alert, ClockTick
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE, TIMEFRAMES, Timeframe
from tests.support.runtime.telling import tell

MONDAY = 1_736_121_600_000  # 2025-01-06T00:00Z
BTC, ETH = "BTCUSDT", "ETHUSDT"


def core(
    symbols: tuple[str, ...] = (BTC, ETH), timeframes: tuple[Timeframe, ...] = TIMEFRAMES, **numbers: float
) -> IngestCore:
    return IngestCore(0, symbols, timeframes, IngestSettings(**numbers))


def raw(minute: int, symbol: str = BTC, price: float = 100.0, **fields: float | bool) -> RawCandle:
    values = {"open": price, "high": price + 1, "low": price - 1, "close": price, "volume": 2.5, **fields}
    return RawCandle(symbol=symbol, open_time=int(values.pop("open_time", MONDAY + minute * MINUTE)), **values)


def step(minute: int, *candles: RawCandle, partition: int = 0) -> FeedStep:
    """The step in which the candle that opens ``minute`` minutes after Monday closes; without candles: BTC and ETH."""
    given = candles or (raw(minute), raw(minute, ETH))
    return FeedStep(partition=partition, close_time=MONDAY + (minute + 1) * MINUTE, candles=given)


def bundles(messages: list[Message]) -> list[CandleBundle]:
    return [message for message in messages if isinstance(message, CandleBundle)]


def alerts(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, Alert)]


def run(ingest: IngestCore, first: int, last: int) -> list[Message]:
    return [message for minute in range(first, last) for message in tell(ingest, step(minute))]


def test_at_a_boundary_every_timeframe_leaves_once_finest_first() -> None:
    """DATA-2."""
    ingest = core()
    run(ingest, 0, 239)
    out = bundles(tell(ingest, step(239)))
    assert [bundle.timeframe for bundle in out] == ["1m", "5m", "15m", "30m", "1h", "4h"]
    assert all(len(bundle.candles) == 2 and not bundle.missing for bundle in out)
    assert {bundle.close_time for bundle in out} == {MONDAY + 240 * MINUTE}


def test_a_coarser_candle_is_made_of_its_minutes() -> None:
    """DATA-2: open of the first, highest high, lowest low, close of the last, volumes as decimals."""
    ingest = core((BTC,), ("5m",))
    out: list[Message] = []
    for minute, (price, high, low, volume) in enumerate(
        [(10, 11, 9, 0.1), (11, 14, 10, 0.2), (12, 13, 7, 0.3), (11, 12, 10, 0.4), (10.5, 11, 10, 0.123)]
    ):
        out += tell(ingest, step(minute, raw(minute, price=price, high=high, low=low, volume=volume)))
    (bundle,) = bundles(out)
    (candle,) = bundle.candles
    assert (candle.open, candle.high, candle.low, candle.close) == (10, 14, 7, 10.5)
    assert candle.volume == 1.123
    assert candle.open_time == MONDAY
    assert candle.state == "closed"


def test_only_the_configured_timeframes_are_published_in_their_order() -> None:
    ingest = core((BTC,), ("1h", "15m"))
    out = [message for minute in range(60) for message in tell(ingest, step(minute, raw(minute)))]
    assert [bundle.timeframe for bundle in bundles(out)] == ["15m", "15m", "15m", "15m", "1h"]


@pytest.mark.parametrize("timeframes", [(), ("2m",)])
def test_timeframes_that_do_not_exist_are_refused(timeframes: tuple[Timeframe, ...]) -> None:
    with pytest.raises(ValueError, match="name at least one of 1m"):
        core((BTC,), timeframes)


def test_a_symbol_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        core((BTC, BTC))


def test_a_partition_without_symbols_still_says_that_the_minute_passed() -> None:
    out = tell(core(()), FeedStep(partition=0, close_time=MONDAY, candles=()))
    assert [bundle.timeframe for bundle in bundles(out)] == list(TIMEFRAMES)
    assert alerts(out) == []


def test_the_candle_that_was_forming_at_the_start_is_missing_and_the_next_is_whole() -> None:
    """DATA-2: what was not seen from its first minute on is not published as a candle."""
    ingest = core((BTC, ETH), ("1m", "5m"))
    out = bundles(run(ingest, 3, 10))
    five = [bundle for bundle in out if bundle.timeframe == "5m"]
    assert [(bundle.missing, len(bundle.candles)) for bundle in five] == [((BTC, ETH), 0), ((), 2)]


def test_a_symbol_without_a_candle_is_named_as_missing_and_said_once() -> None:
    """DATA-3."""
    ingest = core()
    out = tell(ingest, step(0, raw(0)))
    assert bundles(out)[0].missing == (ETH,)
    assert alerts(out) == ["candle_missing:ETHUSDT"]
    assert alerts(tell(ingest, step(1, raw(1)))) == []
    assert alerts(tell(ingest, step(2))) == []


def test_a_coarser_candle_that_lacks_a_minute_is_disputed() -> None:
    """DATA-3: no entry may rest on it."""
    ingest = core()
    run(ingest, 0, 2)
    tell(ingest, step(2, raw(2, ETH)))
    out = bundles(run(ingest, 3, 5))[-1]
    assert [(candle.symbol, candle.state) for candle in out.candles] == [(BTC, "disputed"), (ETH, "closed")]


def test_a_coarser_candle_that_lacks_every_minute_is_missing() -> None:
    ingest = core()
    run(ingest, 0, 5)
    out = bundles([message for minute in range(5, 10) for message in tell(ingest, step(minute, raw(minute, ETH)))])[-1]
    assert (out.timeframe, out.missing, [candle.symbol for candle in out.candles]) == ("5m", (BTC,), [ETH])


@pytest.mark.parametrize(
    ("fields", "state"), [({"backfilled": True}, "backfilled"), ({"high": 1_000.0}, "disputed"), ({}, "closed")]
)
def test_an_aggregate_takes_the_worst_state_of_its_minutes(fields: dict[str, float | bool], state: str) -> None:
    """DATA-3."""
    ingest = core((BTC,))
    out: list[Message] = []
    for minute in range(15):
        out += tell(ingest, step(minute, raw(minute, **(fields if minute == 7 else {}))))
    states = {(bundle.timeframe, bundle.close_time): bundle.candles[0].state for bundle in bundles(out)}
    assert states[("1m", MONDAY + 8 * MINUTE)] == state
    assert states[("5m", MONDAY + 10 * MINUTE)] == state
    assert states[("5m", MONDAY + 15 * MINUTE)] == "closed"
    assert states[("15m", MONDAY + 15 * MINUTE)] == state


@pytest.mark.parametrize(
    "bad",
    [
        {"close": math.nan},
        {"high": math.inf},
        {"low": -1.0},
        {"high": 50.0},
        {"volume": -1.0},
        {"open_time": MONDAY + 90_000},
        {"open_time": MONDAY + 2 * MINUTE},
    ],
)
def test_a_refused_candle_makes_its_symbol_missing_and_is_alerted(bad: dict[str, float]) -> None:
    """DATA-3."""
    ingest = core()
    tell(ingest, step(0))
    out = tell(ingest, step(1, raw(1, **bad), raw(1, ETH)))
    assert alerts(out) == ["candle_refused:BTCUSDT"]
    assert bundles(out)[0].missing == (BTC,)
    assert [candle.symbol for candle in bundles(out)[0].candles] == [ETH]


def test_a_candle_of_a_minute_that_was_passed_is_dropped_and_counted_without_alarm() -> None:
    """DATA-3: redelivery is normal."""
    ingest = core()
    tell(ingest, step(0))
    out = tell(ingest, step(1, raw(0), raw(1), raw(1, ETH)))
    assert alerts(out) == []
    assert ingest.counts == {"duplicate": 1}
    assert bundles(out)[0].missing == ()


def test_of_two_different_candles_of_one_minute_the_last_wins_and_it_is_reported() -> None:
    """DATA-3: upsert."""
    ingest = core((BTC,))
    out = tell(ingest, step(0, raw(0, price=100.0), raw(0, price=101.0)))
    assert alerts(out) == ["candle_repeated:BTCUSDT"]
    assert bundles(out)[0].candles[0].close == 101.0


def test_the_same_candle_twice_in_one_step_is_only_counted() -> None:
    ingest = core((BTC,))
    assert alerts(tell(ingest, step(0, raw(0), raw(0)))) == []
    assert ingest.counts == {"duplicate": 1}


def test_a_bad_repetition_does_not_displace_a_good_candle() -> None:
    ingest = core((BTC,))
    out = tell(ingest, step(0, raw(0), raw(0, close=math.nan)))
    assert bundles(out)[0].candles[0].close == 100.0
    assert alerts(out) == ["candle_refused:BTCUSDT"]


def test_a_symbol_of_another_partition_is_refused_under_one_key() -> None:
    ingest = core((BTC,))
    out = tell(ingest, step(0, raw(0), raw(0, "XRPUSDT"), raw(0, "SOLUSDT")))
    assert alerts(out) == ["unknown_symbol:p0"]
    assert [candle.symbol for candle in bundles(out)[0].candles] == [BTC]


def test_a_step_that_was_seen_gives_nothing() -> None:
    ingest = core()
    run(ingest, 0, 3)
    before = ingest.snapshot()
    assert tell(ingest, step(2)) == []
    assert tell(ingest, step(0)) == []
    assert ingest.snapshot() == before


@pytest.mark.parametrize(
    "strange",
    [step(5, partition=1), FeedStep(partition=0, close_time=MONDAY + 5 * MINUTE + 1, candles=())],
    ids=["another partition", "not on a minute"],
)
def test_a_step_that_makes_no_sense_is_refused_and_moves_nothing(strange: FeedStep) -> None:
    ingest = core()
    run(ingest, 0, 3)
    out = tell(ingest, strange)
    assert [(type(message), message.severity) for message in out if isinstance(message, Alert)] == [(Alert, "critical")]
    assert len(out) == 1
    assert [bundle.close_time for bundle in bundles(tell(ingest, step(3)))] == [MONDAY + 4 * MINUTE]


def test_other_messages_are_no_concern_of_ingest() -> None:
    assert tell(core(), ClockTick(time=MONDAY)) == []


def test_a_gap_is_published_minute_by_minute_as_missing_with_the_boundaries_inside_it() -> None:
    """DATA-3."""
    ingest = core((BTC,), ("1m", "5m"))
    for minute in range(3):
        tell(ingest, step(minute, raw(minute)))
    out = tell(ingest, step(11, raw(11)))
    assert alerts(out) == ["gap:p0"]
    told = [(b.timeframe, (b.close_time - MONDAY) // MINUTE, b.missing, [c.state for c in b.candles]) for b in bundles(out)]
    assert told == [
        ("1m", 4, (BTC,), []),
        ("1m", 5, (BTC,), []),
        ("5m", 5, (), ["disputed"]),  # three of its five minutes are there
        ("1m", 6, (BTC,), []),
        ("1m", 7, (BTC,), []),
        ("1m", 8, (BTC,), []),
        ("1m", 9, (BTC,), []),
        ("1m", 10, (BTC,), []),
        ("5m", 10, (BTC,), []),
        ("1m", 11, (BTC,), []),
        ("1m", 12, (), ["closed"]),
    ]


def test_a_gap_beyond_the_bound_begins_the_aggregation_anew_with_a_critical_alert() -> None:
    """DATA-3, boundedness: a wrong clock must not publish years of missing minutes."""
    ingest = core((BTC,), ("1m", "5m"), max_gap_minutes=30)
    for minute in range(3):
        tell(ingest, step(minute, raw(minute)))
    out = tell(ingest, step(37, raw(37, price=1_000.0)))
    assert alerts(out) == ["restart:p0"]
    assert [(b.timeframe, b.missing, [c.state for c in b.candles]) for b in bundles(out)] == [("1m", (), ["closed"])]
    later = [b for minute in range(38, 45) for b in bundles(tell(ingest, step(minute, raw(minute, price=1_000.0))))]
    assert [(b.missing, len(b.candles)) for b in later if b.timeframe == "5m"] == [((BTC,), 0), ((), 1)]


def test_a_gap_at_the_bound_is_still_published() -> None:
    ingest = core((BTC,), ("1m",), max_gap_minutes=30)
    tell(ingest, step(0, raw(0)))
    assert len(bundles(tell(ingest, step(31, raw(31))))) == 31


def test_alerts_of_one_symbol_and_condition_are_at_most_one_a_window() -> None:
    ingest = core((BTC, ETH), alert_window_minutes=10)
    times: list[int] = []
    for minute in range(25):
        out = tell(ingest, step(minute, raw(minute, close=math.nan), raw(minute, ETH)))
        times += [message.time for message in out if isinstance(message, Alert)]
    assert times == [MONDAY + (minute + 1) * MINUTE for minute in (0, 10, 20)]
    assert ingest.counts["not_finite"] == 25


def test_an_alert_has_the_same_id_wherever_it_is_made() -> None:
    ids = [[m.message_id for m in tell(core(), step(0, raw(0, high=math.inf))) if isinstance(m, Alert)] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


def test_every_condition_has_a_severity() -> None:
    assert set(SEVERITY) == set(get_args(Condition))


def test_a_snapshot_of_other_symbols_or_timeframes_is_refused() -> None:
    ingest = core((BTC, ETH), ("1m", "5m"))
    run(ingest, 0, 3)
    with pytest.raises(ValueError, match="change of symbols"):
        core((ETH, BTC), ("1m", "5m")).restore(ingest.snapshot())
    with pytest.raises(ValueError, match="change of timeframes"):
        core((BTC, ETH), ("1m", "15m")).restore(ingest.snapshot())


def history(timeframe: Timeframe, *candles: RawCandle, partition: int = 0) -> FeedHistory:
    return FeedHistory(partition=partition, timeframe=timeframe, candles=candles)


def test_a_history_becomes_warm_up_bundles_in_order_of_time() -> None:
    """DATA-1: REST warms every timeframe up; what it brings is marked, and nobody decides on it."""
    hour = 60
    given = (raw(-hour), raw(-2 * hour), raw(-hour, ETH))
    older, newer = bundles(tell(core(), history("1h", *given)))
    assert (older.close_time, newer.close_time) == (MONDAY - hour * MINUTE, MONDAY)
    assert older.missing == (ETH,)
    assert newer.missing == ()
    assert {candle.state for candle in (*older.candles, *newer.candles)} == {"backfilled"}
    assert older.warmup
    assert newer.warmup
    assert newer.timeframe == "1h"


def test_a_history_tells_nothing_of_closes_that_were_published() -> None:
    """DATA-3: what was published is not published again, whoever repeats it."""
    ingest = core()
    run(ingest, 0, 61)
    assert tell(ingest, history("1h", raw(0), raw(-60))) == []


def test_a_history_goes_through_the_gate() -> None:
    """DATA-3: nonsense among old candles is refused, counted and told like nonsense among new ones."""
    ingest = core((BTC,))
    messages = tell(ingest, history("1h", raw(-120, low=-1.0), raw(-90), raw(-60), raw(-60, "DOGEUSDT")))
    assert [bundle.close_time for bundle in bundles(messages)] == [MONDAY]
    assert ingest.counts["not_positive"] == 1
    assert ingest.counts["off_minute"] == 1
    assert alerts(messages) == ["candle_refused:BTCUSDT"]


def test_steps_after_a_history_are_no_warm_up() -> None:
    """DATA-2: the aggregation begins with the first step; a history does not fill what is forming."""
    ingest = core((BTC,), ("1m", "5m"))
    tell(ingest, history("5m", raw(-5)))
    out = bundles([message for minute in range(5) for message in tell(ingest, step(minute, raw(minute)))])
    assert [(bundle.timeframe, bundle.warmup) for bundle in out] == [("1m", False)] * 5 + [("5m", False)]
    assert out[-1].missing == ()
