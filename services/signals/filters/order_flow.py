"""Order flow against a trade: a wide spread, a book that leans the other way, takers who do (ICT-14).

It looks at the last minutes before the close: mean spread and imbalance of the closing one, the delta of
``minutes`` of them.
What was not measured stops nothing: recorded candles tell what takers did, and no spread and no book.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from services.signals.filters.contract import Filter, FilterSettings
from services.signals.gates import Gate
from services.signals.view import MarketView
from shared.domain.decisions import Signal
from shared.domain.timeframes import FINEST, Timeframe

#: Why this filter stops a signal.
FlowReason = Literal["spread_too_wide", "against_flow"]


class OrderFlowSettings(FilterSettings):
    """Settings of the order flow filter: a limit of 1 stops nothing."""

    minutes: int = Field(5, ge=1, le=500, description="Minutes over which the delta is summed, up to the close")
    max_spread: float = Field(
        0.001, gt=0.0, le=1.0, description="Widest mean spread accepted, fraction of the price; 1 = any"
    )
    max_imbalance_against: float = Field(
        1.0, ge=0.0, le=1.0, description="Largest imbalance of the order book against the trade; 1 = any"
    )
    max_delta_against: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        description="Largest delta of takers against the trade, share of what was traded; 1 = any",
    )


def flow_of(settings: OrderFlowSettings, timeframe: Timeframe) -> Mapping[Timeframe, int]:
    """The order flow that the view must show: by timeframe, how many candles, whatever timeframe the strategy judges."""
    return {FINEST: settings.minutes}


def gates(view: MarketView, signal: Signal, settings: OrderFlowSettings) -> tuple[Gate, ...]:
    """The gates that are on: against the trade means asks for a buy, bids for a sell. Raises UndeclaredRead."""
    sign, found = 1.0 if signal.side == "BUY" else -1.0, []
    if settings.max_spread < 1.0:
        spread = view.spread(FINEST)
        text = "The spread was not measured." if spread is None else f"The spread was {spread:.4%} in the mean"
        found.append(_gate("spread", "spread_too_wide", spread, settings.max_spread, "fraction of price", text))
    if settings.max_imbalance_against < 1.0:
        imbalance = view.imbalance(FINEST)
        against = None if imbalance is None else -sign * imbalance
        text = "The book was not measured." if against is None else f"The book leans {against:+.2f} against the trade"
        found.append(_gate("imbalance", "against_flow", against, settings.max_imbalance_against, "share", text))
    if settings.max_delta_against < 1.0:
        share = view.delta_share(FINEST, settings.minutes)
        against = None if share is None else -sign * share
        text = "What takers did is not known." if against is None else f"Takers went {against:+.2f} of the volume against it"
        found.append(_gate("delta", "against_flow", against, settings.max_delta_against, "share", text))
    return tuple(found)


def _gate(name: str, reason: FlowReason, value: float | None, limit: float, unit: str, text: str) -> Gate:
    """A gate that is passed up to its limit, and by what was not measured."""
    said = text if value is None else f"{text}; at most {limit:g}."
    return Gate(name, reason, value is None or value <= limit, value, limit, unit, said)


FILTER: Final = Filter(name="order_flow", settings=OrderFlowSettings, gates=gates, flow=flow_of)
