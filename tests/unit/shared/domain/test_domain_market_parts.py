"""Quantities are split into parts that one market order takes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instruments import Instrument

D = Decimal


def instrument(most: Decimal | None) -> Instrument:
    return Instrument(
        symbol="BTCUSDT",
        tick_size=D("0.1"),
        step_size=D("0.001"),
        min_quantity=D("0.005"),
        min_notional=D(5),
        market_max_quantity=most,
    )


@given(steps=st.integers(5, 10**7), most=st.integers(10, 10**6))
def test_parts_add_up_to_the_whole_and_each_is_one_that_the_exchange_takes(steps: int, most: int) -> None:
    """EXEC-3: on the step, neither over the maximum nor under the minimum."""
    one = instrument(D(most) / 1000)
    parts = one.market_parts(D(steps) / 1000, limit=10**9)
    assert sum(parts) == D(steps) / 1000
    assert all(D("0.005") <= part <= D(most) / 1000 and part % D("0.001") == 0 for part in parts)


@pytest.mark.parametrize("most", [None, D(0), D("0.004"), D(3), D(10) ** 18])
def test_without_a_usable_maximum_or_under_it_there_is_one_part(most: Decimal | None) -> None:
    """EXEC-3."""
    assert instrument(most).market_parts(D(3)) == [D(3)]


def test_a_maximum_off_the_step_is_rounded_down() -> None:
    """EXEC-3."""
    assert instrument(D("1.0009")).market_parts(D("2.001")) == [D("0.667")] * 3


def test_no_more_than_so_many_parts_are_made_at_once() -> None:
    """EXEC-3: the rest follows when these are done."""
    assert instrument(D(1)).market_parts(D(50), limit=4) == [D(1)] * 4


def test_a_maximum_of_more_steps_than_can_be_counted_is_none() -> None:
    """EXEC-3: where the exchange states no bound, a very large number stands for it."""
    tiny = msgspec.structs.replace(instrument(D(10) ** 18), step_size=D("1e-12"), min_quantity=D("1e-12"))
    assert tiny.market_parts(D(3)) == [D(3)]
