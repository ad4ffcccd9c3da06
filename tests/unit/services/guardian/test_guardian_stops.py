"""Which orders cover a leg, and where the guardian's stop goes (EXEC-3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.guardian.messages import LegKey
from services.guardian.orders import standing
from services.guardian.state import Leg
from services.guardian.stops import market_parts, protects, stop_price, uncovered
from shared.exchange.model.orders import ExchangeOrder, NewOrder

D = Decimal


def leg(quantity: int = 2, mark: str = "100", liquidation: str = "80", side: Any = "BOTH") -> Leg:
    found = Leg(key=LegKey("AUSDT", side), quantity=D(quantity), opened_at=1, changed_at=1)
    found.mark, found.liquidation = D(mark), D(liquidation)
    return found


def stop(**changes: Any) -> ExchangeOrder:
    order = NewOrder(client_id="a", symbol="AUSDT", side="SELL", type="STOP_MARKET", trigger=D(95), close_position=True)
    return msgspec.structs.replace(standing(order), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "BUSDT"},
        {"side": "BUY"},
        {"type": "TAKE_PROFIT_MARKET"},
        {"type": "STOP"},
        {"type": "TRAILING_STOP_MARKET"},
        {"close_position": False},
        {"position_side": "LONG"},
        {"status": "CANCELED"},
        {"trigger": D(80)},
        {"trigger": D(75)},
    ],
)
def test_an_order_that_is_no_stop_of_the_leg_before_its_liquidation_protects_nothing(changes: dict[str, Any]) -> None:
    """EXEC-3."""
    assert protects(stop(), leg())
    assert not protects(stop(**changes), leg())


def test_a_short_is_protected_below_its_liquidation_only() -> None:
    """EXEC-3."""
    short = leg(-2, liquidation="120")
    assert protects(stop(side="BUY", trigger=D(105)), short)
    assert not protects(stop(side="BUY", trigger=D(120)), short)
    assert protects(stop(side="BUY", trigger=D(500)), leg(-2, liquidation="0"))


def test_in_hedge_mode_side_and_leg_say_that_a_stop_reduces() -> None:
    """EXEC-3."""
    order = stop(close_position=False, position_side="LONG", quantity=D(2))
    assert uncovered([order], leg(side="LONG")) == 0
    assert uncovered([order], leg(-2, side="SHORT")) == 2


def test_stops_by_quantity_cover_what_they_sum_to() -> None:
    """EXEC-3."""
    half = stop(close_position=False, reduce_only=True, quantity=D(1))
    assert uncovered([], leg()) == 2
    assert uncovered([half], leg()) == 1
    assert uncovered([half, half], leg()) == 0
    assert uncovered([half, msgspec.structs.replace(half, executed=D("0.5"))], leg()) == D("0.5")


@pytest.mark.parametrize(
    ("quantity", "mark", "liquidation", "tick", "wanted"),
    [
        (1, "100", "0", "0.01", "98.00"),  # two percent away
        (-1, "100", "0", "0.01", "102.00"),
        (1, "100", "99", "0.01", "99.30"),  # not farther than 0.7 of the way to the liquidation price
        (-1, "100", "101", "0.01", "100.70"),
        (1, "100.37", "0", "0.5", "98.5"),  # rounded towards the mark price
        (-1, "100.37", "0", "0.5", "102.0"),
        (1, "100", "99.99", "0.5", "99.5"),  # at least a tick away
        (-1, "100", "100.01", "0.5", "100.5"),
        (1, "100", "101", "0.01", "98.00"),  # a liquidation price on the wrong side says nothing
        (1, "94195.7", "0", None, "92320"),  # no tick is known: four digits
        (1, "0.0123456", "0", None, "0.01210"),
        (1, "0.01", "0", "0.01", "0.01"),  # never zero
    ],
)
def test_the_stop_lies_at_the_stated_distance_before_liquidation_and_on_the_grid(
    quantity: int, mark: str, liquidation: str, tick: str | None, wanted: str
) -> None:
    """EXEC-3."""
    price = stop_price(leg(quantity, mark, liquidation), D(tick) if tick else None, D("0.02"), D("0.7"))
    assert price == D(wanted)


def test_a_quantity_is_split_by_what_one_market_order_may_trade() -> None:
    """EXEC-3: at most ten at once; the next reading shows the rest."""
    assert market_parts(D(5), D(0)) == [D(5)]
    assert market_parts(D(5), D(2)) == [D(2), D(2), D(1)]
    assert market_parts(D(50), D(2)) == [D(2)] * 10
