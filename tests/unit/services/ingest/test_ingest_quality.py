"""The quality gate: what is refused, and what is disputed."""

from __future__ import annotations

import math
from typing import get_args

import msgspec
import pytest

from services.ingest.quality import PRICE_LIMIT, VOLUME_LIMIT, RefusalReason, judge, number_fault, time_fault
from services.ingest.saved import Trust
from shared.domain.candles import Candle, RawCandle
from shared.domain.timeframes import MINUTE

T = 1_736_121_600_000
GOOD = RawCandle(symbol="BTCUSDT", open_time=T, open=100.0, high=110.0, low=90.0, close=105.0, volume=3.0)

NUMBERS = [
    ({}, None),
    ({"volume": 0.0}, None),
    ({"open": 100.0, "high": 100.0, "low": 100.0, "close": 100.0, "volume": 0.0}, None),
    ({"open": math.nan}, "not_finite"),
    ({"high": math.inf}, "not_finite"),
    ({"low": -math.inf}, "not_finite"),
    ({"close": math.nan}, "not_finite"),
    ({"volume": math.nan}, "not_finite"),
    ({"volume": math.inf}, "not_finite"),
    ({"low": 0.0}, "not_positive"),
    ({"open": -1.0}, "not_positive"),
    ({"low": -5.0, "close": -5.0}, "not_positive"),
    ({"volume": -0.001}, "negative_volume"),
    ({"high": PRICE_LIMIT}, "out_of_range"),
    ({"volume": VOLUME_LIMIT}, "out_of_range"),
    ({"high": 80.0}, "inverted"),
    ({"open": 111.0}, "inverted"),
    ({"open": 89.0}, "inverted"),
    ({"close": 111.0}, "inverted"),
    ({"close": 89.0}, "inverted"),
]
TIMES = [
    (T, None),
    (T + 1, "off_minute"),
    (T - 30_000, "off_minute"),
    (T - MINUTE, "duplicate"),
    (T - 100 * MINUTE, "duplicate"),
    (T + MINUTE, "wrong_minute"),
]


def changed(**fields: float) -> RawCandle:
    return msgspec.structs.replace(GOOD, **fields)


@pytest.mark.parametrize(("fields", "reason"), NUMBERS)
def test_a_candle_whose_numbers_cannot_be_is_refused_with_the_reason(fields: dict[str, float], reason: str | None) -> None:
    """DATA-3."""
    assert number_fault(changed(**fields)) == reason


@pytest.mark.parametrize(("open_time", "reason"), TIMES)
def test_only_the_minute_that_closes_now_is_taken(open_time: int, reason: str | None) -> None:
    """DATA-3."""
    assert time_fault(changed(open_time=open_time), T + MINUTE, T - MINUTE) == reason


def test_every_reason_of_the_closed_vocabulary_has_a_specimen() -> None:
    seen = {reason for _, reason in (*NUMBERS, *TIMES)} - {None}
    assert seen | {"unknown_symbol"} == set(get_args(RefusalReason))  # unknown_symbol: test_ingest_core


def test_the_bounds_are_those_of_the_message_types() -> None:
    """What the gate lets through must be decodable by the next service."""
    largest = {"open": 1.0, "high": math.nextafter(PRICE_LIMIT, 0), "low": 1.0, "close": 1.0}
    fields = {"symbol": "BTCUSDT", "timeframe": "1m", "open_time": T, **largest, "volume": math.nextafter(VOLUME_LIMIT, 0)}
    assert number_fault(changed(**largest)) is None
    msgspec.convert(fields, Candle)
    for field, limit in (("high", PRICE_LIMIT), ("volume", VOLUME_LIMIT)):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**fields, field: limit}, Candle)


def verdicts(closes: list[float], trust: Trust | None = None, repricing: int = 3) -> list[str]:
    trust = trust or Trust()
    return [
        judge(changed(open=close, high=close, low=close, close=close), trust, max_move=0.5, repricing_minutes=repricing)
        for close in closes
    ]


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([100, 149.9], ["closed", "closed"]),
        ([100, 150], ["closed", "disputed"]),
        ([100, 50.1], ["closed", "closed"]),
        ([100, 50], ["closed", "disputed"]),
        # A bad tick: the return to the old level is no second move.
        ([100, 200, 100], ["closed", "disputed", "closed"]),
        # A real re-pricing: three that agree, then trust.
        ([100, 200, 210, 205, 206], ["closed", "disputed", "disputed", "disputed", "closed"]),
        # Disputed candles that do not agree with each other never become the reference.
        ([100, 200, 900, 200, 900, 200], ["closed", *["disputed"] * 5]),
        # After the re-pricing the old level is the implausible one.
        ([100, 200, 200, 200, 100], ["closed", "disputed", "disputed", "disputed", "disputed"]),
    ],
)
def test_a_move_of_half_the_price_is_disputed(closes: list[float], expected: list[str]) -> None:
    """DATA-3."""
    assert verdicts(closes) == expected


@pytest.mark.parametrize("wick", [{"high": 150.0}, {"low": 50.0}])
def test_a_wick_of_half_the_price_is_disputed_though_the_close_is_plausible(wick: dict[str, float]) -> None:
    """DATA-3: a move in one candle, whether or not it lasted."""
    trust = Trust(reference=100.0)
    assert judge(changed(**wick), trust, 0.5, 3) == "disputed"
    assert trust.reference == 100.0
    assert judge(GOOD, trust, 0.5, 3) == "closed"


def test_a_backfilled_candle_says_so_unless_it_is_disputed() -> None:
    trust = Trust(reference=100.0)
    assert judge(msgspec.structs.replace(GOOD, backfilled=True), trust, 0.5, 3) == "backfilled"
    assert judge(msgspec.structs.replace(GOOD, backfilled=True, high=1_000.0), trust, 0.5, 3) == "disputed"


@pytest.mark.parametrize(("share", "state"), [(1.5, "disputed"), (0.5, "disputed"), (1.499, "closed"), (0.501, "closed")])
def test_a_move_of_exactly_half_the_price_is_disputed_at_every_price(share: float, state: str) -> None:
    """DATA-3: whatever float64 makes of the difference; a little less is plausible."""
    for number in range(1, 400):
        price, moved = number / 100, round(number / 100 * share, 5)
        fields = dict.fromkeys(("open", "high", "low", "close"), price)
        fields["high" if share > 1.0 else "low"] = moved
        assert judge(changed(**fields), Trust(reference=price), 0.5, 3) == state, price
