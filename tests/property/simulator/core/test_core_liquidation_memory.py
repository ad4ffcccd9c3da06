"""What is remembered of a liquidation price never changes it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.simulator.core_trader import BTC, ETH, CoreTrader

#: Symbol, quantity to trade (0 = none), and the mark price after it, of a start at 1,000.
STEPS = st.lists(
    st.tuples(
        st.sampled_from((BTC, ETH)), st.sampled_from(("0", "0", "1.5", "-1.5", "0.25", "-2")), st.integers(970, 1_030)
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_liquidation_price_is_that_of_a_book_that_remembers_nothing(steps: list[tuple[str, str, int]]) -> None:
    """BT-1: to the last digit, while marks of other symbols move the balance and trades move the lines."""
    trader = CoreTrader(at=1_000)
    for symbol, quantity, mark in steps:
        if quantity != "0":
            (trader.sell if quantity.startswith("-") else trader.buy)(quantity.lstrip("-"), symbol=symbol)
        trader.mark(mark, symbol=symbol)
        remembered = [trader.core.position(each).liquidation_price for each in (BTC, ETH)]
        books = list(trader.core.state.books.values())
        memories = [(book.liquidation, book.margin_lines) for book in books]
        for book in books:
            book.liquidation = book.margin_lines = None
        assert [trader.core.position(each).liquidation_price for each in (BTC, ETH)] == remembered
        for book, memory in zip(books, memories, strict=True):
            book.liquidation, book.margin_lines = memory
