"""Money, to the last digit (BT-1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from exchange_desk import BTC, ETH, D

from simulator.account import Account, Holding, rounded


def account(wallet: int = 10_000, holdings: Mapping[str, tuple[str, str]] = MappingProxyType({})) -> Account:
    """Holdings by symbol: signed quantity and entry price."""
    return Account(
        wallet=D(wallet),
        decimals=12,
        holdings={s: Holding(quantity=D(q), cost=D(q) * D(p)) for s, (q, p) in holdings.items()},
    )


@pytest.mark.parametrize(
    ("trades", "quantity", "cost", "realized"),
    [
        # (signed quantity, price)..., position, cost, PnL realised by the last trade
        ([("1", "100")], "1", "100", "0"),
        ([("1", "100"), ("2", "103")], "3", "306", "0"),
        ([("1", "100"), ("-1", "104")], "0", "0", "4"),
        ([("3", "100"), ("-1", "97")], "2", "200", "-3"),
        ([("1", "100"), ("-3", "104")], "-2", "-208", "4"),
        ([("-2", "100"), ("1", "90")], "-1", "-100", "10"),
        ([("-2", "100"), ("5", "110")], "3", "330", "-20"),
        ([("-1", "100"), ("-1", "102")], "-2", "-202", "0"),
    ],
)
def test_a_trade_closes_first_then_opens(trades: list[tuple[str, str]], quantity: str, cost: str, realized: str) -> None:
    """BT-1: one-way mode; realised PnL is the closed part's price move."""
    books = account()
    wallet = books.wallet
    for amount, price in trades:
        gained, fee = books.trade(BTC, D(amount), D(price), D("0.001"))
        assert fee == abs(D(amount)) * D(price) * D("0.001")
        wallet += gained - fee
    assert (books.quantity(BTC), gained, books.wallet) == (D(quantity), D(realized), wallet)
    if D(quantity):
        assert books.holdings[BTC] == Holding(quantity=D(quantity), cost=D(cost))
    else:
        assert books.holdings == {}


def test_closing_in_thirds_loses_nothing_to_rounding() -> None:
    """BT-1: what a partial close leaves in the cost, the last close takes out."""
    books = account()
    for price in ("100.1", "100.2", "100.4"):
        books.trade(BTC, D("0.007"), D(price), D(0))
    for _ in range(3):
        books.trade(BTC, D("-0.007"), D("101.3"), D(0))
    assert books.holdings == {}
    assert books.wallet == 10_000 + D("0.007") * (3 * D("101.3") - D("300.7"))


@pytest.mark.parametrize(
    ("quantity", "rate", "amount"),
    [("2", "0.0001", "-0.022"), ("2", "-0.0001", "0.022"), ("-2", "0.0001", "0.022"), ("-2", "-0.0001", "-0.022")],
)
def test_a_long_pays_a_positive_funding_rate(quantity: str, rate: str, amount: str) -> None:
    """BT-1: notional at mark x rate."""
    books = account(10_000, {BTC: (quantity, "100")})
    assert books.fund(BTC, D(110), D(rate)) == D(amount)
    assert books.wallet == 10_000 + D(amount)


@pytest.mark.parametrize(
    ("wallet", "quantity", "other"),
    [(100, "10", None), (100, "-10", None), (500, "10", ("-3", "200")), (500, "-10", ("3", "200"))],
)
def test_equity_is_maintenance_at_the_liquidation_price_and_zero_at_the_bankruptcy_price(
    wallet: int, quantity: str, other: tuple[str, str] | None
) -> None:
    """BT-1: the formulas are solutions of what they say, other positions included."""
    books = account(wallet, {BTC: (quantity, "100"), **({ETH: other} if other else {})})
    rate = D("0.004")
    marks = {BTC: D(99), ETH: D(205)}
    liquidation = books.liquidation_price(BTC, marks, rate)
    assert liquidation is not None
    at = {**marks, BTC: liquidation}
    assert rounded(books.equity(at) - rate * books.notional(at), 12) == 0
    at = {**marks, BTC: books.bankruptcy_price(BTC, marks)}
    assert rounded(books.equity(at), 12) == 0
    assert (liquidation > at[BTC]) == (D(quantity) > 0)


def test_a_long_without_debt_is_never_liquidated() -> None:
    """BT-1: no positive price takes its equity to the margin."""
    assert account(10_000, {BTC: ("1", "100")}).liquidation_price(BTC, {BTC: D(100)}, D("0.004")) is None


def test_rounding_touches_only_what_has_more_decimals() -> None:
    """BT-1: exact numbers stay as they are, digit for digit."""
    assert str(rounded(D("1.50"), 2)) == "1.50"
    assert rounded(D("1.505"), 2) == D("1.50")
    assert rounded(D("1E+3"), 2) == 1_000
