"""Judas swing as a table: the Asian low is swept and given back in an up-trend, structure turns.

At 02:30 in New York price closed back inside the Asian range after trading at 99. At 03:30, in the London open kill
zone, the character changes at 100.25 and the candle closes at 100.5: entry there, the stop 0.2 % under 99 at 98.802,
risk 1.698. The Asian high rests at 102.5, the day's high at 104.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.signals.strategies.judas import STRATEGY
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import JUDAS as STAGE
from tests.support.signals.stage import fact

AT = STAGE.at
MIDNIGHT = AT - 210 * MINUTE


def test_a_judas_swing_below_the_asian_range_is_bought_when_structure_turns() -> None:
    """SIG-3, SIG-7, ICT-12: half off at the Asian high, the rest at the day's; all of it closed at 16:00 New York."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("BUY", MarketEntry(price=100.5))
    assert signal.stop == pytest.approx(99.0 * 0.998)
    assert [(each.price, each.share) for each in signal.exits] == [(102.5, 0.5), (104.0, 0.5)]
    assert (signal.break_even_after, signal.valid_until, signal.score) == (1, AT + MINUTE, 5.0)
    assert signal.close_by == MIDNIGHT + 16 * 60 * MINUTE
    assert signal.rests_on == ("judas_swing", "choch", "kill_zone", "session_high")
    for words in ("london_open", "4h trend up", "asian range was swept to 99", "turned at 100.25", "rests at 102.5"):
        assert words in signal.why


def test_the_mirrored_swing_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", MarketEntry(price=99.5))
    assert signal.stop == pytest.approx(101.0 * 1.002)
    assert [each.price for each in signal.exits] == [97.5, 96.0]
    assert signal.close_by == MIDNIGHT + 16 * 60 * MINUTE


def at(time: int) -> dict[str, int]:
    return {"formed_at": time, "confirmed_at": time, "changed_at": time}


BACK = fact("bos", "bearish", 100.0, 100.0, AT, id="later")
REFUSED = {
    "no bias": (STAGE.trend("4h", "none"), ("no_bias",)),
    "the bias is down": (STAGE.trend("4h", "down"), ("against_structure",)),
    "no Judas swing": (STAGE.drop("judas_swing"), ("no_judas_swing",)),
    "the Judas swing of yesterday": (STAGE.change("judas_swing", **at(MIDNIGHT - MINUTE)), ("no_judas_swing",)),
    "midnight was not seen": (STAGE.drop("key_open"), ("no_judas_swing",)),
    "midnight of the day before": (STAGE.change("key_open", **at(AT - 26 * 60 * MINUTE)), ("no_judas_swing",)),
    "outside every kill zone": (STAGE.drop("kill_zone"), ("outside_window",)),
    "a kill zone of another name": (STAGE.change("kill_zone", label="new_york_pm"), ("outside_window",)),
    "structure did not turn": (STAGE.drop("choch"), ("no_shift",)),
    "a break with the trend is no turn": (STAGE.change("choch", kind="bos"), ("no_shift",)),
    "structure turned before": (STAGE.change("judas_swing", **at(AT)), ("no_shift",)),
    "the turn is three closes old": (STAGE.change("choch", **at(AT - 15 * MINUTE)), ("no_shift",)),
    "structure broke back since": (STAGE.drop("choch").plus("5m", BACK), ("no_shift",)),
    "the Asian high was taken": (STAGE.drop("session_high"), ("no_target",)),
    "a session of another name": (STAGE.change("session_high", label="london_open"), ("no_target",)),
    "this swing was traded": (replace(STAGE, used=("judas_swing",)), ("zone_used",)),
    "nothing but the swing": (
        STAGE.drop("kill_zone", "choch", "session_high"),
        ("outside_window", "no_shift", "no_target"),
    ),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


def test_bounds_are_settings() -> None:
    assert STAGE.ask(STRATEGY, max_stop_distance=0.0168) == ("stop_too_far",)
    assert STAGE.ask(STRATEGY, min_stop_distance=0.017) == ("stop_too_near",)
    assert STAGE.ask(STRATEGY, close_after_ms=210 * MINUTE) == ("outside_window",)
    assert isinstance(STAGE.ask(STRATEGY, kill_zones=["london_open"]), Signal)
