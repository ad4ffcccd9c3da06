"""The guardian's stop for any position and any grid (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from services.guardian.messages import LegKey
from services.guardian.state import Leg
from services.guardian.stops import stop_price

D = Decimal


@given(
    mark=st.decimals("0.0001", "200000", places=4),
    liquidation=st.decimals("0", "200000", places=4),
    tick=st.sampled_from([D("0.0001"), D("0.01"), D("0.1"), D(1), None]),
    distance=st.sampled_from([D("0.001"), D("0.02"), D("0.5")]),
    long=st.booleans(),
)
def test_it_lies_on_the_grid_before_the_mark_price_and_before_liquidation(
    mark: Decimal, liquidation: Decimal, tick: Decimal | None, distance: Decimal, long: bool
) -> None:
    """EXEC-3."""
    leg = Leg(key=LegKey("AUSDT", "BOTH"), quantity=D(1 if long else -1), opened_at=1, changed_at=1)
    leg.mark, leg.liquidation = mark, liquidation
    price = stop_price(leg, tick, distance, D("0.7"))
    assert price > 0
    if tick is not None:
        assert price % tick == 0
        assume(mark > 2 * tick)
    assert (price < mark) if long else (price > mark)
    room = (mark - liquidation) if long else (liquidation - mark)
    if tick is not None and liquidation > 0 and room > 4 * tick:
        assert (price > liquidation) if long else (price < liquidation)
