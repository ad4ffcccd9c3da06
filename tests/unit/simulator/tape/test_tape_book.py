"""The book around a quote, and its differences."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tape.events import Quote
from simulator.tape.grid import Grid
from simulator.tape.settings import TapeSettings
from simulator.tape.synthetic_book import SyntheticBook, changes, update_id

GRID = Grid.of("BTCUSDT", Decimal("0.10"), Decimal("0.001"), 2, 3)
BOOK = SyntheticBook(GRID, 7, TapeSettings())
TIMES = st.integers(1_700_000_000_000, 1_800_000_000_000)
BIDS = st.integers(1, 2_000_000)


def quote(bid: int) -> Quote:
    return Quote("BTCUSDT", 0, bid, 5, bid + 1, 6)


@settings(max_examples=80, deadline=None)
@given(time=TIMES, later=st.integers(0, 600_000), bid=BIDS, move=st.integers(-500, 500))
def test_the_differences_lead_from_one_book_to_the_next(time: int, later: int, bid: int, move: int) -> None:
    """DATA-1: what a client applies gives the very book that a snapshot would show."""
    before = BOOK.book(quote(bid), time)
    after = BOOK.book(quote(max(1, bid + move)), time + later)
    for old, new in ((before.bids, after.bids), (before.asks, after.asks)):
        followed = dict(old)
        for price, quantity in changes(old, new).items():
            followed[price] = quantity
            if not quantity:
                del followed[price]
        assert followed == new


@settings(max_examples=80, deadline=None)
@given(time=TIMES, bid=BIDS)
def test_a_book_is_in_order_and_has_the_quote_on_top(time: int, bid: int) -> None:
    """DATA-8: bids fall, asks rise, never crossed; every quantity is something."""
    book = BOOK.book(quote(bid), time)
    bids, asks = list(book.bids), list(book.asks)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert (bids[0], book.bids[bid], asks[0], book.asks[bid + 1]) == (bid, 5, bid + 1, 6)
    assert min(bids) > 0
    assert min(*book.bids.values(), *book.asks.values()) >= 1
    assert book == BOOK.book(quote(bid), time)


@given(time=TIMES, bid=BIDS)
def test_one_price_is_reckoned_as_the_whole_book_is(time: int, bid: int) -> None:
    """BT-1: the quote's size is the book's."""
    book = BOOK.book(quote(bid), time)
    for price in list(book.asks)[1:30:7]:
        assert BOOK.quantity(price, time) == book.asks[price]


@given(slot=st.integers(0, 10**9), within=st.integers(0, 100))
def test_a_snapshot_lies_within_the_first_difference_after_it(slot: int, within: int) -> None:
    """DATA-1: U <= lastUpdateId <= u, also when it is taken at the very moment of a difference."""
    before, after = slot * 100, (slot + 1) * 100
    asked = update_id(before + min(within, 99), at_request=True)
    assert update_id(before) + 1 <= asked <= update_id(after)


def test_a_level_changes_now_and_then() -> None:
    """A book that stood still would hide every mistake of who follows it."""
    books = [BOOK.book(quote(950_000), 1_700_000_000_000 + step * 1_000) for step in range(30)]
    changed = [len(changes(a.bids, b.bids)) for a, b in pairwise(books)]
    assert min(changed) > 5
    assert max(changed) < 100
