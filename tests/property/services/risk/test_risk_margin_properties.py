"""Liquidation prices are those of the matching engine, for any size, price and leverage (RISK-2)."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from services.execution import reporting
from services.execution.requests import PlaceOrder
from services.execution.state import ExecutionState
from services.risk import margin
from shared.domain.account import AccountStatement
from shared.domain.market_step import MarketStep
from shared.domain.timeframes import MINUTE
from simulator.bracket_file import load_brackets
from simulator.core.margin.margin import _roots
from simulator.core.model.exact import EXACT
from simulator.core.state.legs import Leg
from simulator.matching_driver import MatchingDriver
from simulator.port_models import tier_of
from tests.support.simulator.simulated_trader import BTC, ETH, FREE, INSTRUMENTS, candle, market

D = Decimal
BRACKETS = load_brackets()


@settings(max_examples=200, deadline=None)
@given(
    symbol=st.sampled_from(sorted(BRACKETS)[:3]),
    quantity=st.decimals("-500", "500", places=3).filter(bool),
    entry=st.decimals("1", "90000", places=1),
    leverage=st.integers(1, 125),
)
def test_a_liquidation_price_is_that_of_the_matching_engine(
    symbol: str, quantity: Decimal, entry: Decimal, leverage: int
) -> None:
    """RISK-2: for any size, in any tier; to the cent, and nearer."""
    rows = BRACKETS[symbol]
    with localcontext(EXACT):
        balance = (abs(quantity) * entry / leverage).quantize(D("0.01"))
        leg = Leg(quantity=quantity, cost=quantity * entry)
        roots = _roots(rows.rows, [leg], balance)
        theirs = (min if quantity > 0 else max)(roots, default=None)
        ours = margin.liquidation_price(quantity, entry, balance, tuple(map(tier_of, rows.rows)))
    assert (theirs is None) == (ours is None)
    assert theirs is None or ours is None or abs(theirs - ours) < D("1e-12")


def stated(driver: MatchingDriver, now: int) -> AccountStatement:
    (told,) = reporting.statement(ExecutionState(), driver.statement(now))
    assert isinstance(told, AccountStatement)
    return told


@settings(max_examples=60, deadline=None)
@given(
    held=st.decimals("-40", "40", places=1),
    entered=st.decimals("-60", "60", places=1).filter(bool),
    moved=st.integers(-8, 8),
)
def test_before_an_entry_the_liquidation_price_is_known_that_it_will_have(
    held: Decimal, entered: Decimal, moved: int
) -> None:
    """RISK-2: with cross margin, beside another position that has won or lost; and the margin of all that is held."""
    driver = MatchingDriver(FREE.model_copy(update={"starting_wallet": D(1_000)}), INSTRUMENTS, load_brackets())
    price, flat = 100.0 + moved, (100.0, 100.0, 100.0, 100.0)
    path = (100.0, max(100.0, price), min(100.0, price), price)
    driver.step(MarketStep(close_time=MINUTE, candles=(candle(flat), candle(flat, symbol=ETH))), MINUTE)
    tiers = stated(driver, MINUTE).tiers
    if held:
        side = "BUY" if held > 0 else "SELL"
        driver.carry_out(PlaceOrder(market("other", side, str(abs(held)), symbol=ETH)), MINUTE)
    later = MarketStep(close_time=2 * MINUTE, candles=(candle(flat, 1), candle(path, 1, symbol=ETH)))
    driver.step(later, 2 * MINUTE)
    account = stated(driver, 2 * MINUTE).account
    needed = margin.held(account)
    assert needed is not None
    assert needed == driver.core.account().maintenance_margin
    balance = margin.cross_balance(account, needed)
    driver.carry_out(PlaceOrder(market("ours", "BUY" if entered > 0 else "SELL", str(abs(entered)))), 2 * MINUTE)
    ours = [each for each in stated(driver, 2 * MINUTE + 1).account.positions if each.symbol == BTC]
    for leg in ours:  # none: the exchange refused it for want of margin
        found = margin.liquidation_price(leg.quantity, leg.entry_price, balance, tiers[BTC])
        assert abs((found or D(0)) - leg.liquidation) < D("0.01")
