"""Maintenance margin and liquidation price by tiers: by hand (RISK-2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.risk import margin
from shared.domain.account import AccountState, MarginTier, Position

D = Decimal
#: 1 % up to 10,000 USDT, then 2 %.
TIERS = (
    MarginTier(floor=D(0), maintenance_rate=D("0.01"), cum=D(0), max_leverage=50),
    MarginTier(floor=D(10_000), maintenance_rate=D("0.02"), cum=D(100), max_leverage=20),
)


@pytest.mark.parametrize(
    ("notional", "needed", "leverage"),
    [("0", "0", 50), ("9999", "99.99", 50), ("10000", "100", 20), ("20000", "300", 20)],
)
def test_maintenance_margin_by_hand(notional: str, needed: str, leverage: int) -> None:
    """RISK-2: continuous where a tier begins."""
    assert margin.maintenance(TIERS, D(notional)) == D(needed)
    assert margin.tier_at(TIERS, D(notional)).max_leverage == leverage


@pytest.mark.parametrize(
    ("quantity", "entry", "balance", "price"),
    [
        ("10", "100", "109", "90"),  # 109 - 100 = 9 = 1 % of 900
        ("-10", "100", "111", "110"),  # 111 - 100 = 11 = 1 % of 1,100
        ("10", "100", "1000", None),  # paid in full: never
        ("200", "100", "2100", "90.81632653"),  # in the second tier: 17,800 over 196
        ("10", "100", "0", "101.01010101"),  # at once
    ],
)
def test_liquidation_prices_by_hand(quantity: str, entry: str, balance: str, price: str | None) -> None:
    """RISK-2: where balance and maintenance margin are equal."""
    found = margin.liquidation_price(D(quantity), D(entry), D(balance), TIERS)
    assert (None if found is None else round(found, 8)) == (None if price is None else D(price))


def position(symbol: str, needed: str | None, unrealized: str = "0", isolated: str = "0") -> Position:
    return Position(
        symbol=symbol, quantity=D(1), entry_price=D(100), mark_price=D(100), unrealized=D(unrealized),
        maintenance_margin=None if needed is None else D(needed), isolated_wallet=D(isolated),
    )  # fmt: skip


def state(*positions: Position) -> AccountState:
    return AccountState(time=0, wallet=D(1_000), equity=D(1_000), positions=positions)


def test_the_margin_of_all_positions_is_known_only_if_each_is() -> None:
    """RISK-2."""
    assert margin.held(state()) == 0
    assert margin.held(state(position("A", "3"), position("B", "4"))) == 7
    assert margin.held(state(position("A", "3"), position("B", None))) is None


def test_entries_on_their_way_need_margin_too() -> None:
    """RISK-2."""
    assert margin.in_flight([("A", D(1_000)), ("A", D(20_000))], {"A": TIERS}) == 310
    assert margin.in_flight([("A", D(1_000)), ("B", D(1))], {"A": TIERS}) is None


def test_an_isolated_position_stands_for_itself_alone() -> None:
    """RISK-2: neither its margin nor its profit stands for a crossed one, and it needs nothing of theirs."""
    held = state(position("A", "3"), position("B", "4", unrealized="10", isolated="50"))
    assert margin.cross_balance(held, D(7)) == 1_000 - 60 - 3
