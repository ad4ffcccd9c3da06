"""Of which symbols a statement reads the open orders: of all that matter, within execution's part of the rate limits."""

from __future__ import annotations

import pytest

from services.execution.drivers.exchange.order_reads import ALL_EVERY_MS, FEW, OrderReads
from shared.exchange.binance.endpoints import BALANCE, OPEN_ALGO_ORDERS, OPEN_ORDERS, POSITIONS
from shared.exchange.limits.settings import LimiterSettings

MANY = tuple(f"S{each:03d}USDT" for each in range(80))
EVERY_MS = 5_000
MINUTE_MS = 60_000


def weight(asked: tuple[str, ...] | None) -> int:
    """Of one statement: balances, positions, and the open orders of both books."""
    both = (OPEN_ORDERS, OPEN_ALGO_ORDERS)
    one, whole = (sum(each.cost(params).weight for each in both) for params in ({"symbol": "X"}, {}))
    return BALANCE.weight + POSITIONS.weight + (whole if asked is None else one * len(asked))


@pytest.mark.parametrize("symbols", [1, 16, 17, 40, 80, 200])
@pytest.mark.parametrize("busy", [0, 10, 80])
def test_statements_of_any_number_of_symbols_use_three_quarters_of_what_they_may(symbols: int, busy: int) -> None:
    """EXEC-4, EXEC-6: eighty symbols one by one were 2,040 of weight a minute; statements and entries may use 1,080."""
    names = tuple(f"S{each:03d}USDT" for each in range(symbols))
    limiter = LimiterSettings()
    most = 2_400 * limiter.execution * limiter.order * 0.75
    reads = OrderReads()
    used = [weight(reads.due(names, names[:busy], now, whole=not now)) for now in range(0, 10 * MINUTE_MS, EVERY_MS)]
    per_minute = MINUTE_MS // EVERY_MS
    assert all(sum(used[each : each + per_minute]) <= most for each in range(len(used) - per_minute))


def test_few_symbols_are_all_read_at_every_statement() -> None:
    """EXEC-4: nothing changes for an account with few."""
    reads, few = OrderReads(), MANY[:FEW]
    assert reads.due(few, (), 0, whole=True) is None
    assert all(reads.due(few, (), now, whole=False) == few for now in range(0, 100_000, EVERY_MS))


def test_of_many_symbols_the_busy_are_read_at_every_statement_and_all_every_twenty_seconds() -> None:
    """EXEC-4."""
    reads, busy = OrderReads(), (MANY[3], MANY[70])
    asked = [reads.due(MANY, busy, now, whole=False) for now in range(0, 40_001, EVERY_MS)]
    assert asked == [None, *[busy] * 3, None, *[busy] * 3, None]


def test_more_busy_symbols_than_a_statement_reads_take_turns() -> None:
    """EXEC-4: each is read within as few statements as that takes, and between two readings of all."""
    reads, busy = OrderReads(), MANY[:40]
    reads.due(MANY, busy, 0, whole=True)
    asked = [reads.due(MANY, busy, now, whole=False) for now in (5_000, 10_000, 15_000)]
    assert {symbol for each in asked if each is not None for symbol in each} == set(busy)
    assert all(each is not None and len(each) == FEW for each in asked)


def test_where_all_cannot_be_read_in_one_call_symbols_are_read_in_turn() -> None:
    """EXEC-4, fault 3: one symbol whose orders cannot be read spoils the call for all; the busy come first."""
    reads, busy = OrderReads(), (MANY[9],)
    seen: set[str] = set()
    for now in range(0, 6 * ALL_EVERY_MS, ALL_EVERY_MS):
        assert reads.due(MANY, busy, now, whole=False) is None
        asked = reads.instead(MANY, busy)
        assert asked[0] == MANY[9]
        assert len(asked) == len(set(asked)) == FEW
        seen |= set(asked)
    assert seen == set(MANY)
