"""Order flow of coarser candles: sums and means of their minutes, and nothing where a minute does not tell (DATA-2)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.aggregator import Aggregator
from services.ingest.saved import AggregationState
from shared.domain.candles import Candle
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import MINUTE, Timeframe

T = 1_736_121_600_000
FRAMES: tuple[Timeframe, ...] = ("1m", "5m", "15m", "1h")
CENTS = st.integers(0, 10_000).map(lambda cents: cents / 100)


@st.composite
def minutes(draw: st.DrawFn) -> list[Candle | None]:
    """An hour of minutes, some of them missing, with whatever of the order flow is known."""
    found: list[Candle | None] = []
    for number in range(60):
        if draw(st.integers(0, 9)) == 0:
            found.append(None)
            continue
        volume = draw(CENTS)
        flow = draw(
            st.none()
            | st.builds(
                CandleFlow,
                taker_bought=st.none() | st.integers(0, 100).map(lambda part, most=volume: min(most, part / 100)),
                trades=st.none() | st.integers(0, 100),
                spread=st.none() | st.floats(0.0, 0.01),
                imbalance=st.none() | st.floats(-1.0, 1.0),
            )
        )
        funding = draw(st.none() | st.just(SettledFunding(rate=0.0001, time=T - MINUTE)))
        found.append(
            Candle(
                symbol="BTCUSDT", timeframe="1m", open_time=T + number * MINUTE, open=1.0, high=1.0, low=1.0, close=1.0,
                volume=volume, flow=flow, funding=funding,
            )
        )  # fmt: skip
    return found


def folded(candles: list[Candle | None], *, restarts: bool) -> dict[Timeframe, list[Candle]]:
    aggregator, found = Aggregator(("BTCUSDT",), FRAMES), {frame: [] for frame in FRAMES}
    aggregator.begin(T)
    for number, candle in enumerate(candles):
        if restarts:
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(aggregator.state), type=AggregationState)
            aggregator = Aggregator(("BTCUSDT",), FRAMES)
            aggregator.state = state
        if candle is not None:
            aggregator.add(0, candle)
        for closed in aggregator.close(T + (number + 1) * MINUTE):
            found[closed.timeframe] += closed.candles
    return found


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


@given(candles=minutes())
def test_a_coarser_candle_tells_the_flow_of_its_minutes(candles: list[Candle | None]) -> None:
    """ICT-14: exact sums, means over the minutes that were measured, and the funding of the newest minute."""
    found = folded(candles, restarts=False)
    for frame, length in (("5m", 5), ("15m", 15), ("1h", 60)):
        for candle in found[frame]:  # type: ignore[index]  # a timeframe
            place = (candle.open_time - T) // MINUTE
            parts = [each for each in candles[place : place + length] if each is not None]
            flows = [each.flow or CandleFlow() for each in parts]
            told = candle.flow or CandleFlow()
            bought = [each.taker_bought for each in flows]
            known = [each for each in bought if each is not None]
            assert told.taker_bought == (float(sum(map(Decimal, map(repr, known)))) if len(known) == len(bought) else None)
            trades = [each.trades for each in flows if each.trades is not None]
            assert told.trades == (sum(trades) if len(trades) == len(parts) else None)
            for name in ("spread", "imbalance"):
                expected = mean([value for each in flows if (value := getattr(each, name)) is not None])
                value = getattr(told, name)
                assert (value is None) == (expected is None)
                assert expected is None or abs(value - expected) < 1e-12
            assert candle.funding == parts[-1].funding


@given(candles=minutes())
def test_a_restart_at_any_minute_changes_no_byte(candles: list[Candle | None]) -> None:
    """Invariant 3."""
    assert msgspec.msgpack.encode(folded(candles, restarts=True)) == msgspec.msgpack.encode(folded(candles, restarts=False))


def test_a_state_of_before_is_read_and_tells_no_flow_of_its_minutes() -> None:
    """An update in the middle of a candle: a sum of some minutes would pass for one of all."""
    candle = Candle(
        symbol="BTCUSDT", timeframe="1m", open_time=T, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0,
        flow=CandleFlow(taker_bought=1.0),
    )  # fmt: skip
    aggregator = Aggregator(("BTCUSDT",), FRAMES)
    aggregator.begin(T)
    aggregator.add(0, candle)
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(aggregator.state))
    for row in old["coarser"]:
        for forming in row["forming"]:
            for name in ("flow", "funding"):
                if forming is not None:
                    del forming[name]
    aggregator.state = msgspec.convert(old, AggregationState)
    for number in range(1, 5):
        aggregator.add(0, msgspec.structs.replace(candle, open_time=T + number * MINUTE))
    (closed,) = aggregator.close(T + 5 * MINUTE)
    assert closed.candles[0].flow is None
