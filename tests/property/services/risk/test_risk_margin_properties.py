"""Liquidation prices are those of the matching engine, for any size, price and leverage (RISK-2)."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from services.risk import margin
from simulator.bracket_file import load_brackets
from simulator.core.margin.margin import _roots
from simulator.core.model.exact import EXACT
from simulator.core.state.legs import Leg
from simulator.port_models import tier_of

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
