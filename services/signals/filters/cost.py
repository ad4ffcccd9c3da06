"""Cost: a signal whose fees and slippage eat too much of what is risked is no trade (SIG-6).

1. The way in costs the taker fee and ``slippage`` at a market entry, and the maker fee alone at a limit.
2. The way out costs the taker fee and ``slippage``: stops and targets are triggered orders at the market.
3. Cost in R = entry price x the sum of these fractions / distance from the entry to the stop. Above ``max_cost_r`` the
   signal is stopped.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from services.signals.filters.contract import Filter, FilterSettings
from services.signals.gates import Gate
from services.signals.view import MarketView
from shared.domain.decisions import MarketEntry, Signal


class CostSettings(FilterSettings):
    """Settings of the cost filter: what a trade costs, and how much of the risk that may be."""

    max_cost_r: float = Field(
        0.25, gt=0.0, le=10.0, description="Largest cost of both ways, fraction of the distance to the stop (R)"
    )
    taker_fee: float = Field(
        0.0005,
        ge=0.0,
        le=0.1,
        description="Fee of an order at the market, fraction of the notional; the exchange's regular tier",
    )
    maker_fee: float = Field(
        0.0002, ge=-0.01, le=0.1, description="Fee of a resting order, fraction of the notional; the exchange's regular tier"
    )
    slippage: float = Field(
        0.0001,
        ge=0.0,
        le=0.05,
        description="What spread and slippage are assumed to cost at each market fill, fraction of the price",
    )


def gates(view: MarketView, signal: Signal, settings: CostSettings) -> tuple[Gate, ...]:
    """Return the one gate: the cost of the trade in R."""
    cost = cost_in_r(signal, settings)
    text = f"Fees and slippage of both ways cost {cost:.3f} R; at most {settings.max_cost_r:g} R are accepted."
    return (Gate("cost", "cost_too_high", cost <= settings.max_cost_r, cost, settings.max_cost_r, "R", text),)


def cost_in_r(signal: Signal, settings: CostSettings) -> float:
    """What the trade costs both ways, as a multiple of what is lost between entry and stop."""
    at_market = settings.taker_fee + settings.slippage
    way_in = at_market if isinstance(signal.entry, MarketEntry) else settings.maker_fee
    entry = signal.entry.price
    return entry * (way_in + at_market) / abs(entry - signal.stop)


FILTER: Final = Filter(name="cost", settings=CostSettings, gates=gates)
