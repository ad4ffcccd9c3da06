"""Silver Bullet as a table: a gap made in the hour after a sweep, what it becomes, and what each missing piece does.

Lows at 99.5 were swept to 99.25 just before the hour of 10:00 New York. At 10:20 the gap 99.875-100.125 is confirmed:
the limit rests at 100, the stop 0.2 % under 99.25 at 99.0515, risk 0.9485; equal highs at 101.25, the day's high at
102.25.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.signals.strategies.silver_bullet import STRATEGY
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import SILVER_BULLET as STAGE
from tests.support.signals.stage import ago, fact

AT = STAGE.at
HOUR = AT - 20 * MINUTE


def test_the_gap_of_the_hour_is_bought_at_its_middle_until_the_hour_ends() -> None:
    """SIG-3, SIG-7, ICT-11: cancelled at the end of the hour, closed three hours after it."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("BUY", LimitEntry(price=100.0, rests_until=HOUR + 60 * MINUTE, void_at=101.25))
    assert signal.stop == pytest.approx(99.25 * 0.998)
    assert [(each.price, each.share) for each in signal.exits] == [(101.25, 0.5), (102.25, 0.5)]
    assert (signal.break_even_after, signal.score) == (1, 4.5)
    assert (signal.valid_until, signal.close_by) == (AT + 60_000, HOUR + 240 * MINUTE)
    assert signal.rests_on == ("silver_bullet", "sweep", "fvg")
    for words in ("silver_bullet_am", "sweep to 99.25", "gap 99.875-100.125", "rests at 100 until", "liquidity at 102.25"):
        assert words in signal.why


def test_the_mirrored_gap_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", LimitEntry(price=100.0, rests_until=HOUR + 60 * MINUTE, void_at=98.75))
    assert signal.stop == pytest.approx(100.75 * 1.002)
    assert [each.price for each in signal.exits] == [98.75, 97.75]


def test_depth_and_time_are_settings() -> None:
    signal = STAGE.ask(STRATEGY, entry_depth=0.25, hold_ms=0)
    assert isinstance(signal, Signal)
    assert (signal.entry.price, signal.close_by) == (100.0625, 0)


def at(time: int) -> dict[str, int]:
    return {"formed_at": time, "confirmed_at": time, "changed_at": time}


REFUSED = {
    "not in the hour": (STAGE.drop("silver_bullet"), ("outside_window",)),
    "the hour is over": (STAGE.change("silver_bullet", **at(AT - 60 * MINUTE)), ("outside_window",)),
    "no gap": (STAGE.drop("fvg"), ("no_fvg",)),
    "the gap is a candle old": (STAGE.change("fvg", confirmed_at=AT - 5 * MINUTE), ("no_fvg",)),
    "the gap was made before the hour": (STAGE.change("fvg", formed_at=HOUR - 5 * MINUTE), ("no_fvg",)),
    "nothing was swept": (STAGE.drop("sweep"), ("no_sweep",)),
    "the other side was swept": (STAGE.change("sweep", direction="bearish"), ("no_sweep",)),
    "the sweep came with the gap": (STAGE.change("sweep", **at(AT - 5 * MINUTE)), ("no_sweep",)),
    "the sweep is too long ago": (STAGE.change("sweep", **at(HOUR - 125 * MINUTE)), ("no_sweep",)),
    "no liquidity to aim at": (STAGE.drop("equal_highs", "previous_day_high"), ("no_target",)),
    "liquidity too near": (STAGE.change("previous_day_high", top=101.5, bottom=101.5), ("no_target",)),
    "liquidity too far": (STAGE.change("previous_day_high", top=106.0, bottom=106.0), ("no_target",)),
    "price is at the entry": (STAGE.candle("5m", 100.5, 101.0, 99.75, 100.0), ("entry_passed",)),
    "this sweep was traded": (replace(STAGE, used=("sweep",)), ("zone_used",)),
    "this gap was traded": (replace(STAGE, used=("fvg",)), ("zone_used",)),
    "two things wrong": (
        replace(STAGE, used=("fvg",)).candle("5m", 100.5, 101.0, 99.75, 99.75),
        ("entry_passed", "zone_used"),
    ),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


def test_bounds_of_the_stop_are_settings() -> None:
    assert STAGE.ask(STRATEGY, max_stop_distance=0.009) == ("stop_too_far",)
    assert STAGE.ask(STRATEGY, min_stop_distance=0.0095) == ("stop_too_near",)


def test_an_older_sweep_serves_when_the_last_one_is_too_late() -> None:
    late = fact("sweep", "bullish", 99.0, 99.5, ago(AT, "5m", 1), id="late")
    signal = STAGE.plus("5m", late).ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert "sweep" in signal.rests_on


@pytest.mark.parametrize(("void_at", "rung"), [("first_target", 0), ("last_target", -1), ("never", None)])
def test_price_voids_the_limit_order_where_the_setting_says(void_at, rung) -> None:
    """SIG-3, SIG-7: the move went without the trade."""
    signal = STAGE.ask(STRATEGY, void_at=void_at)
    assert isinstance(signal, Signal)
    assert isinstance(signal.entry, LimitEntry)
    assert signal.entry.void_at == (None if rung is None else signal.exits[rung].price)
