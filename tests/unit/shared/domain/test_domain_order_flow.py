"""Order flow and funding of a candle: absent they cost nothing, out of bounds they are refused, and no rate is early."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.codec import decode, encode
from shared.bus.port import InvalidMessage
from shared.domain.candles import Candle, CandleBundle, RawCandle
from shared.domain.order_flow import LONGEST_FUNDING_MINUTES, CandleFlow, SettledFunding, known_at, traded_flow
from shared.domain.settled_rates import SettledRates
from shared.domain.timeframes import MINUTE

T = 1_736_121_600_000  # 2025-01-06T00:00Z
HOUR = 60 * MINUTE
PRICES = {"symbol": "BTCUSDT", "open_time": T, "open": 100.0, "high": 110.0, "low": 90.0, "close": 105.0, "volume": 3.0}
WHOLE = CandleFlow(taker_bought=2.0, trades=7, spread=0.0001, imbalance=-0.25)


def body(**changes: Any) -> bytes:
    candle = PRICES | {"timeframe": "1m"} | changes
    return msgspec.msgpack.encode({"partition": 0, "timeframe": "1m", "close_time": T + MINUTE, "candles": [candle]})


def test_flow_that_is_not_known_costs_no_byte() -> None:
    """DATA-5, ICT-14: candles of generated and of old recorded markets are as long as before."""
    for bare in (Candle(timeframe="1m", **PRICES), RawCandle(**PRICES)):  # type: ignore[arg-type]  # a table row
        text = msgspec.json.encode(bare)
        assert b"flow" not in text
        assert b"funding" not in text
        assert b"null" not in text
    assert msgspec.json.encode(CandleFlow(taker_bought=1.0)) == b'{"taker_bought":1.0}'


def test_flow_and_funding_survive_the_wire() -> None:
    candle = Candle(timeframe="1m", flow=WHOLE, funding=SettledFunding(rate=-0.0001, time=T), **PRICES)  # type: ignore[arg-type]  # a table row
    bundle = CandleBundle(partition=0, timeframe="1m", close_time=T + MINUTE, candles=(candle,))
    assert decode("candle_bundle", CandleBundle.VERSION, encode(bundle)) == bundle


@pytest.mark.parametrize(
    "wrong",
    [
        {"flow": {"taker_bought": 3.1}},
        {"flow": {"taker_bought": -0.1}},
        {"flow": {"taker_bought": math.nan}},
        {"flow": {"trades": -1}},
        {"flow": {"spread": -0.1}},
        {"flow": {"spread": 1.0}},
        {"flow": {"spread": math.inf}},
        {"flow": {"imbalance": 1.1}},
        {"flow": {"imbalance": math.nan}},
        {"funding": {"rate": 1.0, "time": T}},
        {"funding": {"rate": math.nan, "time": T}},
        {"funding": {"rate": 0.0001, "time": T + MINUTE}},
    ],
)
def test_flow_that_cannot_be_is_refused_at_the_border(wrong: dict[str, Any]) -> None:
    """ICT-14: more bought than traded, a rate of a settlement to come."""
    decode("candle_bundle", CandleBundle.VERSION, body())
    with pytest.raises(InvalidMessage):
        decode("candle_bundle", CandleBundle.VERSION, body(**wrong))


@pytest.mark.parametrize("bought", [-1.0, 3.1, math.nan])
def test_a_source_that_tells_nonsense_tells_nothing(bought: float) -> None:
    assert traded_flow(3.0, bought, 1) is None
    assert traded_flow(3.0, 3.0, -1) == CandleFlow(taker_bought=3.0)


@pytest.mark.parametrize(
    ("close_time", "known"),
    [
        (T, False),  # the very instant: nobody has heard of it
        (T + MINUTE, True),
        (T + 8 * HOUR, True),
        (T + 8 * HOUR + MINUTE, False),  # the next one was due
        (T - MINUTE, False),
    ],
)
def test_a_settlement_is_known_from_the_close_after_its_minute_on(close_time: int, known: bool) -> None:
    """RISK-6: one rule for live, paper and replay."""
    assert known_at(close_time, 0.0001, T + 3) == (SettledFunding(rate=0.0001, time=T) if known else None)


@given(
    hours=st.lists(st.integers(0, 200), unique=True, max_size=40),
    late=st.integers(0, 999),
    close=st.integers(0, 210 * 60),
    most=st.integers(1, 50),
)
def test_the_rate_known_is_the_last_one_before_the_close_and_never_a_later_one(
    hours: list[int], late: int, close: int, most: int
) -> None:
    """BT-1: whatever order the settlements are learned in; forgotten ones are not taken for others."""
    rates = SettledRates(most)
    for hour in hours:
        rates.settle(T + hour * HOUR + late, hour / 1e6)
    kept = sorted(hours)[-most:]
    at = T + close * MINUTE
    before = [hour for hour in sorted(hours) if T + hour * HOUR < at]
    found = rates.known(at)
    recent = before and at - (T + before[-1] * HOUR) <= LONGEST_FUNDING_MINUTES * MINUTE
    if recent and before[-1] in kept and len(hours) <= most:
        assert found == SettledFunding(rate=before[-1] / 1e6, time=T + before[-1] * HOUR)
    if found is not None:
        assert found.time < at
        assert found.time == T + before[-1] * HOUR


def test_no_rate_is_told_while_the_newest_is_awaited() -> None:
    """Never guess: the rate before it is not the last one any more."""
    rates = SettledRates()
    rates.settle(T, 0.0001)
    rates.wait_for(T + 4 * HOUR)
    assert rates.known(T + 4 * HOUR) == SettledFunding(rate=0.0001, time=T)
    assert rates.known(T + 4 * HOUR + MINUTE) is None
    rates.settle(T + 4 * HOUR + 7, 0.0002)
    assert rates.known(T + 4 * HOUR + MINUTE) == SettledFunding(rate=0.0002, time=T + 4 * HOUR)
    rates.wait_for(T + 4 * HOUR)  # it is known already
    assert rates.known(T + 4 * HOUR + MINUTE) is not None
    rates.wait_for(T + 5 * HOUR)
    rates.give_up()  # the exchange has none there
    assert rates.known(T + 5 * HOUR + MINUTE) == SettledFunding(rate=0.0002, time=T + 4 * HOUR)
