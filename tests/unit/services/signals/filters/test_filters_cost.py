"""The cost filter: fees and slippage of both ways against the distance to the stop (SIG-6)."""

from __future__ import annotations

import pytest

from services.signals.filters.cost import CostSettings, cost_in_r, gates
from services.signals.gates import failed
from tests.support.signals.filter_scenes import limit, market, market_view

PLAIN = {"taker_fee": 0.0005, "maker_fee": 0.0002, "slippage": 0.0001}


@pytest.mark.parametrize(
    ("signal", "costs", "cost"),
    [
        (market(100.0, 99.0), PLAIN, 0.12),  # two fills at the market: 2 x (0.05 % + 0.01 %) of 100 over 1
        (market(100.0, 101.0), PLAIN, 0.12),
        (limit(100.0, 99.0), PLAIN, 0.08),  # the maker fee alone on the way in
        (market(100.0, 99.8), PLAIN, 0.6),
        (market(100.0, 99.0), PLAIN | {"taker_fee": 0.0, "slippage": 0.0}, 0.0),
        (limit(100.0, 99.0), PLAIN | {"maker_fee": -0.0006}, 0.0),  # a rebate
        (market(100.0, 99.0), PLAIN | {"slippage": 0.0011}, 0.32),
    ],
)
def test_costs_of_both_ways_are_told_in_r(signal, costs, cost) -> None:
    """SIG-6: taker or maker by the kind of entry; the way out is at the market."""
    assert cost_in_r(signal, CostSettings(**costs)) == pytest.approx(cost, abs=1e-12)


@pytest.mark.parametrize(("most", "reasons"), [(0.12001, ()), (0.11999, ("cost_too_high",))])
def test_a_trade_that_costs_more_than_is_accepted_is_stopped(most, reasons) -> None:
    """SIG-6."""
    (gate,) = gates(market_view(), market(100.0, 99.0), CostSettings(max_cost_r=most))
    assert failed([gate]) == reasons
    assert (gate.limit, gate.unit) == (most, "R")
    assert gate.text == f"Fees and slippage of both ways cost 0.120 R; at most {most:g} R are accepted."
