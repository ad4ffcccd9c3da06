"""Breaker retest as a table: price comes back to a failed block that works the other way; what each missing piece does.

The breaker block lies at 100.25-100.75; trend up on 15m and 1h. The candle trades down to 100.5 and closes at 101.25:
entry there, the stop 0.2 % under 100.25 at 100.0495, risk 1.2005; a pool at 102.75, the session's high at 104.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from services.signals.strategies.breaker_retest import STRATEGY, BreakerRetestSettings
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import BREAKER_RETEST as STAGE
from tests.support.signals.stage import ago, fact

AT = STAGE.at


def test_the_retest_of_a_breaker_block_is_bought() -> None:
    """SIG-3, SIG-7, ICT-4: market entry; half off at the pool that is 1.25 risks away, the rest at the session's high."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("BUY", MarketEntry(price=101.25))
    assert signal.stop == pytest.approx(100.25 * 0.998)
    assert [(each.price, each.share) for each in signal.exits] == [(102.75, 0.5), (104.0, 0.5)]
    assert (signal.break_even_after, signal.valid_until, signal.score) == (1, AT + MINUTE, 4.0)
    assert signal.rests_on == ("breaker_block",)
    for words in ("bullish breaker block 100.25-100.75", "closed at 101.25", "1h trend up"):
        assert words in signal.why


def test_the_mirrored_retest_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", MarketEntry(price=98.75))
    assert signal.stop == pytest.approx(99.75 * 1.002)
    assert [each.price for each in signal.exits] == [97.25, 96.0]


def above(kind: str, direction: str) -> object:
    return STAGE.plus("1h", fact(kind, direction, 100.5, 101.0, ago(AT, "1h", 3), id="above"))  # type: ignore[arg-type]  # a table row


REFUSED = {
    "no trend": (STAGE.trend("15m", "none"), ("against_structure",)),
    "the trend is down": (STAGE.trend("15m", "down"), ("against_structure", "no_breaker_block")),
    "the 1h trend is down": (STAGE.trend("1h", "down"), ("against_structure",)),
    "no breaker block": (STAGE.drop("breaker_block"), ("no_breaker_block",)),
    "a block too weak": (STAGE.change("breaker_block", score=0.05), ("no_breaker_block",)),
    "a block that failed": (STAGE.change("breaker_block", state="invalidated"), ("no_breaker_block",)),
    "the second retest": (STAGE.change("breaker_block", touches=2), ("no_breaker_block",)),
    "price stayed above": (STAGE.candle("15m", 101.5, 101.75, 100.875, 101.25), ("price_not_in_zone",)),
    "price closed through": (STAGE.candle("15m", 101.5, 101.75, 100.0, 100.125), ("price_not_in_zone",)),
    "the block is of this candle": (STAGE.change("breaker_block", confirmed_at=AT), ("price_not_in_zone",)),
    "a 1h block against it": (above("order_block", "bearish"), ("zone_overruled",)),
    "this block was traded": (replace(STAGE, used=("breaker_block",)), ("zone_used",)),
    "two things wrong": (replace(STAGE, used=("breaker_block",)).trend("1h", "down"), ("against_structure", "zone_used")),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


@pytest.mark.parametrize(
    "stage", [STAGE.trend("1h", "none"), above("order_block", "bullish"), above("breaker_block", "bullish")]
)
def test_a_higher_timeframe_that_says_nothing_against_it_is_enough(stage) -> None:
    assert isinstance(stage.ask(STRATEGY), Signal)


def test_the_stop_lies_beyond_the_candle_that_traded_through_and_held() -> None:
    signal = STAGE.candle("15m", 101.5, 101.75, 100.0, 101.25).ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert signal.stop == pytest.approx(100.0 * 0.998)


def test_bounds_are_settings() -> None:
    assert STAGE.ask(STRATEGY, max_stop_distance=0.0118) == ("stop_too_far",)
    assert STAGE.ask(STRATEGY, min_stop_distance=0.0119) == ("stop_too_near",)
    assert isinstance(STAGE.change("breaker_block", touches=2).ask(STRATEGY, max_retests=2), Signal)
    with pytest.raises(ValidationError, match="not longer"):
        BreakerRetestSettings(bias_timeframe="15m")
