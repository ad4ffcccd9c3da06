"""Properties of ingest's core, and broken aggregators that these properties must catch."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import services.ingest.aggregator as aggregator_module
from services.ingest.core import IngestCore
from services.ingest.files.inspection import number_faults
from services.ingest.quality import number_fault
from services.ingest.settings import IngestSettings
from shared.bus.codec import decode, encode
from shared.domain.candles import Candle, CandleBundle, FeedStep, RawCandle
from shared.domain.message import Message
from shared.domain.timeframes import DURATION, MINUTE, TIMEFRAMES, Timeframe, closing_at, is_boundary
from tests.support.runtime.telling import tell

MONDAY = 1_736_121_600_000  # 2025-01-06T00:00Z
WEEK = 7 * 1_440
SYMBOLS = ("BTCUSDT", "ETHUSDT")
COARSE: tuple[Timeframe, ...] = ("4h", "1d", "1w")

amounts = st.integers(1, 10**9).map(lambda units: units / 1_000)


@st.composite
def raws(draw: st.DrawFn, symbol: str, open_time: int) -> RawCandle:
    prices = sorted(draw(st.lists(st.integers(900, 1_100), min_size=4, max_size=4)))
    inner = draw(st.permutations(prices[1:3]))
    return RawCandle(
        symbol=symbol,
        open_time=open_time,
        open=inner[0] / 10,
        high=prices[3] / 10,
        low=prices[0] / 10,
        close=inner[1] / 10,
        volume=draw(amounts),
        backfilled=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def feeds(draw: st.DrawFn) -> list[FeedStep]:
    """A few dozen steps around a boundary of every timeframe, with holes, strange prices and missing symbols."""
    minute = draw(st.integers(-90, 10))
    steps = []
    for _ in range(draw(st.integers(1, 25))):
        minute += draw(st.sampled_from([1, 1, 1, 1, 1, 1, 2, 7, 45]))
        at = MONDAY + WEEK * MINUTE + minute * MINUTE
        candles: list[RawCandle] = []
        for symbol in SYMBOLS:
            kind = draw(st.sampled_from(["good"] * 8 + ["none", "nan", "spike", "twice", "old"]))
            candle = draw(raws(symbol, at - MINUTE))
            if kind == "nan":
                candle = RawCandle(
                    symbol=symbol, open_time=at - MINUTE, open=1.0, high=1.0, low=float("nan"), close=1.0, volume=1.0
                )
            elif kind == "spike":
                candle = RawCandle(
                    symbol=symbol, open_time=at - MINUTE, open=100.0, high=900.0, low=100.0, close=900.0, volume=1.0
                )
            elif kind == "old":
                candles.append(draw(raws(symbol, at - 3 * MINUTE)))
            elif kind == "twice":
                candles.append(draw(raws(symbol, at - MINUTE)))
            if kind != "none":
                candles.append(candle)
        steps.append(FeedStep(partition=0, close_time=at, candles=tuple(candles)))
    return steps


def fresh(timeframes: tuple[Timeframe, ...] = TIMEFRAMES) -> IngestCore:
    return IngestCore(0, SYMBOLS, timeframes, IngestSettings(max_gap_minutes=40, repricing_minutes=2))


def out_of(core: IngestCore, steps: list[FeedStep]) -> list[Message]:
    return [message for step in steps for message in tell(core, step)]


@given(feeds(), st.data())
def test_a_core_restored_anywhere_cannot_be_told_from_the_original(steps: list[FeedStep], data: st.DataObject) -> None:
    """Invariant 3."""
    cut = data.draw(st.integers(0, len(steps)))
    whole = fresh()
    first = out_of(whole, steps[:cut])
    saved = whole.snapshot()
    restored = fresh()
    restored.restore(saved)
    assert restored.snapshot() == saved
    assert out_of(restored, steps[cut:]) == out_of(whole, steps[cut:])
    assert restored.snapshot() == whole.snapshot()
    assert first + out_of(restored, []) == out_of(fresh(), steps[:cut])


@given(feeds(), st.data())
def test_steps_that_come_again_change_nothing(steps: list[FeedStep], data: st.DataObject) -> None:
    """Invariant 3, DATA-3."""
    again: list[FeedStep] = []
    for place, step in enumerate(steps):
        again.append(step)
        again.extend(steps[index] for index in data.draw(st.lists(st.integers(0, place), max_size=2)))
    once, twice = fresh(), fresh()
    assert out_of(once, steps) == out_of(twice, again)
    assert once.snapshot() == twice.snapshot()


@given(feeds())
def test_every_minute_and_every_boundary_leaves_exactly_one_bundle_of_each_timeframe(steps: list[FeedStep]) -> None:
    """Architecture, sentence 3: also when nothing came. After a jump beyond the bound a new count begins."""
    told = Counter(
        (bundle.timeframe, bundle.close_time) for bundle in out_of(fresh(), steps) if isinstance(bundle, CandleBundle)
    )
    due: Counter[tuple[Timeframe, int]] = Counter()
    last = steps[0].close_time - MINUTE
    for step in steps:
        begin = last + MINUTE if step.close_time - last <= 41 * MINUTE else step.close_time
        for at in range(begin, step.close_time + MINUTE, MINUTE):
            due.update((timeframe, at) for timeframe in closing_at(at))
        last = step.close_time
    assert told == due


@given(feeds())
def test_published_bundles_are_ordered_complete_and_decodable(steps: list[FeedStep]) -> None:
    """Every bundle names each symbol once, as a candle or as missing; times go forward; the codec accepts it."""
    last = (0, -1)
    for message in out_of(fresh(), steps):
        assert decode(message.TYPE, message.VERSION, encode(message)) == message
        if isinstance(message, CandleBundle):
            named = [candle.symbol for candle in message.candles] + list(message.missing)
            assert sorted(named) == sorted(SYMBOLS)
            assert all(candle.close_time == message.close_time for candle in message.candles)
            now = (message.close_time, TIMEFRAMES.index(message.timeframe))
            assert now > last
            last = now


@given(feeds())
def test_which_timeframes_are_configured_does_not_change_any_of_them(steps: list[FeedStep]) -> None:
    """DATA-2: 1h from 1m is 1h from 15m."""
    whole = [m for m in out_of(fresh(), steps) if isinstance(m, CandleBundle)]
    for chosen in (("1m", "1h"), ("4h",), ("5m", "1d", "1w"), ("15m", "30m")):
        part = out_of(fresh(chosen), steps)
        assert [m for m in part if isinstance(m, CandleBundle)] == [m for m in whole if m.timeframe in chosen]


numbers = st.one_of(
    st.sampled_from([0.0, -0.0, -1.0, float("nan"), float("inf"), float("-inf"), 1e12, 9e11, 1e18, 5e17]),
    st.integers(1, 20).map(float),
)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers, numbers), min_size=1, max_size=40))
def test_files_are_examined_by_the_gates_own_rule(rows: list[tuple[float, float, float, float, float]]) -> None:
    """DATA-3: what an examined file holds is never refused later for its numbers, and the reasons agree."""
    expected = [
        number_fault(RawCandle(symbol="BTCUSDT", open_time=0, open=o, high=h, low=low, close=c, volume=v))
        for o, h, low, c, v in rows
    ]
    chunk = (np.zeros(len(rows), dtype=np.int64), *np.array(rows, dtype=np.float64).T)
    found: list[str | None] = [None] * len(rows)
    for reason, failing in number_faults(chunk):
        for row in np.flatnonzero(failing):
            assert found[row] is None
            found[row] = reason
    assert found == expected


def directly(raw_candles: list[RawCandle], timeframe: Timeframe, started: int) -> list[Candle]:
    """The whole candles of one timeframe, computed without any state: group by boundary, take extremes and decimal sums."""
    groups: dict[int, list[RawCandle]] = {}
    anchor = MONDAY if timeframe == "1w" else 0
    for candle in raw_candles:
        opened = candle.open_time - (candle.open_time - anchor) % DURATION[timeframe]
        groups.setdefault(opened, []).append(candle)
    return [
        Candle(
            symbol=group[0].symbol,
            timeframe=timeframe,
            open_time=opened,
            open=group[0].open,
            high=max(candle.high for candle in group),
            low=min(candle.low for candle in group),
            close=group[-1].close,
            volume=float(sum((Decimal(repr(candle.volume)) for candle in group), Decimal(0))),
        )
        for opened, group in groups.items()
        if opened >= started and len(group) * MINUTE == DURATION[timeframe]
    ]


def aggregation_holds(first: int, minutes: int, seed: int, timeframes: tuple[Timeframe, ...]) -> None:
    """The property: aggregated candles equal those computed directly."""
    rng = np.random.Generator(np.random.PCG64(seed))
    closes = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.001, minutes))), 2).tolist()
    volumes = np.round(rng.exponential(5, minutes), 3).tolist()
    start = MONDAY + first * MINUTE
    raw_candles = [
        RawCandle(
            symbol="BTCUSDT",
            open_time=start + minute * MINUTE,
            open=close,
            high=close + 0.5,
            low=close - 0.25,
            close=close + 0.1,
            volume=volume,
        )
        for minute, (close, volume) in enumerate(zip(closes, volumes, strict=True))
    ]
    core = IngestCore(0, ("BTCUSDT",), timeframes, IngestSettings())
    made: dict[Timeframe, list[Candle]] = {timeframe: [] for timeframe in timeframes}
    for raw in raw_candles:
        for message in tell(core, FeedStep(partition=0, close_time=raw.open_time + MINUTE, candles=(raw,))):
            assert isinstance(message, CandleBundle)
            made[message.timeframe] += message.candles
    for timeframe in timeframes:
        assert made[timeframe] == directly(raw_candles, timeframe, start), timeframe


@settings(deadline=None, max_examples=30)
@given(st.integers(-300, 300), st.integers(1, 900), st.integers(0, 2**32))
def test_aggregated_candles_equal_those_computed_directly(first: int, minutes: int, seed: int) -> None:
    """DATA-2, for any start and length."""
    aggregation_holds(first, minutes, seed, TIMEFRAMES)


def test_two_weeks_of_aggregated_candles_equal_those_computed_directly() -> None:
    """DATA-2: days and weeks, over two Mondays."""
    aggregation_holds(-1_500, 2 * WEEK + 1_600, 1, COARSE)


@pytest.mark.parametrize(
    "boundary",
    [
        lambda at, timeframe: is_boundary(at + 1_440 * MINUTE if timeframe == "1w" else at, timeframe),
        lambda at, timeframe: is_boundary(at + MINUTE, timeframe),
        lambda at, timeframe: is_boundary(at - MINUTE, timeframe),
        lambda at, timeframe: is_boundary(at + 8 * 60 * MINUTE, timeframe),
    ],
    ids=["weeks from Sunday", "closes a minute early", "closes a minute late", "days of another time zone"],
)
def test_an_aggregator_with_wrong_boundaries_is_caught(boundary: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Specimens: the property above is able to fail."""
    monkeypatch.setattr(aggregator_module, "is_boundary", boundary)
    with pytest.raises(AssertionError):
        aggregation_holds(-1_500, 2 * WEEK + 1_600, 1, COARSE)


def test_an_aggregator_that_adds_floats_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Specimen: the volumes' last digits are looked at."""

    class FloatingContext:
        def __init__(self, prec: int) -> None:
            self.prec = prec

        def add(self, left: Decimal, right: Decimal) -> Decimal:
            return Decimal(float(left) + float(right))

    monkeypatch.setattr(aggregator_module, "Context", FloatingContext)
    with pytest.raises(AssertionError):
        aggregation_holds(0, 1_440, 1, ("1h",))
