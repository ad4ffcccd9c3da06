"""Optimal trade entry as a table: a leg up with the trend, its 70.5 % retracement, and what each missing piece does.

The 15m leg went from 98 to 102 and broke structure at 101; 1h and 15m trend up. 70.5 % back is 99.18: the limit rests
there, in the order block 98.75-99.25, the stop 0.2 % under 98 at 97.804, risk 1.376. The leg's end is 2.05 risks
away.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from services.signals.strategies.ote import STRATEGY, OteSettings
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.timeframes import DURATION, MINUTE
from tests.support.signals.ict_stages import OTE as STAGE
from tests.support.signals.stage import ago

AT = STAGE.at


def test_a_leg_with_the_trend_is_bought_at_its_optimal_entry() -> None:
    """SIG-3, SIG-7, ICT-10: a limit for four hours at 70.5 %; the leg's end is the target."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert signal.side == "BUY"
    assert isinstance(signal.entry, LimitEntry)
    assert signal.entry.price == pytest.approx(99.18)
    assert signal.entry.rests_until == AT + 16 * DURATION["15m"]
    assert signal.entry.void_at == signal.exits[0].price
    assert signal.stop == pytest.approx(98.0 * 0.998)
    assert [each.price for each in signal.exits] == [pytest.approx(102.0)]
    assert (signal.break_even_after, signal.valid_until, signal.score) == (0, AT + MINUTE, 5.0)
    assert signal.rests_on == ("dealing_range", "ote", "bos", "order_block")
    for words in ("1h trend up", "70.5% back of the leg from 98 to 102", "order block in it"):
        assert words in signal.why


def test_with_a_farther_target_half_is_taken_off_at_the_end_of_the_leg() -> None:
    signal = STAGE.ask(STRATEGY, reward_risk=3.0)
    assert isinstance(signal, Signal)
    assert [(each.price, each.share) for each in signal.exits] == [(pytest.approx(102.0), 0.5), (pytest.approx(103.5), 0.5)]
    assert signal.break_even_after == 1


def test_the_mirrored_leg_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry.price) == ("SELL", pytest.approx(100.82))
    assert signal.stop == pytest.approx(102.0 * 1.002)
    assert [each.price for each in signal.exits] == [pytest.approx(98.0)]


OTHER_LEG = {"direction": "bearish"}
REFUSED = {
    "no bias": (STAGE.trend("1h", "none"), ("no_bias",)),
    "the bias is against the leg": (STAGE.trend("1h", "down"), ("against_structure", "no_shift", "no_overlap")),
    "no dealing range": (STAGE.drop("dealing_range"), ("no_dealing_range",)),
    "the entry zone has failed": (STAGE.drop("ote"), ("no_dealing_range",)),
    "the leg goes against the trend": (STAGE.change("dealing_range", **OTHER_LEG), ("against_structure",)),
    "the 15m trend is down": (STAGE.trend("15m", "down"), ("against_structure",)),
    "structure did not break": (STAGE.drop("bos"), ("no_shift",)),
    "an older leg broke structure": (
        STAGE.change("bos", confirmed_at=ago(AT, "15m", 16), changed_at=AT),
        ("no_shift",),
    ),
    "nothing lies in the entry zone": (STAGE.drop("order_block", "fvg"), ("no_overlap",)),
    "what lies there is of the other direction": (
        STAGE.drop("fvg").change("order_block", direction="bearish"),
        ("no_overlap",),
    ),
    "price is at the entry": (STAGE.candle("15m", 101.75, 102.0, 99.0, 99.125), ("entry_passed",)),
    "this leg was traded": (replace(STAGE, used=("dealing_range",)), ("zone_used",)),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


def test_a_gap_serves_where_no_block_lies_and_neither_is_asked_for_when_switched_off() -> None:
    with_gap, bare = (
        STAGE.drop("order_block").ask(STRATEGY),
        STAGE.drop("order_block", "fvg").ask(STRATEGY, needs_zone=False),
    )
    assert isinstance(with_gap, Signal)
    assert with_gap.rests_on[-1] == "fvg"
    assert isinstance(bare, Signal)
    assert bare.rests_on == ("dealing_range", "ote", "bos")


def test_bounds_of_the_stop_are_settings() -> None:
    assert STAGE.ask(STRATEGY, max_stop_distance=0.013) == ("stop_too_far",)
    assert STAGE.ask(STRATEGY, min_stop_distance=0.014) == ("stop_too_near",)


def test_settings_that_name_no_entry_are_refused() -> None:
    for wrong in ({"depth": 0.5}, {"bias_timeframe": "5m"}):
        with pytest.raises(ValidationError):
            OteSettings(**wrong)


@pytest.mark.parametrize(("void_at", "rung"), [("first_target", 0), ("last_target", -1), ("never", None)])
def test_price_voids_the_limit_order_where_the_setting_says(void_at, rung) -> None:
    """SIG-3, SIG-7: the move went without the trade."""
    signal = STAGE.ask(STRATEGY, void_at=void_at)
    assert isinstance(signal, Signal)
    assert isinstance(signal.entry, LimitEntry)
    assert signal.entry.void_at == (None if rung is None else signal.exits[rung].price)
