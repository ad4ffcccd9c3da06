"""Ids: one large space of numbers for orders, conditional orders, trades and income, made from the market's time."""

from __future__ import annotations

from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.orders import Order
from tests.support.simulator.core_trader import BRACKETS, FILTERS, FREE, CoreTrader, D, algo, limit

YEAR = 1_767_225_600_000  # 2026-01-01, UTC ms
#: The largest integer that every JSON reader keeps exactly (2^53 - 1).
LARGEST = 9_007_199_254_740_991


def ids(trader: CoreTrader) -> list[int]:
    core = trader.core
    return [
        *(order.order_id for order in core.orders()),
        *(each.algo_id for each in core.algo_orders()),
        *(trade.id for trade in core.trades()),
        *(line.id for line in core.income()),
    ]


def busy(start: int = YEAR, *, first: int | None = None) -> CoreTrader:
    trader = CoreTrader(FREE, taker_fee=D("0.001"), at=None)
    if first is not None:
        trader.core.number_from(first)
    trader.now = start
    trader.trade(100)
    for number in range(20):
        trader.buy(1)
        trader.place(limit("BUY", 1, 90))
        trader.place_algo(algo("SELL", "STOP_MARKET", 1, at=80, client_algo_id=f"s{number}"))
        trader.now -= 1  # several at one time
    return trader


def test_no_id_is_given_twice_whatever_it_is_for() -> None:
    """EXEC-2: an order is not taken for a stop, nor a trade for an income row."""
    found = ids(busy())
    assert len(set(found)) == len(found) > 60


def test_ids_are_large_follow_the_time_and_fit_into_json() -> None:
    found = ids(busy())
    assert min(found) >= YEAR * 1_000
    assert max(found) < LARGEST


def test_a_restart_later_in_the_market_repeats_no_id() -> None:
    """EXEC-2: nothing was saved, only time has passed."""
    earlier, later = busy(), busy(YEAR + 1_000)
    assert max(ids(earlier)) < min(ids(later))


def test_the_same_run_gives_the_same_ids() -> None:
    """Invariant 2."""
    assert ids(busy()) == ids(busy())


def test_two_runs_at_the_same_time_of_the_market_can_be_kept_apart() -> None:
    """EXEC-2: counted from a number of the caller's, whatever the market's time."""
    first = busy(first=1_795_000_000_000_000)
    again = busy(first=1_795_000_000_000_000 + 60 * 10**6)
    assert min(ids(first)) == 1_795_000_000_000_000
    assert not set(ids(first)) & set(ids(again))


def test_a_restored_core_goes_on_with_its_ids() -> None:
    """EXEC-2: also when the time stands still."""
    for given in (None, 7):
        trader = busy(first=given)
        known = set(ids(trader))
        copy = ExchangeCore(FREE, FILTERS, BRACKETS)
        copy.restore(trader.core.snapshot())
        placed = copy.place(limit("BUY", 1, 90), copy.time)
        assert isinstance(placed, Order)
        assert placed.order_id not in known
        assert placed.order_id == max(known) + 1
