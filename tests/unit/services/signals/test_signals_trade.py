"""The ladder of exits and the stop: what a trader would take off where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.signals.trade import RestingSettings, TradeSettings, ladder, stop_beyond, void_price, written
from shared.domain.decisions import Exit

SETTINGS = TradeSettings()
LADDERS = {
    "no liquidity: all at two risks": ((), [(104.0, 1.0)]),
    "liquidity at one and three risks": ((102.0, 106.0), [(102.0, 0.5), (106.0, 0.5)]),
    "the nearest that is far enough": ((102.0, 103.0, 104.0, 106.0), [(102.0, 0.5), (104.0, 0.5)]),
    "too near for a part": ((101.75, 106.0), [(106.0, 1.0)]),
    "too far for a target": ((112.5,), [(104.0, 1.0)]),
    "a part, then two risks": ((103.0,), [(103.0, 0.5), (104.0, 0.5)]),
    "behind the entry": ((99.0, 95.0), [(104.0, 1.0)]),
}


@pytest.mark.parametrize(("levels", "exits"), LADDERS.values(), ids=LADDERS.keys())
def test_a_part_is_taken_off_at_the_first_liquidity_and_the_rest_at_the_next(levels, exits) -> None:
    """SIG-7: entry 100, stop 98; mirrored for a sell."""
    assert [(each.price, each.share) for each in ladder("bullish", 100.0, 98.0, levels, SETTINGS)] == exits
    mirrored = ladder("bearish", 100.0, 102.0, [200.0 - level for level in levels], SETTINGS)
    assert [(200.0 - each.price, each.share) for each in mirrored] == exits


def test_liquidity_only_and_no_parts_are_choices() -> None:
    assert ladder("bullish", 100.0, 98.0, (103.0, 113.0), SETTINGS, at_liquidity_only=True) == ()
    whole = ladder("bullish", 100.0, 98.0, (103.0, 106.0), TradeSettings(partial_share=0.0))
    assert [(each.price, each.share) for each in whole] == [(106.0, 1.0)]


@given(
    risk=st.floats(0.01, 50.0),
    levels=st.lists(st.floats(1.0, 500.0), max_size=20),
    share=st.floats(0.0, 0.99),
)
def test_a_ladder_takes_off_everything_in_order_between_its_bounds(risk, levels, share) -> None:
    """SIG-7: whatever rests where."""
    settings = TradeSettings(partial_share=share, max_stop_distance=0.49)
    exits = ladder("bullish", 100.0, 100.0 - risk, levels, settings)
    prices = [each.price for each in exits]
    assert prices == sorted(set(prices))
    assert sum(each.share for each in exits) == pytest.approx(1.0)
    reached = [(price - 100.0) / risk for price in prices]
    assert reached[0] >= settings.partial_reward_risk - 1e-6
    assert settings.reward_risk - 1e-6 <= reached[-1] <= settings.max_reward_risk + 1e-6


def test_the_stop_lies_two_tenths_of_a_percent_beyond_its_price() -> None:
    """SIG-7: the default of the requirement."""
    assert stop_beyond("bullish", 100.0, SETTINGS) == pytest.approx(99.8)
    assert stop_beyond("bearish", 100.0, SETTINGS) == pytest.approx(100.2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_stop_distance": 0.05},
        {"partial_reward_risk": 3.0},
        {"max_reward_risk": 1.0},
        {"max_stop_distance": 0.5},
        {"partial_share": 1.0},
    ],
)
def test_settings_that_leave_no_trade_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        TradeSettings(**wrong)


def test_prices_are_written_in_digits() -> None:
    assert [written(each) for each in (100.0, 0.0000001005, 95505.4)] == ["100", "0.0000001005", "95505.4"]


# void_at, close, exits -> where the order is void; a buy that rests at 100
VOIDS = {
    "the first target": ("first_target", 101.0, (103.0, 106.0), 103.0),
    "the last target": ("last_target", 101.0, (103.0, 106.0), 106.0),
    "no price": ("never", 101.0, (103.0, 106.0), None),
    "one target is first and last": ("last_target", 101.0, (103.0,), 103.0),
    "price is beyond the first target already": ("first_target", 104.0, (103.0, 106.0), 106.0),
    "price is at the first target": ("first_target", 103.0, (103.0, 106.0), 106.0),
    "price is beyond all of them": ("first_target", 107.0, (103.0, 106.0), None),
}


@pytest.mark.parametrize(("void_at", "close", "exits", "price"), VOIDS.values(), ids=VOIDS.keys())
def test_a_limit_order_is_void_at_a_target_that_price_still_has_ahead(void_at, close, exits, price) -> None:
    """SIG-7, SIG-3: mirrored for a sell."""
    settings = RestingSettings(void_at=void_at)
    assert void_price("bullish", close, [Exit(price=each) for each in exits], settings) == price
    mirrored = void_price("bearish", 200.0 - close, [Exit(price=200.0 - each) for each in exits], settings)
    assert mirrored == (None if price is None else 200.0 - price)
