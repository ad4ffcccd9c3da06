"""The benchmark of the matching core measures what it says: the same executions with and without the short cut."""

from __future__ import annotations

from decimal import Decimal

from cli.bench import exchange


def test_the_short_cut_and_the_scan_execute_alike_and_a_hundred_orders_rest() -> None:
    """BT-1: the reference in the benchmark is the same matching, and something happens in it."""
    quick, slow = exchange.opened(3), exchange.opened(3)
    assert len(quick.open_orders()) + len(quick.open_algo_orders()) == 100
    assert {algo.type for algo in quick.open_algo_orders()} == {"STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
    walk = [price + Decimal(number % 3 - 1) * 60 for number, price in enumerate(exchange.prices(600, 3))]
    exchange.trades_only(quick, walk)
    exchange.scanned(slow, walk)
    assert exchange.executions(quick) == exchange.executions(slow)
    assert len(exchange.executions(quick)) > 1


def test_the_walk_is_on_the_grid_and_repeatable() -> None:
    """Invariant 2: the same seed, the same prices."""
    assert exchange.prices(500, 1) == exchange.prices(500, 1) != exchange.prices(500, 2)
    assert all(price % Decimal("0.1") == 0 for price in exchange.prices(500, 1))
