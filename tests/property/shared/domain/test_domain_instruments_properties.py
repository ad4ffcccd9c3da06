"""Rounding to the exchange's filters: on the grid, in the safe direction, never by more than a step."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instruments import Instrument
from shared.domain.listing import Closure, closed
from shared.domain.order_words import Side

GRIDS = st.sampled_from(("0.00001", "0.001", "0.01", "0.10", "0.25", "1", "5", "10")).map(Decimal)
VALUES = st.decimals(min_value="0.00001", max_value="1000000", places=6)


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    step = draw(GRIDS)
    return Instrument(
        symbol="BTCUSDT",
        tick_size=draw(GRIDS),
        step_size=step,
        min_quantity=step * draw(st.integers(1, 5)),
        min_notional=Decimal(5),
    )


@given(instruments(), VALUES, st.sampled_from(get_args(Side)))
def test_a_stop_is_never_nearer_to_the_entry_than_it_was(instrument: Instrument, value: Decimal, side: Side) -> None:
    """RISK-1, EXEC-3: a long's stop goes down, a short's up, by less than a tick; one on the grid stays."""
    stop = instrument.stop(value, side)
    away = value - stop if side == "BUY" else stop - value
    assert stop % instrument.tick_size == 0
    assert 0 <= away < instrument.tick_size
    assert instrument.stop(stop, side) == stop


@given(instruments(), VALUES)
def test_a_covering_quantity_leaves_nothing_and_the_plain_one_takes_no_more(instrument: Instrument, value: Decimal) -> None:
    """EXEC-3: on the step grid, at least the minimum, and less than a step above what is held."""
    covering, plain = instrument.covering(value), instrument.quantity(value)
    assert covering % instrument.step_size == plain % instrument.step_size == 0
    assert plain <= value <= covering
    assert covering == instrument.min_quantity or covering - value < instrument.step_size
    assert instrument.covering(covering) == covering


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=5),
    st.integers(0, 9),
)
def test_a_symbol_is_closed_exactly_while_one_of_its_closures_holds(
    rows: list[tuple[str, int, int | None]], time: int
) -> None:
    """EXEC-4: from its beginning, until before its end."""
    closures = [
        Closure(symbol=symbol, reason="session", since=since, until=until, text="shut") for symbol, since, until in rows
    ]
    for name in "AB":
        holds = any(symbol == name and since <= time and (until is None or time < until) for symbol, since, until in rows)
        assert (closed(closures, name, time) is not None) == holds
